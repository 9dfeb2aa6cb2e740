"""Gradient boosted trees: LightGBM."""

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from numerai_rounds.base.errors import ConfigurationError, DataError
from numerai_rounds.base.params import Section
from numerai_rounds.domain.model import Model, importance_table

Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(gt=0, le=1)]
Probability = Annotated[float, Field(ge=0, le=1)]


class Params(Section):
    """LightGBM's own parameters, under its own names and with its own defaults.

    Those that change nothing for dense int8 features are left out, and so are those whose result
    depends on the number of threads: `data_sample_strategy=goss`, `use_quantized_grad`, row-wise
    histograms.
    """

    kind: Literal["lightgbm"]

    objective: Literal[
        "regression", "regression_l1", "huber", "fair", "quantile", "poisson", "mape", "cross_entropy"
    ] = "regression"
    alpha: Positive = 0.9
    fair_c: Positive = 1.0
    poisson_max_delta_step: Positive = 0.7
    reg_sqrt: bool = False
    boost_from_average: bool = True

    boosting: Literal["gbdt", "dart", "rf"] = "gbdt"
    n_estimators: Annotated[int, Field(ge=1)] = 100
    learning_rate: Positive = 0.1
    drop_rate: Probability = 0.1
    max_drop: int = 50
    skip_drop: Probability = 0.5
    xgboost_dart_mode: bool = False
    uniform_drop: bool = False

    num_leaves: Annotated[int, Field(ge=2, le=131072)] = 31
    max_depth: int = -1
    min_data_in_leaf: Annotated[int, Field(ge=0)] = 20
    min_sum_hessian_in_leaf: NotNegative = 1e-3
    min_gain_to_split: NotNegative = 0.0
    max_delta_step: float = 0.0
    extra_trees: bool = False
    cegb_tradeoff: NotNegative = 1.0
    cegb_penalty_split: NotNegative = 0.0

    bagging_fraction: Share = 1.0
    bagging_freq: Annotated[int, Field(ge=0)] = 0
    feature_fraction: Share = 1.0
    feature_fraction_bynode: Share = 1.0

    lambda_l1: NotNegative = 0.0
    lambda_l2: NotNegative = 0.0
    path_smooth: NotNegative = 0.0

    max_bin: Annotated[int, Field(ge=2)] = 255
    min_data_in_bin: Annotated[int, Field(ge=1)] = 3


OWNED: dict[str, Any] = {
    "device_type": "cpu",
    "deterministic": True,
    "force_col_wise": True,
    "feature_pre_filter": False,
    # Rows read to find the five levels. The default, ten times as many, costs gigabytes at full width.
    "bin_construct_sample_cnt": 20_000,
    "verbosity": -1,
}
"""Parameters that make a model the same on any number of threads, or cheap; nobody needs to choose them."""


def fit(
    params: Params,
    features: NDArray[np.int8],
    names: list[str],
    target: NDArray[np.float32],
    seed: int,
    threads: int,
    progress: Callable[[float], None],
) -> Model:
    """Train; ConfigurationError where LightGBM refuses the combination of parameters."""
    import lightgbm
    import pyarrow as pa

    settings = params.model_dump(exclude={"kind", "n_estimators"}) | OWNED | {"seed": seed, "num_threads": threads}
    # LightGBM reads the columns of an Arrow table where they are; an array it would copy as floats.
    table = pa.table([pa.array(column) for column in features.T], names=names)
    try:
        booster = lightgbm.train(
            settings,
            lightgbm.Dataset(table, target),
            num_boost_round=params.n_estimators,
            callbacks=[lambda _: progress(1 / params.n_estimators)],
        )
    except lightgbm.basic.LightGBMError as error:
        raise ConfigurationError(f"LightGBM cannot train with these parameters of `model`: {error}.") from None
    return load(_without_threads(booster.model_to_string()))


def load(text: str) -> Model:
    """The model that LightGBM's text format describes; DataError where the text is something else or cut short."""
    import lightgbm

    # LightGBM itself prints, and may crash, on a text that is not its own.
    if not text.startswith("tree\nversion=") or "\nend of trees\n" not in text or "\nend of parameters\n" not in text:
        raise DataError(
            "the model is not a whole text of LightGBM (from `tree` to `end of parameters`). Train it again."
        )
    try:
        return _LightGBM(text)
    except lightgbm.basic.LightGBMError as error:
        raise DataError(f"LightGBM cannot read the model: {error}. Train it again.") from None


class _LightGBM:
    def __init__(self, text: str) -> None:
        import lightgbm

        self.text = text
        self._booster = lightgbm.Booster(model_str=text)
        self.features: list[str] = self._booster.feature_name()

    def predict(self, features: NDArray[np.int8], threads: int) -> NDArray[np.float64]:
        predictions = self._booster.predict(features, num_threads=threads)
        return np.asarray(predictions, dtype=np.float64)

    def importance(self) -> pd.DataFrame:
        """Importance is the total gain of the splits on a feature."""
        return importance_table(self.features, self._booster.feature_importance("gain"))


def _without_threads(text: str) -> str:
    return re.sub(r"^\[num_threads: -?\d+\]\n", "", text, flags=re.MULTILINE)
