"""What every metric keeps."""

import copy
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from numerai_rounds.conf import plugins
from numerai_rounds.domain.scoring.loop import Scored, column_name
from numerai_rounds.domain.scoring.metric import BENCHMARK, META_MODEL, Metric
from tests.domain import scores
from tests.domain.scores import MAIN, METRICS, OTHER, CrossSection

FEATURES = 7
SETS = {"fncv3_features": np.arange(4), "all": np.arange(FEATURES)}
GROUPS = {"first": np.array([0, 1]), "last": np.array([5, 6])}
ALWAYS = {"eras", "eras_unscored", "rows"}
"""Headlines of the loop's own."""

Targets = list[dict[str, np.ndarray]]
every_metric = pytest.mark.parametrize("name", METRICS)


def market() -> tuple[list[CrossSection], Targets]:
    """Seven eras, three columns of predictions, two targets, with gaps; neighbours share most ids."""
    random = np.random.default_rng(11)
    sections, targets = [], []
    for number in range(7):
        features = random.integers(0, 5, (80, FEATURES))
        features[:, 2] = 2
        columns = 0.5 + 0.1 * features[:, 0] + 0.1 * random.normal(size=(3, 80))
        columns[1] = np.round(columns[1], 1)
        columns[:, 17] = np.nan
        if number == 4:
            columns[2, :17] = columns[2, 18:] = 0.5
        others = {META_MODEL: random.random(80), BENCHMARK: random.random(80)}
        others[META_MODEL][:5] = np.nan
        ids = [f"n{stock:06d}" for stock in random.permutation(100)[:80]]
        sections.append(scores.section(columns, features, others, f"{575 + number:04d}", ids))
        target = random.choice(scores.LEVELS, (2, 80))
        target[1, number] = np.nan
        targets.append({MAIN: target[0], OTHER: target[1]})
    return sections, targets


def score(*names: str, sections: list[CrossSection] | None = None, threads: int = 1) -> list[Scored]:
    made, targets = market()
    return scores.score(sections or made, targets, names, threads, neutral_sets=SETS, groups=GROUPS)


def same(one: Scored, other: Scored) -> None:
    """To the last bit."""
    for name in ("per_era", "by_feature", "by_group"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name), check_exact=True)
    for name in ("scores", "headlines", "left_out", "unscored"):
        assert getattr(one, name) == getattr(other, name)


@every_metric
def test_a_metric_documents_its_columns_headlines_and_direction(name: str) -> None:
    kind = METRICS[name]
    assert issubclass(kind, Metric)
    told = " ".join(str(kind.__doc__).split())
    assert re.search(r"(higher|lower) is (better|cheaper)|neither direction is better", told)
    found = score(name)[0]
    columns, headlines = set(found.per_era.columns) - {"era", "rows"}, set(found.headlines) - ALWAYS
    assert columns | headlines
    own = {column.removesuffix("_ender_20") for column in columns}
    assert not {column for column in own | headlines if f"`{column}`" not in told}
    assert np.isfinite(found.per_era[list(columns)]).all(axis=None)
    tables = {*found.by_feature.columns, *found.by_group.columns} - {"feature", "group", "features"}
    assert not {
        column for column in tables if f"`{column}`" not in f"{kind.by_feature.__doc__} {kind.by_group.__doc__}"
    }


@every_metric
def test_columns_are_on_each_target_or_once(name: str) -> None:
    found = score(name)[0]
    columns = [column for column in found.per_era.columns if column not in ("era", "rows")]
    plain = [column for column in columns if not column.endswith("_ender_20")]
    expected = [column_name(column, OTHER, MAIN) for column in plain] if METRICS[name].on_target else []
    assert sorted(columns) == sorted(plain + expected)
    assert set(found.scores) == (set(columns) if METRICS[name].is_score else set())


@every_metric
def test_the_input_is_left_alone_and_the_answer_the_same(name: str) -> None:
    sections, targets = market()
    before = copy.deepcopy([(one.predictions, one.features, one.others) for one in sections])
    first = scores.score(sections, targets, [name], neutral_sets=SETS, groups=GROUPS)
    for one, (predictions, features, others) in zip(sections, before, strict=True):
        np.testing.assert_array_equal(one.predictions, predictions)
        np.testing.assert_array_equal(one.features, features)
        for model, values in others.items():
            np.testing.assert_array_equal(one.others[model], values)
    for one, other in zip(first, score(name), strict=True):
        same(one, other)


@every_metric
@pytest.mark.parametrize("threads", [2, 5])
def test_any_number_of_threads_gives_the_same_bits(name: str, threads: int) -> None:
    for one, other in zip(score(name), score(name, threads=threads), strict=True):
        same(one, other)


@every_metric
@pytest.mark.parametrize("layout", ["rows", "part of a chunk"])
def test_how_features_lie_in_memory_changes_nothing(name: str, layout: str) -> None:
    sections, _ = market()
    chunk = np.concatenate([one.features for one in sections], axis=1)
    laid, start = [], 0
    for one in sections:
        part = chunk[:, start : start + len(one)] if layout != "rows" else np.asfortranarray(one.features)
        laid.append(replace(one, features=part))
        start += len(one)
    for one, other in zip(score(name), score(name, sections=laid), strict=True):
        same(one, other)


@every_metric
def test_a_column_alone_has_the_scores_that_it_has_among_several(name: str) -> None:
    sections, _ = market()
    for column, among in enumerate(score(name)):
        alone = [replace(one, predictions=one.predictions[column : column + 1]) for one in sections]
        same(score(name, sections=alone)[0], among)


def test_metrics_do_not_overwrite_each_other() -> None:
    together = score(*METRICS)
    for column, found in enumerate(together):
        alone = [score(name)[column] for name in METRICS]
        assert len(found.per_era.columns) == 2 + sum(len(one.per_era.columns) - 2 for one in alone)
        assert len(found.headlines) == len(ALWAYS) + sum(len(one.headlines) - len(ALWAYS) for one in alone)
        assert len(found.by_feature.columns) == 1 + sum(len(one.by_feature.columns) - 1 for one in alone)
        assert len(found.by_group.columns) == 2 + sum(len(one.by_group.columns) - 2 for one in alone)
        for one in alone:
            pd.testing.assert_frame_equal(found.per_era[one.per_era.columns], one.per_era, check_exact=True)
            assert one.headlines.items() <= found.headlines.items()


def test_there_is_a_metric_for_each_file() -> None:
    assert list(METRICS) == plugins.names(plugins.METRICS)
