"""What every metric keeps."""

import dataclasses
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from numerai_rounds.base import plugins
from numerai_rounds.domain import scoring

MODULES = [pytest.param(module, id=module.__name__.rpartition(".")[2]) for module in plugins.metrics()]


def market() -> list[scoring.Era]:
    random = np.random.default_rng(11)
    eras = []
    for number in range(575, 581):
        features = random.integers(0, 5, (80, 6)).astype(np.int8)
        prediction = 0.5 + 0.1 * features[:, 0] + 0.1 * random.normal(size=80)
        eras.append(scoring.Era(f"{number:04d}", prediction, random.choice([0, 0.25, 0.5, 0.75, 1], 80), features))
    return eras


def score(*modules: ModuleType) -> tuple[pd.DataFrame, dict[str, float]]:
    predictions = np.concatenate([era.prediction for era in market()])
    return scoring.score([module.Metric(predictions) for module in modules], market())


@pytest.mark.parametrize("module", MODULES)
def test_a_metric_documents_itself_and_gives_headlines(module: ModuleType) -> None:
    assert issubclass(module.Metric, scoring.Metric)
    assert "better" in module.Metric.__doc__
    per_era, headlines = score(module)
    columns = set(per_era.columns) - {"era", "rows"}
    own = set(headlines) - {"eras", "eras_unscored"}
    assert own
    assert all(f"`{name}`" in module.Metric.__doc__ for name in columns | own)
    assert np.isfinite(per_era[list(columns)]).all(axis=None)


@pytest.mark.parametrize("module", MODULES)
def test_the_input_is_left_alone_and_the_answer_the_same(module: ModuleType) -> None:
    before, after = market(), market()
    metric = module.Metric(np.concatenate([era.prediction for era in after]))
    for era in after:
        metric.add(era)
    for one, other in zip(before, after, strict=True):
        for name in ("prediction", "target", "features"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert score(module)[1] == score(module)[1]


def test_metrics_do_not_overwrite_each_other() -> None:
    per_era, headlines = score(*plugins.metrics())
    alone = [score(module) for module in plugins.metrics()]
    assert len(per_era.columns) == 2 + sum(len(table.columns) - 2 for table, _ in alone)
    assert len(headlines) == 2 + sum(len(found) - 2 for _, found in alone)


@pytest.mark.parametrize("module", MODULES)
def test_how_features_lie_in_memory_changes_nothing(module: ModuleType) -> None:
    chunk = np.concatenate([era.features.T for era in market()], axis=1)
    found, start = [], 0
    for era in market():
        stop = start + len(era.prediction)
        found.append(dataclasses.replace(era, features=chunk[:, start:stop].T))
        start = stop
    metric = module.Metric(np.concatenate([era.prediction for era in found]))
    assert scoring.score([metric], found)[1] == score(module)[1]
