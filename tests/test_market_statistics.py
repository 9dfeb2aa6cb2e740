"""The statistics of benchmarks/market, on arrays whose answers are known, and on a tiny market."""

import math
import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import typer
from numerai_tools import scoring
from numpy.testing import assert_allclose, assert_array_equal

from benchmarks.market import __main__ as command
from benchmarks.market import data, page, training
from benchmarks.market.data import MAIN, Sample, Side
from benchmarks.market.row import Row, figure
from benchmarks.market.statistics import STATISTICS, features, models, others, shape, signal
from benchmarks.market.study import BENCHMARK_60, Study
from benchmarks.market.training import preset
from numerai_rounds.base.eras import WEEKLY, purge_eras
from numerai_rounds.base.errors import DataError
from numerai_rounds.domain.splits import holdout
from numerai_rounds.io.market.size import Market

TRAIN_ERAS, VALIDATION_ERAS, ROWS, FEATURES = 40, 20, 150, 12
OTHER = "target_ender_20"


def side(random: np.random.Generator, first: int, eras: int) -> Side:
    """Features and targets that have nothing to do with each other."""
    rows = eras * ROWS
    targets = {name: random.integers(0, 5, rows).astype(np.float32) / 4 for name in (MAIN, OTHER)}
    labels = [f"{era:04d}" for era in range(first, first + eras)]
    return Side(labels, np.arange(eras + 1) * ROWS, random.integers(0, 5, (FEATURES, rows), dtype=np.int8), targets)


def sample(seed: int = 0) -> Sample:
    random = np.random.default_rng(seed)
    names = [f"feature_{number:02d}" for number in range(FEATURES)]
    parts = side(random, 1, TRAIN_ERAS), side(random, TRAIN_ERAS + 1, VALIDATION_ERAS)
    return Sample(names, {"small": names[:3], "medium": names[:8], "all": names}, *parts)


def follow(part: Side, eras: slice, target: str, feature: int) -> None:
    """The target of some eras becomes the feature itself."""
    rows = slice(eras.start * ROWS, eras.stop * ROWS)
    part.targets[target][rows] = part.levels[feature, rows].astype(np.float32) / 4


@pytest.fixture
def study() -> Study:
    return Study(sample())


def test_news_of_the_purged_eras_is_a_leak(study: Study) -> None:
    follow(study.sample.train, slice(TRAIN_ERAS - 16, TRAIN_ERAS), MAIN, 5)
    follow(study.sample.validation, slice(0, VALIDATION_ERAS), MAIN, 5)
    found = models.leak(study)
    assert found["leak"] > 0.5
    assert abs(found["leak_20"]) < 0.1


def test_without_answers_in_the_purged_eras_nothing_leaks(study: Study) -> None:
    study.sample.train.targets[MAIN][(TRAIN_ERAS - 16) * ROWS :] = np.nan
    assert models.leak(study)["leak"] == 0


@pytest.mark.parametrize("target", [MAIN, OTHER])
def test_the_purge_is_that_of_the_pipeline(study: Study, target: str) -> None:
    labels = study.sample.train.eras + study.sample.validation.eras
    params = holdout.Params(kind="holdout", horizon_days=None, train_every_nth=1)
    types = ["train"] * TRAIN_ERAS + ["validation"] * VALIDATION_ERAS
    eras = pd.DataFrame({"era": labels, "data_type": types, "rows": ROWS, "resolved": ROWS})
    split = holdout.split(params, eras, purge_eras(target, None, WEEKLY))
    assert study.training.train_eras(target) == (split["side"] == "train").sum()


def test_a_duplicated_feature_leaves_no_eigenvalue() -> None:
    levels = sample().train.levels
    levels[3], levels[4] = levels[7], 2
    matrix, varying = features.correlation_matrix(levels)
    assert 4 not in varying
    assert_allclose(matrix, np.corrcoef(levels[varying]), atol=1e-9)
    assert_allclose(np.linalg.eigvalsh(matrix)[0], 0, atol=1e-9)


def test_features_of_a_theme_are_held_beside_each_other(study: Study) -> None:
    study.sample.train.levels[1] = 4 - study.sample.train.levels[0]
    names = study.sample.names
    found = features.themes(Study(Sample(names, {"rain": names[:2]}, study.sample.train, study.sample.validation)))
    assert_allclose([found["theme_rain"], found["theme_negative"]], [1, 1])


def test_population_stability_of_shares() -> None:
    before, after = np.array([[0.5, 0.5, 0], [0.2, 0.3, 0.5]]), np.array([[0.25, 0.75, 0], [0.2, 0.3, 0.5]])
    assert_allclose(features.population_stability(before, after), [0.25 * math.log(2) + 0.25 * math.log(1.5), 0])


def test_a_feature_that_begins_late_is_absent_at_first(study: Study) -> None:
    study.sample.train.levels[2, : 3 * ROWS] = 2
    study.sample.train.levels[3, : 9 * ROWS] = 2
    found = features.spreads(study)
    assert found["absent_share"] == 2 / FEATURES
    assert found["absent_dates"] == 2


def test_the_deviation_of_noise_is_one() -> None:
    rows = np.arange(1_000, 1_400)
    ics = np.random.default_rng(1).standard_normal((400, 60)) / np.sqrt(rows)[:, None]
    ics[:50, :7] = np.nan
    assert signal.deviation(ics, rows) == pytest.approx(1, abs=0.02)
    assert signal.deviation(ics * 0.45, rows) == pytest.approx(0.45, abs=0.01)


def overlapping(random: np.random.Generator, eras: int, count: int) -> np.ndarray:
    """Noise of deviation 1 whose neighbours share news over 12 eras."""
    news = random.standard_normal((eras + 11, count))
    return np.stack([news[start : start + 12].sum(axis=0) for start in range(eras)]) / math.sqrt(12)


def test_persistence_allows_for_noise_that_neighbours_share() -> None:
    random = np.random.default_rng(2)
    lasting, first, then = random.standard_normal((3, 2_000)) * 0.2
    train, validation = (part + lasting + overlapping(random, 240, 2_000) for part in (first, then))
    found = signal.persisted(train, validation, 12)
    assert found["ic_raw"] < 0.4
    assert found["ic_persistence"] == pytest.approx(0.5, abs=0.05)
    assert found["ic_slope"] == pytest.approx(0.5, abs=0.05)


def test_without_noise_persistence_is_what_it_seems() -> None:
    means = np.random.default_rng(3).standard_normal(50)
    found = signal.persisted(np.tile(means, (30, 1)), np.tile(means / 2, (30, 1)), 12)
    assert_allclose([found[f"ic_{key}"] for key in ("persistence", "raw", "slope", "kept")], [1, 1, 0.5, 0.5])


def test_noise_alone_has_no_persistence() -> None:
    random = np.random.default_rng(4)
    found = signal.persisted(overlapping(random, 60, 500), overlapping(random, 60, 500), 12)
    assert abs(found["ic_raw"]) < 0.15
    assert not found["ic_persistence"] > 1


def test_eras_that_share_an_answer_are_autocorrelated(study: Study) -> None:
    for era in range(TRAIN_ERAS):
        if era % 20 < 10:
            study.sample.train.targets[MAIN][era * ROWS : (era + 1) * ROWS] = (
                study.sample.train.levels[:, era * ROWS : (era + 1) * ROWS].mean(axis=0) / 4
            )
    assert signal.autocorrelation(study)["autocorrelation"] > 0.6
    assert abs(signal.autocorrelation(Study(sample(5)))["autocorrelation"]) < 0.35


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_neutral_predictions_are_those_of_numerai_tools(study: Study, share: float) -> None:
    predictions = np.random.default_rng(6).standard_normal(VALIDATION_ERAS * ROWS)
    rows = slice(3 * ROWS, 4 * ROWS)
    gaussian = scoring.gaussian(scoring.tie_kept_rank(pd.DataFrame({"ours": predictions[rows]})))
    medium = pd.DataFrame(study.sample.validation.levels[:8, rows].T.astype(float))
    theirs = scoring.neutralize(gaussian, medium, proportion=share)["ours"]
    (ours,) = study.neutral(predictions, "medium", [share])
    assert_allclose(ours[rows], theirs, atol=1e-8)


def test_predictions_that_are_a_feature_lose_everything(study: Study) -> None:
    part = study.sample.validation
    follow(part, slice(0, VALIDATION_ERAS), MAIN, 2)
    noisy = part.levels[2] + np.random.default_rng(7).standard_normal(part.levels.shape[1])
    (change,) = others.changes(study, noisy, study.neutral(noisy, "small", [1.0]))
    assert change == pytest.approx(-1, abs=0.05)
    (none,) = others.changes(study, -noisy, noisy[None])
    assert math.isnan(none)


def test_equal_models_add_nothing_and_are_alike(study: Study) -> None:
    part = study.sample.validation
    follow(study.sample.train, slice(0, TRAIN_ERAS), MAIN, 2)
    own = Side(part.eras, part.starts, part.levels, part.targets, {f"v53_{BENCHMARK_60}": study.default[0]})
    twin = Study(Sample(study.sample.names, study.sample.sets, study.sample.train, own))
    assert others.alike(twin)["alike"] == pytest.approx(1)
    found = others.contributions(twin)
    assert found["bmc"] == pytest.approx(0, abs=1e-12)
    assert math.isnan(found["mmc"])


def test_targets_are_paired_by_name_and_horizon() -> None:
    names = ["target_ender_20", "target_ender_60", "target_agnes_20", "target_agnes_60"]
    table = pd.DataFrame(np.eye(4), names, names)
    values = {(0, 1): 0.6, (2, 3): 0.4, (0, 2): 0.7, (0, 3): 0.3, (1, 2): 0.1, (1, 3): 0.9}
    for (row, column), value in values.items():
        table.iloc[row, column] = table.iloc[column, row] = value
    found = shape.related(table)
    assert_allclose(
        [found["same_mean"], found["same_low"], found["ender20_mean"], found["across"]], [0.5, 0.4, 0.7, 0.2]
    )


def test_an_ensemble_is_the_mean_of_ranks_within_an_era(study: Study) -> None:
    predictions = np.random.default_rng(8).standard_normal((2, VALIDATION_ERAS * ROWS))
    (mean,) = models.ensemble(study, np.concatenate([predictions, predictions * 9]))
    assert_array_equal(mean, models.ensemble(study, predictions)[0])
    assert mean[:ROWS].mean() == (ROWS + 1) / 2


def test_rows_say_what_is_to_be_reached() -> None:
    between, least = Row("a", "", low=0.4, high=0.8), Row("b", "", low=-0.1, sizes=("mid",))
    assert [between.reach("default"), least.reach("mid"), least.reach("default")] == [".4 to .8", "at least -.1", ""]
    assert [between.inside(value, "mid") for value in (0.4, 0.9, math.nan)] == ["yes", "no", "no"]
    assert least.inside(-5, "default") == ""
    assert [figure(value) for value in (0.01834, -0.362, 1.166, 1e7, 0, 3, math.nan)] == [
        *(".0183", "-.362", "1.17", "10,000,000", "0", "3", "-"),
    ]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few trees of small leaves."""
    monkeypatch.setattr(models, "STUMP_TREES", (10, 20))
    monkeypatch.setattr(models, "TREES", (5, 10))
    small = {"n_estimators": 20, "min_data_in_leaf": 50}
    monkeypatch.setattr(
        training,
        "preset",
        lambda path: preset(path) | (small if path == "model/lightgbm.yaml" else {}),
    )


TINY = Market(seed=1, features=60, train_eras=40, validation_eras=14, test_eras=13, rows_per_era=300, first_round=1)


def test_every_statistic_of_a_tiny_market_is_on_the_page(
    quick: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    size = TINY.model_dump(include={"features", "train_eras", "validation_eras", "rows_per_era"})
    monkeypatch.setattr(command, "PAGE_SEEDS", "1")
    monkeypatch.setattr(command, "SIZES", {"default": size, "mid": size})
    monkeypatch.setattr(command.generation, "measured", lambda _: {"generation_peak": 0.4})
    command.main([], whole=True, scratch=tmp_path, output=tmp_path / "page.md")
    shown, written = capsys.readouterr().out, (tmp_path / "page.md").read_text(encoding="utf-8")
    keys = {key for name in STATISTICS for key in [row.key for row in STATISTICS[name].rows]}
    assert "left out" not in shown
    assert {key for key in keys if f"{key} " not in shown} <= {f"theme_{name}" for name in features.THEMES}
    assert all(written.count(f"| {row.what} |") >= 2 for row in page.rows_of(list(STATISTICS)))
    assert all(f"**{name}.** " in written for name in STATISTICS)
    assert written.count("| mean | seed 1 |") == 2


def test_a_folder_is_measured_like_the_market_it_has(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = data.made(TINY, tmp_path)
    assert data.made(TINY, tmp_path) == folder
    measure = partial(command.main, ["targets", "default", "benchmarks"], "1", "default", [])
    measure(folder, 1, tmp_path)
    first = capsys.readouterr().out
    assert "ender60_eras 14" in first
    (folder / "meta_model.parquet").unlink()
    (folder / "validation_benchmark_models.parquet").unlink()
    measure(folder, 2, tmp_path)
    second = capsys.readouterr().out
    assert "default_eras 7" in second
    assert "benchmarks: left out, the data lacks the predictions of lgbm_ender60" in second


def test_a_feature_that_the_files_lack_is_not_another_one(study: Study) -> None:
    with pytest.raises(data.AbsentError, match="feature_ghost"):
        study.sample.places(["feature_00", "feature_ghost"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"seeds": ""}, "--seeds ''"),
        ({"seeds": "-1"}, "--seeds '-1'"),
        ({"seeds": "2147483648"}, "seed: Input should be less than 2147483648"),
        ({"overrides": ["features=3"]}, "features: Input should be greater than or equal to 20"),
        ({"overrides": ["features=²"]}, "write NAME=NUMBER"),
        ({"overrides": ["seed=5"]}, "write --seeds 5"),
        ({"files": Path("nowhere")}, "there is no nowhere"),
    ],
)
def test_what_cannot_be_measured_is_said_before_anything_is_made(
    options: dict[str, Any], said: str, tmp_path: Path
) -> None:
    defaults = {"seeds": "1", "size": "default", "overrides": [], "files": None, "every": 1}
    with pytest.raises(typer.BadParameter, match=re.escape(said)):
        command.main(["sets"], **(defaults | options), scratch=tmp_path / "scratch")
    assert not (tmp_path / "scratch").exists()


def without(names: Sequence[str], table: pa.Table) -> pa.Table:
    return table.drop_columns(list(names))


def as_shares(table: pa.Table) -> pa.Table:
    name = next(name for name in table.column_names if name.startswith("feature_"))
    shares = pc.divide(table[name].cast(pa.float32()), 4.0)
    return table.set_column(table.column_names.index(name), name, shares)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (partial(without, [MAIN]), f"lacks {MAIN}"),
        (partial(without, ["data_type"]), "lacks data_type"),
        (lambda table: table.slice(0, 0), f"no era of data_type train in which {MAIN} is known"),
        (as_shares, "features are levels 0 to 4, as integers"),
    ],
)
def test_a_folder_with_nothing_to_measure_is_refused(
    change: Callable[[pa.Table], pa.Table], said: str, tmp_path: Path
) -> None:
    folder = data.made(TINY, tmp_path)
    path = folder / "train.parquet"
    pq.write_table(change(pq.read_table(path)), path)
    with pytest.raises(DataError, match=said):
        data.read(folder)
