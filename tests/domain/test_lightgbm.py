"""What is particular to LightGBM: its parameters and its text."""

import re

import lightgbm
import numpy as np
import pytest

from numerai_rounds.base.errors import ConfigurationError
from numerai_rounds.domain.models.lightgbm import OWNED, Params, fit
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
    ours = Params(kind="lightgbm").model_dump(exclude={"kind"})
    ours["num_iterations"] = ours.pop("n_estimators")
    for name, value in ours.items():
        assert listed[name] == (value if isinstance(value, str) else f"{value:g}"), name
    assert set(OWNED) <= set(listed)


def test_equals_a_model_trained_on_floats() -> None:
    settings = {**OWNED, "seed": 7, "num_threads": 1, "num_leaves": 9, "feature_fraction": 0.5}
    expected = official(settings, market()[0].astype(np.float32)).model_to_string()
    assert trees(train(num_leaves=9, feature_fraction=0.5)) == trees(expected)


def test_every_parameter_reaches_lightgbm() -> None:
    assert "[lambda_l2: 3.5]" in train(lambda_l2=3.5)
    assert "[extra_trees: 1]" in train(extra_trees=True)
    assert "num_threads" not in train()


@pytest.mark.parametrize(
    "changes",
    [
        {"boosting": "dart"},
        {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5},
        {"bagging_freq": 1, "bagging_fraction": 0.3, "feature_fraction_bynode": 0.5},
        {"extra_trees": True, "path_smooth": 2.0, "max_delta_step": 0.5},
        {"cegb_penalty_split": 0.001, "min_data_in_leaf": 5},
        *({"objective": name} for name in ("regression_l1", "huber", "fair", "quantile")),
        *({"objective": name} for name in ("poisson", "mape", "cross_entropy")),
    ],
    ids=lambda changes: "-".join(str(value) for value in changes.values()),
)
def test_nothing_that_can_be_chosen_depends_on_threads(changes: dict[str, object]) -> None:
    text = train(threads=1, **changes)
    assert train(threads=2, **changes) == text
    assert trees(text) != trees(train())


def test_the_seed_matters() -> None:
    assert trees(train(feature_fraction=0.3, seed=1)) != trees(train(feature_fraction=0.3, seed=2))


def test_a_combination_that_lightgbm_refuses() -> None:
    with pytest.raises(ConfigurationError, match=r"LightGBM cannot train with these parameters of `model`: .*bagging"):
        train(boosting="rf")
