"""What is particular to LightGBM: its parameters and its text."""

import re

import lightgbm
import numpy as np
import pytest
from pydantic import ValidationError

from numerai_rounds.base.errors import ConfigurationError
from numerai_rounds.domain.models.lightgbm import BY_FEATURE, OWNED, REASONS, REFUSED, Params, fit
from tests.domain.test_contracts_models import NAMES, market


def train(threads: int = 1, seed: int = 7, **changes: object) -> str:
    features, target = market()
    params = Params(kind="lightgbm", **{"n_estimators": 8, **changes})
    return fit(params, features, NAMES, target, seed, threads, lambda _: None).text


def official(settings: dict[str, object], features: np.ndarray) -> lightgbm.Booster:
    data = lightgbm.Dataset(features, market()[1], feature_name=NAMES)
    return lightgbm.train({"verbosity": -1, **settings}, data, num_boost_round=8)


def trees(text: str) -> str:
    return text.partition("end of trees")[0]


def test_names_and_defaults_are_lightgbms_own() -> None:
    booster = lightgbm.train({"verbosity": -1}, lightgbm.Dataset(*market()))
    listed = dict(re.findall(r"^\[(\w+): (.*)\]$", booster.model_to_string(), flags=re.MULTILINE))
    ours = Params(kind="lightgbm").model_dump(exclude={"kind", "n_estimators"})
    for name, value in ours.items():
        if value is None:
            assert name.endswith("_seed") or listed[name] == "", name
        else:
            assert listed[name] == (value if isinstance(value, str) else f"{value:g}"), name
    assert Params(kind="lightgbm").n_estimators == int(listed["num_iterations"])
    assert set(listed) == set(ours) | set(REASONS)
    assert not set(ours) & set(REASONS)
    assert len(REASONS) == len(OWNED) + sum(len(names.split()) for names in REFUSED.values())


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("early_stopping_round", "training would stop on the scores that are then reported"),
        ("linear_tree", "the model would depend on the number of threads"),
        ("deterministic", "it is always True"),
        ("num_iterations", "it is called n_estimators here"),
    ],
)
def test_a_parameter_that_cannot_be_chosen_says_why(name: str, reason: str) -> None:
    with pytest.raises(ValidationError, match=f"cannot be chosen: {reason}") as caught:
        Params(kind="lightgbm", **{name: 10})
    (problem,) = caught.value.errors()
    assert (problem["loc"], problem["input"]) == ((name,), 10)


def test_equals_a_model_trained_on_floats() -> None:
    settings = {**OWNED, "seed": 7, "num_threads": 1, "num_leaves": 9, "feature_fraction": 0.5}
    expected = official(settings, market()[0].astype(np.float32)).model_to_string()
    assert trees(train(num_leaves=9, feature_fraction=0.5)) == trees(expected)


def test_every_parameter_reaches_lightgbm() -> None:
    assert "[lambda_l2: 3.5]" in train(lambda_l2=3.5)
    assert "[extra_trees: 1]" in train(extra_trees=True)
    assert "num_threads" not in train()


RANDOM = {"boosting": "dart", "bagging_freq": 1, "bagging_fraction": 0.5, "feature_fraction": 0.5, "extra_trees": True}
EACH = [0.1] * len(NAMES)
SIGNS = [-1, 1] * (len(NAMES) // 2)
CHOICES: list[dict[str, object]] = [
    {"boosting": "dart"},
    {"boosting": "dart", "uniform_drop": True, "xgboost_dart_mode": True, "max_drop": 2},
    {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5},
    {"bagging_freq": 1, "bagging_fraction": 0.3, "feature_fraction_bynode": 0.5},
    {"extra_trees": True, "path_smooth": 2.0, "max_delta_step": 0.5},
    {"cegb_penalty_split": 0.001, "min_data_in_leaf": 5},
    {"cegb_penalty_feature_lazy": EACH, "cegb_tradeoff": 0.5},
    {"cegb_penalty_feature_coupled": EACH},
    {"feature_contri": [0.1] + [1.0] * (len(NAMES) - 1)},
    {"max_bin_by_feature": [2] * len(NAMES), "min_data_in_bin": 100},
    {"monotone_constraints": SIGNS, "monotone_penalty": 1.0},
    {"monotone_constraints": SIGNS, "monotone_constraints_method": "intermediate"},
    {"monotone_constraints": SIGNS, "monotone_constraints_method": "advanced"},
    {"interaction_constraints": [[0, 2], [1, 3, 4]]},
    {"categorical_feature": [0, 1], "max_cat_to_onehot": 1, "cat_l2": 1.0, "cat_smooth": 1.0},
    {"zero_as_missing": True},
    {"use_quantized_grad": True, "num_grad_quant_bins": 8},
    {"use_quantized_grad": True, "quant_train_renew_leaf": True},
    *({"objective": name} for name in ("regression_l1", "huber", "fair", "quantile", "poisson", "tweedie")),
    *({"objective": name} for name in ("mape", "cross_entropy", "cross_entropy_lambda")),
    *({f"{of}_seed": 99, **RANDOM} for of in ("bagging", "feature_fraction", "extra", "drop")),
]
SAME_HERE: list[dict[str, object]] = [{"histogram_pool_size": 0.001}, {"data_random_seed": 9}, {"objective_seed": 9}]
"""Choices that matter for more rows only, or for none of these objectives."""


@pytest.mark.parametrize("changes", [*CHOICES, *SAME_HERE], ids=str)
def test_nothing_that_can_be_chosen_depends_on_threads(changes: dict[str, object]) -> None:
    text = train(threads=1, **changes)
    assert train(threads=2, **changes) == text
    unchanged = train(**(RANDOM if RANDOM.items() <= changes.items() else {}))
    assert (trees(text) == trees(unchanged)) == (changes in SAME_HERE)


def test_every_list_by_feature_must_have_a_value_for_each() -> None:
    for name in BY_FEATURE:
        with pytest.raises(ConfigurationError, match=rf"model\.{name} has 0 values, but 12 features are chosen\. Give"):
            train(**{name: []})


@pytest.mark.parametrize("changes", [{"interaction_constraints": [[0], [1, 12]]}, {"categorical_feature": [3, 12]}])
def test_a_place_beyond_the_features(changes: dict[str, object]) -> None:
    with pytest.raises(
        ConfigurationError, match=r"has the place 12, but 12 features are chosen\. Give places below 12"
    ):
        train(**changes)


def test_the_seed_matters() -> None:
    assert trees(train(feature_fraction=0.3, seed=1)) != trees(train(feature_fraction=0.3, seed=2))


def test_a_combination_that_lightgbm_refuses() -> None:
    with pytest.raises(ConfigurationError, match=r"LightGBM cannot train with these parameters of `model`: .*bagging"):
        train(boosting="rf")
