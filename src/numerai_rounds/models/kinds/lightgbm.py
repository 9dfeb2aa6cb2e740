"""Gradient boosted trees: LightGBM."""

import re
from collections.abc import Callable
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from numerai_rounds.base.errors import ConfigurationError, DataError
from numerai_rounds.base.limits import LARGEST, WHOLE
from numerai_rounds.base.params import ONCE, Section
from numerai_rounds.models.boosting import reasons
from numerai_rounds.models.contract import Model, Rows, importance_table

if TYPE_CHECKING:
    from numerai_rounds.models.boosting.predictor import Predictor

OWNED: dict[str, Any] = {
    "device_type": "cpu",
    "deterministic": True,
    "force_col_wise": True,
    "stochastic_rounding": False,
    "feature_pre_filter": False,
    # Bundles depend on which columns are binned together.
    "enable_bundle": False,
    # Rows read to find the five levels; the default, ten times as many, costs time and memory. A level that fewer
    # than one in 7,000 rows have may share a bin with its neighbour.
    "bin_construct_sample_cnt": 20_000,
    "verbosity": -1,
}
"""Parameters that make a model the same on any number of threads, or cheap; nobody needs to choose them."""

REASONS = reasons.REASONS | {name: f"it is always {value}" for name, value in OWNED.items()}
"""Why a parameter of LightGBM is not among ours."""

BY_FEATURE = [
    *("monotone_constraints", "feature_contri", "max_bin_by_feature"),
    *("cegb_penalty_feature_lazy", "cegb_penalty_feature_coupled"),
]
"""Parameters with a value for each feature."""

Loss = Literal["regression", "regression_l1", "huber", "fair", "quantile", "poisson", "mape", "tweedie"]
Entropy = Literal["cross_entropy", "cross_entropy_lambda"]
Positive = Annotated[float, Field(gt=0, le=LARGEST)]
NotNegative = Annotated[float, Field(ge=0, le=LARGEST)]
Share = Annotated[float, Field(gt=0, le=1)]
Probability = Annotated[float, Field(ge=0, le=1)]
Seed = Annotated[int, Field(ge=0, le=WHOLE)]
Any32 = Annotated[int, Field(ge=-WHOLE, le=WHOLE)]
Natural = Annotated[int, Field(ge=0, le=WHOLE)]
Count = Annotated[int, Field(ge=1, le=WHOLE)]
Bins = Annotated[int, Field(ge=2, le=WHOLE)]
Place = Annotated[int, Field(ge=0, le=WHOLE)]
"""A feature's place in the order of choice, from 0."""


class Dataset(Section):
    """LightGBM's own parameters for how values become bins, under its own names and with its own defaults."""

    max_bin: Bins = 255
    max_bin_by_feature: list[Bins] | None = None
    min_data_in_bin: Count = 3
    zero_as_missing: bool = False
    categorical_feature: Annotated[list[Place], ONCE] | None = None
    data_random_seed: Seed = 1
    """Chooses the rows that bins are found on. It does not follow `seed`: other trees need no other bins."""

    @model_validator(mode="before")
    @classmethod
    def _say_why(cls, given: Any) -> Any:
        reasons.refuse(cls.__name__, given, REASONS)
        return given


class Params(Section):
    """LightGBM's own parameters, under its own names and with its own defaults.

    What is in `OWNED` cannot be chosen and differs from a plain `lgb.train`: above all `feature_pre_filter` is false,
    not true, because one dataset serves every `min_data_in_leaf`. Under `feature_fraction` below 1 each tree then
    draws from all features, also those that no split can use, so that its trees are others than with the default.

    Null leaves a parameter unset: a seed then follows from `seed`. A list by feature has a value for each
    chosen feature, in the order of choice. `REASONS` says why any other parameter of LightGBM is missing.
    """

    kind: Literal["lightgbm"]
    dataset: Dataset

    objective: Literal[Loss, Entropy] = "regression"
    alpha: Positive = 0.9
    fair_c: Positive = 1.0
    poisson_max_delta_step: Positive = 0.7
    tweedie_variance_power: Annotated[float, Field(ge=1, lt=2)] = 1.5
    reg_sqrt: bool = False
    boost_from_average: bool = True

    boosting: Literal["gbdt", "dart", "rf"] = "gbdt"
    n_estimators: Annotated[int, Field(ge=1, le=1_000_000)] = 100
    learning_rate: Annotated[float, Field(gt=0, le=10)] = 0.1
    drop_rate: Probability = 0.1
    max_drop: Any32 = 50
    skip_drop: Probability = 0.5
    xgboost_dart_mode: bool = False
    uniform_drop: bool = False

    num_leaves: Annotated[int, Field(ge=2, le=131072)] = 31
    max_depth: Any32 = -1
    min_data_in_leaf: Natural = 20
    min_sum_hessian_in_leaf: NotNegative = 1e-3
    min_gain_to_split: NotNegative = 0.0
    max_delta_step: Annotated[float, Field(ge=-LARGEST, le=LARGEST)] = 0.0
    extra_trees: bool = False

    bagging_fraction: Share = 1.0
    bagging_freq: Natural = 0
    feature_fraction: Share = 1.0
    feature_fraction_bynode: Share = 1.0

    lambda_l1: NotNegative = 0.0
    lambda_l2: NotNegative = 0.0
    path_smooth: NotNegative = 0.0

    monotone_constraints: list[Literal[-1, 0, 1]] | None = None
    monotone_constraints_method: Literal["basic", "intermediate", "advanced"] = "basic"
    monotone_penalty: NotNegative = 0.0
    interaction_constraints: list[Annotated[list[Place], ONCE]] | None = None
    feature_contri: list[NotNegative] | None = None
    cegb_tradeoff: NotNegative = 1.0
    cegb_penalty_split: NotNegative = 0.0
    cegb_penalty_feature_lazy: list[NotNegative] | None = None
    cegb_penalty_feature_coupled: list[NotNegative] | None = None

    min_data_per_group: Count = 100
    max_cat_threshold: Count = 32
    max_cat_to_onehot: Count = 4
    cat_l2: NotNegative = 10.0
    cat_smooth: NotNegative = 10.0

    use_quantized_grad: bool = False
    num_grad_quant_bins: Annotated[int, Field(ge=1, le=127)] = 4
    """LightGBM keeps each in eight bits."""
    quant_train_renew_leaf: bool = False
    histogram_pool_size: Annotated[float, Field(ge=-1, le=1e6)] = -1.0

    bagging_seed: Seed | None = None
    feature_fraction_seed: Seed | None = None
    extra_seed: Seed | None = None
    drop_seed: Seed | None = None
    objective_seed: Seed | None = None

    @model_validator(mode="before")
    @classmethod
    def _say_why(cls, given: Any) -> Any:
        moved = {name: f"it is model.dataset.{name}" for name in Dataset.model_fields}
        reasons.refuse(cls.__name__, given, REASONS | moved)
        return given

    @field_validator("monotone_constraints")
    @classmethod
    def _categories_have_no_order(cls, signs: list[int] | None, earlier: ValidationInfo) -> list[int] | None:
        """LightGBM itself ends the process where it bins such features, and trains nonsense where others did."""
        places = getattr(earlier.data.get("dataset"), "categorical_feature", None) or []
        for place in places:
            if signs and any(signs[place : place + 1]):
                raise PydanticCustomError(
                    "order",
                    "must be 0 at place {place}, which model.dataset.categorical_feature names: "
                    "categories have no order",
                    {"place": place},
                )
        return signs


BEYOND = re.compile(r"^leaf_value=.*(?:inf|nan|e\+(?:[3-9]\d|\d{3}))", re.MULTILINE)
"""What a tree adds to predictions of targets from 0 to 1 where training leads nowhere: 1e30 or more."""


def build(dataset: Dataset, rows: Rows, threads: int, destination: str, progress: Callable[[float], None]) -> None:
    """Bin the rows, some columns at a time.

    ConfigurationError where the parameters do not fit the features, MachineError where the disk is full.
    """
    from numerai_rounds.models.boosting import parts

    chosen = dataset.model_dump(exclude_none=True)
    _check_lists("model.dataset", chosen, len(rows.names))
    parts.write(destination, rows, chosen | OWNED | {"num_threads": threads}, progress)


def fit(params: Params, dataset: str, seed: int, threads: int, progress: Callable[[float], None]) -> Model:
    """Train; the model is the same as if all columns were binned just now, and at once.

    DataError where `dataset` is not what `build` wrote; ConfigurationError where the parameters do not fit the
    features or LightGBM refuses their combination.
    """
    import lightgbm

    from numerai_rounds.models.boosting import parts

    chosen = params.model_dump(exclude={"kind", "n_estimators", "dataset"}, exclude_none=True)
    fixed = params.dataset.model_dump(exclude_none=True) | OWNED | {"num_threads": threads}
    binned = parts.join(dataset, fixed)
    _check_lists("model", chosen, binned.num_feature())
    settings = chosen | fixed | {"seed": seed}
    # LightGBM trains with no other dataset parameters than it knows the dataset to have.
    binned.params = settings
    try:
        booster = lightgbm.train(
            settings,
            binned,
            num_boost_round=params.n_estimators,
            callbacks=[lambda _: progress(1 / params.n_estimators)],
        )
    except lightgbm.basic.LightGBMError as error:
        raise ConfigurationError(f"LightGBM cannot train with these parameters of `model`: {error}.") from None
    text = _without_threads(booster.model_to_string())
    if BEYOND.search(text):
        raise ConfigurationError(
            "training with these parameters of `model` leads nowhere: predictions grow beyond all numbers. Lower "
            f"model.learning_rate ({params.learning_rate:g}), or model.n_estimators."
        )
    return load(text)


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


def portable(text: str) -> Callable[[Any], Any]:
    """What `Model.predict` of the model with this text does, as a function that needs LightGBM and not this project."""

    def predict(levels: Any) -> Any:
        import lightgbm

        return lightgbm.Booster(model_str=text).predict(levels, num_threads=1)

    return predict


class _LightGBM:
    def __init__(self, text: str) -> None:
        import lightgbm

        from numerai_rounds.models.boosting import parts

        self.text = text
        self._booster = lightgbm.Booster(model_str=text)
        self.features: list[str] = [parts.meant(name) for name in self._booster.feature_name()]

    def predict(self, features: NDArray[np.int8], threads: int) -> NDArray[np.float64]:
        if self._own and self._own.takes(features):
            return self._own.predict(features, threads)
        predictions = self._booster.predict(features, num_threads=threads)
        return np.asarray(predictions, dtype=np.float64)

    @cached_property
    def _own(self) -> "Predictor | None":
        """The same without LightGBM, where that is possible."""
        from numerai_rounds.models.boosting import predictor

        return predictor.predictor(self.text)

    def importance(self) -> pd.DataFrame:
        """Importance is the total gain of the splits on a feature."""
        return importance_table(self.features, self._booster.feature_importance("gain"))


def _check_lists(section: str, chosen: dict[str, Any], count: int) -> None:
    """LightGBM itself reads beyond its memory where a list does not fit the features."""
    for name in BY_FEATURE:
        values = chosen.get(name)
        if values is not None and len(values) != count:
            raise ConfigurationError(
                f"{section}.{name} has {len(values)} values, but {count} features are chosen. "
                "Give one for each, in the order of choice."
            )
    places = {
        "interaction_constraints": chain.from_iterable(chosen.get("interaction_constraints") or []),
        "categorical_feature": chosen.get("categorical_feature") or [],
    }
    for name, found in places.items():
        highest = max(found, default=-1)
        if highest >= count:
            raise ConfigurationError(
                f"{section}.{name} has the place {highest}, but {count} features are chosen. Give places below {count}."
            )


def _without_threads(text: str) -> str:
    return re.sub(r"^\[num_threads: -?\d+\]\n", "", text, flags=re.MULTILINE)
