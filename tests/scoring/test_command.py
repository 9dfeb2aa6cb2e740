"""`rounds score` end to end: what it says about any file of predictions, and how it ends."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from numerai_rounds.base.columns import DATA_TYPE, ERA
from numerai_rounds.io.files import atomic, paths
from numerai_rounds.io.scores import score_files
from tests import tiny
from tests.forms import BAD, GOOD, NO_FILE, written
from tests.scoring.files import (
    ERAS,
    GAP_ERA,
    GAP_ROWS,
    UNRESOLVED,
    Score,
    change_params,
    labelled,
    per_era,
    predictions,
    random_for,
    refused,
)

# What it gives


def test_its_help_shows_examples(score: Score) -> None:
    assert "rounds score mine.csv" in score("--help").out


@pytest.mark.parametrize("kind", ["parquet", "shuffled.csv"])
def test_the_pipelines_own_predictions_score_as_in_its_metrics(
    evaluated: Path, score: Score, tmp_path: Path, kind: str
) -> None:
    path = paths.PREDICTIONS
    if kind != "parquet":
        path = written(predictions().sample(frac=1, random_state=5), tmp_path / kind)
    said = score(path, "--output", tmp_path / "out")
    assert said.code == 0, said.error
    for file in (score_files.HEADLINES, score_files.COMPARED, *score_files.FILES.values()):
        assert (tmp_path / "out" / file).read_bytes() == (paths.METRICS / file).read_bytes(), file


@pytest.mark.parametrize("form", GOOD)
def test_predictions_are_read_in_any_form(evaluated: Path, score: Score, tmp_path: Path, form: str) -> None:
    ending, write = GOOD[form]
    path = tmp_path / f"mine.{ending}"
    write(predictions(), path)
    said = score(path, "--output", tmp_path / "out")
    assert said.code == 0, said.error
    assert "12 eras, 285 rows" in said.out
    for name in ("corr", "mmc", "bmc", "fnc_v3", "spearman"):
        np.testing.assert_array_equal(per_era(tmp_path / "out")[name], per_era(paths.METRICS)[name])


def test_single_precision_scores_nearly_the_same(evaluated: Path, score: Score, tmp_path: Path) -> None:
    score(written(predictions().astype("float32"), tmp_path / "mine.parquet"), "--output", tmp_path / "out")
    np.testing.assert_allclose(per_era(tmp_path / "out")["corr"], per_era(paths.METRICS)["corr"], atol=1e-3)


def test_many_columns_score_as_each_alone(evaluated: Path, score: Score, tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    frame = predictions()
    frame[["b", "c.d", "e f"]] = random.random((len(frame), 3))
    path = written(frame, tmp_path / "mine.parquet")
    said = score(path, "--output", tmp_path / "all")
    assert said.code == 0, said.error
    assert sorted(folder.name for folder in (tmp_path / "all").iterdir()) == sorted(frame.columns)
    for name in frame:
        assert name in said.out
        score(path, "--column", name, "--output", tmp_path / "one" / name)
        for file in (score_files.HEADLINES, score_files.COMPARED, *score_files.FILES.values()):
            alone, among = (tmp_path / part / name / file for part in ("one", "all"))
            assert alone.read_bytes() == among.read_bytes(), (name, file)


def test_a_column_named_twice_counts_once(evaluated: Path, score: Score) -> None:
    said = score(paths.PREDICTIONS, "--column", "prediction", "--column", "prediction")
    assert said.code == 0
    assert "12 eras, 285 rows" in said.out


def test_a_target_is_predictions_only_where_it_is_named(evaluated: Path, score: Score, tmp_path: Path) -> None:
    rows = pd.read_parquet("mine/validation.parquet")
    path = written(rows[rows[ERA].isin(ERAS)][[ERA, "target_ender_20", *tiny.FEATURES]], tmp_path / "mine.parquet")
    unnamed = score(path)
    assert unnamed.code == 3
    assert "counts as them only if it is named" in unnamed.error
    named = score(path, "--column", "target_ender_20", "--target", "target_ender_20", "--output", tmp_path / "out")
    assert named.code == 0, named.error
    assert json.loads((tmp_path / "out/validation.json").read_text())["mae"] == 0


def test_targets_are_taken_from_the_command(evaluated: Path, score: Score, tmp_path: Path) -> None:
    targets = ("--target", "target_ender_20", "--target", tiny.MAIN_TARGET)
    score(paths.PREDICTIONS, *targets, "--output", tmp_path / "out")
    found, published = per_era(tmp_path / "out"), per_era(paths.METRICS)
    rows = found[ERA] != GAP_ERA
    np.testing.assert_array_equal(found["corr_ender_60"][rows], published["corr"][rows])
    assert not np.array_equal(found["corr"], published["corr"])


def test_a_rounds_payout_is_simulated(evaluated: Path, score: Score, tmp_path: Path) -> None:
    score(paths.PREDICTIONS, "--round", 1343, "--output", tmp_path / "out")
    eras = per_era(tmp_path / "out")
    expected = (3 * eras["corr"] + 15 * eras["mmc"]).clip(-1, 1)
    np.testing.assert_allclose(eras["payout"], expected, atol=2e-5)


# What it leaves out, and says so


def test_a_constant_era_is_named_and_counted(evaluated: Path, score: Score, tmp_path: Path) -> None:
    frame = labelled()
    frame.loc[frame[ERA] == "0033", "prediction"] = 0.5
    said = score(written(frame, tmp_path / "mine.parquet"), "--output", tmp_path / "out")
    assert said.code == 0
    assert "12 eras, 285 rows, 1 of them without a score" in said.out
    assert "left out: era 0033 (constant predictions)" in said.out
    found = score_files.read(tmp_path / "out")
    assert found.headlines["eras_unscored"] == 1
    eras = found.tables["per_era"].set_index(ERA)
    assert np.isnan(eras.loc["0033", "corr"])
    assert eras["corr"].count() == 11


def test_a_constant_era_is_told_of_its_column(evaluated: Path, score: Score, tmp_path: Path) -> None:
    frame = labelled().assign(other=lambda table: table["prediction"])
    frame.loc[frame[ERA].isin(ERAS[:11]), "other"] = 0.5
    said = score(written(frame, tmp_path / "mine.parquet"))
    assert said.code == 0
    assert "left out: era 0031, era 0032" in said.out
    assert "and 1 more of other (constant predictions)" in said.out
    assert said.out.count("(constant predictions)") == 1


def test_rows_that_cannot_be_scored_are_counted(
    evaluated: Path, files: tiny.Market, score: Score, tmp_path: Path
) -> None:
    rows = pd.concat([files.train, files.validation, files.live])
    said = score(written(random_for(rows), tmp_path / "mine.csv"))
    assert said.code == 0
    unresolved = tiny.TEST_ERAS * tiny.ROWS_PER_ERA + GAP_ROWS
    unknown = f"{unresolved} validation rows of test eras or whose target_ender_60 is not known"
    assert f"not scored: {unknown}, 720 training rows" in said.out
    assert "24 live rows" in said.out
    assert "12 eras, 285 rows" in said.out


@pytest.mark.parametrize(("kept", "code"), [(24, 0), (20, 0), (19, 3), (1, 3)])
def test_an_era_needs_most_of_its_rows(evaluated: Path, score: Score, tmp_path: Path, kept: int, code: int) -> None:
    frame = predictions()
    said = score(written(pd.concat([frame[:kept], frame[24:]]), tmp_path / "mine.parquet"))
    assert said.code == code
    if code:
        assert f"less than 80% of an era (era 0031: {kept} of 24 rows)" in said.error
    elif kept < 24:
        assert f"{24 - kept} rows of the scored eras have no prediction" in said.out
    else:
        assert "no prediction" not in said.out


def test_a_row_without_a_target_needs_no_prediction(evaluated: Path, score: Score, tmp_path: Path) -> None:
    frame = labelled()
    gap = frame.index[frame[ERA] == GAP_ERA]
    kept = frame.drop(gap[:GAP_ROWS]).drop(gap[-4:])
    said = score(written(kept, tmp_path / "mine.parquet"))
    assert said.code == 0, said.error
    assert "4 rows of the scored eras have no prediction" in said.out
    too_few = score(written(kept.drop(gap[-5:-4]), tmp_path / "mine.parquet"))
    assert too_few.code == 3
    assert f"era {GAP_ERA}: 16 of 21 rows" in too_few.error


def test_eras_may_be_missing(evaluated: Path, score: Score, tmp_path: Path) -> None:
    frame = labelled()
    score(written(frame[frame[ERA].isin(ERAS[3:9])], tmp_path / "mine.parquet"), "--output", tmp_path / "out")
    found, published = per_era(tmp_path / "out"), per_era(paths.METRICS)
    assert list(found[ERA]) == ERAS[3:9]
    np.testing.assert_array_equal(found["corr"], published["corr"][3:9])


# What it refuses


@pytest.mark.parametrize("form", BAD | NO_FILE)
def test_bad_predictions_end_with_a_sentence(evaluated: Path, score: Score, tmp_path: Path, form: str) -> None:
    ending, write, sentence = (BAD | NO_FILE)[form]
    path = tmp_path / f"mine.{ending}"
    write(predictions(), path)
    refused(score(path, "--output", tmp_path / "out"), 3 if form in BAD else 2, sentence)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("what", ["train", "live", "test"])
def test_without_a_row_that_has_a_target(
    evaluated: Path, files: tiny.Market, score: Score, tmp_path: Path, what: str
) -> None:
    every = pd.concat([files.train, files.validation, files.live])
    path = written(random_for(every[every[DATA_TYPE] == what]), tmp_path / "mine.parquet")
    refused(score(path), 3, "has no row of a validation era whose target_ender_60 is known")


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--target", "target_enderr_60"], 2, "did you mean 'target_ender_60'"),
        (["--target", "feature_x"], 2, "which the data does not have: there are: target_agnes_20,"),
        (["--target", "target_ender_20", "--target", "target_enderr_60"], 2, "did you mean 'target_ender_60'"),
        (["--target", "target"], 2, "`target` is an alias .* equals target_ender_60 here"),
        (["--target", "target_ender_60", "--target", "target"], 2, "`target` is an alias .* equals target_ender_60"),
        (["--target", UNRESOLVED], 3, f"{UNRESOLVED} is not known in any validation era yet"),
        (["--column", "predictions"], 2, "no column 'predictions'; did you mean 'prediction'"),
        (["--column", "era"], 2, "'era' holds .*string. Predictions are numbers"),
        (["--column", ""], 2, "no column ''"),
        (["--round", "5"], 2, "nobody knows how round 5 paid"),
        (["--round", "-1"], 2, "nobody knows how round -1 paid"),
        (["--output", "metrics"], 2, "holds the scores of the pipeline"),
        (["--output", "./mine/../metrics/"], 2, "holds the scores of the pipeline"),
        (["--output", "params.yaml"], 2, "params.yaml is a file: --output must name a folder"),
        (["--output", "params.yaml/deeper"], 2, "params.yaml is a file: --output must name a folder"),
    ],
)
def test_a_wrong_option_ends_with_a_sentence(
    evaluated: Path, score: Score, arguments: list[str], code: int, sentence: str
) -> None:
    before = {path: path.stat().st_mtime_ns for path in evaluated.rglob("*")}
    refused(score(paths.PREDICTIONS, *arguments), code, sentence)
    assert {path: path.stat().st_mtime_ns for path in evaluated.rglob("*")} == before


@pytest.mark.parametrize("name", ["../evil", "a/b", "..", "/evil"])
def test_a_column_writes_nowhere_else(evaluated: Path, score: Score, tmp_path: Path, name: str) -> None:
    path = written(predictions().assign(**{name: lambda table: -table["prediction"]}), tmp_path / "mine.parquet")
    refused(score(path, "--output", tmp_path / "out" / "here"), 2, "no folder can be called")
    assert not (tmp_path / "out").exists()
    assert score(path, "--output", tmp_path / "out" / "here", "--column", name).code == 0


def test_columns_do_not_replace_the_pipelines_scores(own: Path, score: Score, tmp_path: Path) -> None:
    path = written(predictions().assign(metrics=lambda table: -table["prediction"]), tmp_path / "mine.parquet")
    before = paths.SCORES.read_bytes()
    refused(score(path, "--output", "."), 2, "metrics holds the scores of the pipeline")
    assert paths.SCORES.read_bytes() == before


def test_a_folder_that_may_not_be_written(
    evaluated: Path, score: Score, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(tmp_path))

    monkeypatch.setattr(atomic.Path, "mkdir", refuse)
    said = score(paths.PREDICTIONS, "--output", tmp_path / "out")
    assert "12 eras, 285 rows" in said.out
    refused(said, 5, "may not be written .Permission denied.")


# What the data lacks


def test_nothing_fetched(own: Path, score: Score, tmp_path: Path) -> None:
    mine = written(predictions(), tmp_path / "mine.parquet")
    shutil.rmtree("data")
    refused(score(mine), 3, "there is no history here. `dvc repro` fetches it")


def test_elsewhere(score: Score, tmp_path: Path) -> None:
    refused(score(tmp_path / "mine.csv"), 2, "Run this in the root of the repository")


def test_params_of_other_data_than_was_fetched(own: Path, score: Score) -> None:
    content = yaml.safe_load(paths.PARAMS.read_text())
    recorded = {"data": content["data"], "round.history": content["round"]["history"], "seed": content["seed"] + 1}
    paths.LOCK.write_text(yaml.safe_dump({"stages": {"fetch@history": {"params": {"params.yaml": recorded}}}}))
    assert score(paths.PREDICTIONS).code == 0
    change_params(own, "data", path="other")
    refused(score(paths.PREDICTIONS), 2, "data changed since the history was fetched: run `dvc repro` first")


def test_params_that_fit_no_schema(own: Path, score: Score) -> None:
    change_params(own, "score", draws=1)
    said = score(paths.PREDICTIONS)
    assert said.code == 2
    assert "score.draws" in said.error
