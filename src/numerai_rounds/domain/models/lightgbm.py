"""Gradient boosted trees: LightGBM."""

import re
from collections.abc import Callable
from itertools import chain
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from numerai_rounds.base.errors import ConfigurationError, DataError
from numerai_rounds.base.params import Section
from numerai_rounds.domain.model import Model, importance_table

OWNED: dict[str, Any] = {
    "device_type": "cpu",
    "deterministic": True,
    "force_col_wise": True,
    "stochastic_rounding": False,
    "feature_pre_filter": False,
    # Rows read to find the five levels. The default, ten times as many, costs gigabytes at full width.
    "bin_construct_sample_cnt": 20_000,
    "verbosity": -1,
}
"""Parameters that make a model the same on any number of threads, or cheap; nobody needs to choose them."""

REFUSED = {
    "it is called n_estimators here": "num_iterations",
    "set `seed`, which all stages share": "seed",
    "set `threads`, which all stages share": "num_threads",
    "the model would depend on the number of threads": """
        data_sample_strategy top_rate other_rate linear_tree linear_lambda force_row_wise""",
    "training would stop on the scores that are then reported": """
        early_stopping_round early_stopping_min_delta first_metric_only""",
    "scores are the metrics of `evaluate`": "metric multi_error_top_k auc_mu_weights",
    "it is for classes or ranks, and targets are numbers": """
        num_class is_unbalance scale_pos_weight sigmoid pos_bagging_fraction neg_bagging_fraction
        bagging_by_query lambdarank_truncation_level lambdarank_norm lambdarank_position_bias_regularization
        label_gain eval_at""",
    "it changes nothing, since features are dense and never missing": "use_missing is_enable_sparse enable_bundle",
    "a model is trained once, from nothing": "refit_decay_rate",
    "importance is total gain, in models/importance.csv": "saved_feature_importance_type",
    "training reads what `select` and `split` chose, and no other file": """
        data valid header label_column weight_column group_column ignore_column pre_partition two_round
        forcedsplits_filename forcedbins_filename precise_float_parser parser_config_file""",
    "training runs on the processor of one machine": """
        tree_learner top_k num_machines local_listen_port time_out machine_list_filename machines
        gpu_platform_id gpu_device_id gpu_device_id_list gpu_use_dp num_gpu""",
}
"""Why a parameter of LightGBM is not among ours: reason -> names."""

REASONS = {name: reason for reason, names in REFUSED.items() for name in names.split()} | {
    name: f"it is always {value}" for name, value in OWNED.items()
}

BY_FEATURE = [
    *("monotone_constraints", "feature_contri", "max_bin_by_feature"),
    *("cegb_penalty_feature_lazy", "cegb_penalty_feature_coupled"),
]
"""Parameters with a value for each feature."""

Loss = Literal["regression", "regression_l1", "huber", "fair", "quantile", "poisson", "mape", "tweedie"]
Entropy = Literal["cross_entropy", "cross_entropy_lambda"]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(gt=0, le=1)]
Probability = Annotated[float, Field(ge=0, le=1)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Place = Annotated[int, Field(ge=0)]
"""A feature's place in the order of choice, from 0."""


class Params(Section):
    """LightGBM's own parameters, under its own names and with its own defaults.

    Null leaves a parameter unset: a seed then follows from `seed`. A list by feature has a value for each
    chosen feature, in the order of choice. `REFUSED` says why any other parameter of LightGBM is missing.
    """

    kind: Literal["lightgbm"]

    objective: Literal[Loss, Entropy] = "regression"
    alpha: Positive = 0.9
    fair_c: Positive = 1.0
    poisson_max_delta_step: Positive = 0.7
    tweedie_variance_power: Annotated[float, Field(ge=1, lt=2)] = 1.5
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

    bagging_fraction: Share = 1.0
    bagging_freq: Annotated[int, Field(ge=0)] = 0
    feature_fraction: Share = 1.0
    feature_fraction_bynode: Share = 1.0

    lambda_l1: NotNegative = 0.0
    lambda_l2: NotNegative = 0.0
    path_smooth: NotNegative = 0.0

    monotone_constraints: list[Literal[-1, 0, 1]] | None = None
    monotone_constraints_method: Literal["basic", "intermediate", "advanced"] = "basic"
    monotone_penalty: NotNegative = 0.0
    interaction_constraints: list[list[Place]] | None = None
    feature_contri: list[NotNegative] | None = None
    cegb_tradeoff: NotNegative = 1.0
    cegb_penalty_split: NotNegative = 0.0
    cegb_penalty_feature_lazy: list[NotNegative] | None = None
    cegb_penalty_feature_coupled: list[NotNegative] | None = None

    categorical_feature: list[Place] | None = None
    min_data_per_group: Annotated[int, Field(ge=1)] = 100
    max_cat_threshold: Annotated[int, Field(ge=1)] = 32
    max_cat_to_onehot: Annotated[int, Field(ge=1)] = 4
    cat_l2: NotNegative = 10.0
    cat_smooth: NotNegative = 10.0

    max_bin: Annotated[int, Field(ge=2)] = 255
    max_bin_by_feature: list[Annotated[int, Field(ge=2)]] | None = None
    min_data_in_bin: Annotated[int, Field(ge=1)] = 3
    zero_as_missing: bool = False
    use_quantized_grad: bool = False
    num_grad_quant_bins: Annotated[int, Field(ge=1)] = 4
    quant_train_renew_leaf: bool = False
    histogram_pool_size: float = -1.0

    data_random_seed: Seed | None = None
    bagging_seed: Seed | None = None
    feature_fraction_seed: Seed | None = None
    extra_seed: Seed | None = None
    drop_seed: Seed | None = None
    objective_seed: Seed | None = None

    @model_validator(mode="before")
    @classmethod
    def _say_why(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Refuse a parameter of LightGBM that is not among ours, with the reason."""
        problems = [
            InitErrorDetails(
                type=PydanticCustomError("refused", "cannot be chosen: {reason}", {"reason": REASONS[name]}),
                loc=(name,),
                input=value,
            )
            for name, value in given.items()
            if name in REASONS
        ]
        if problems:
            raise ValidationError.from_exception_data(cls.__name__, problems)
        return given


def fit(
    params: Params,
    features: NDArray[np.int8],
    names: list[str],
    target: NDArray[np.float32],
    seed: int,
    threads: int,
    progress: Callable[[float], None],
) -> Model:
    """Train; ConfigurationError where the parameters do not fit the features or LightGBM refuses their combination."""
    import lightgbm
    import pyarrow as pa

    _check_lists(params, len(names))
    chosen = params.model_dump(exclude={"kind", "n_estimators", "categorical_feature"}, exclude_none=True)
    settings = chosen | OWNED | {"seed": seed, "num_threads": threads}
    # LightGBM reads the columns of an Arrow table where they are; an array it would copy as floats.
    table = pa.table([pa.array(column) for column in features.T], names=names)
    try:
        booster = lightgbm.train(
            settings,
            lightgbm.Dataset(table, target, categorical_feature=params.categorical_feature or "auto"),
            num_boost_round=params.n_estimators,
            callbacks=[lambda _: progress(1 / params.n_estimators)],
        )
    except lightgbm.basic.LightGBMError as error:
        raise ConfigurationError(f"LightGBM cannot train with these parameters of `model`: {error}.") from None
    return load(_without_threads(booster.model_to_string()))


def _check_lists(params: Params, count: int) -> None:
    """LightGBM itself reads beyond its memory where a list does not fit the features."""
    for name in BY_FEATURE:
        values = getattr(params, name)
        if values is not None and len(values) != count:
            raise ConfigurationError(
                f"model.{name} has {len(values)} values, but {count} features are chosen. "
                "Give one for each, in the order of choice."
            )
    places = {
        "interaction_constraints": chain.from_iterable(params.interaction_constraints or []),
        "categorical_feature": params.categorical_feature or [],
    }
    for name, found in places.items():
        highest = max(found, default=-1)
        if highest >= count:
            raise ConfigurationError(
                f"model.{name} has the place {highest}, but {count} features are chosen. Give places below {count}."
            )


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
