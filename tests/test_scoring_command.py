"""`rounds score` end to end: what it says about any file of predictions, and how it ends."""

import json
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from numerai_rounds.base.columns import DATA_TYPE, ERA
from numerai_rounds.base.errors import DataError
from numerai_rounds.commands import configure, opening
from numerai_rounds.commands.app import app
from numerai_rounds.commands.reporting import report
from numerai_rounds.io import atomic, paths, process, score_files
from numerai_rounds.io.rough import rough
from numerai_rounds.stages import bin as binning
from numerai_rounds.stages import evaluate, fetch, select, split, train
from tests import tiny
from tests.conftest import ROOT, Repository
from tests.forms import BAD, GOOD, NO_FILE, Frame, written
from tests.io import stores

UNRESOLVED = "target_agnes_20"
GAP_ERA, GAP_ROWS = "0035", 3
"""An era in which some rows have no target."""
ERAS = [f"{tiny.TRAIN_ERAS + number:04d}" for number in range(1, tiny.VALIDATION_ERAS + 1)]
OVERRIDES = ("data=local", "data.path=mine", "select.k=6", "model.n_estimators=5", "model.min_data_in_leaf=5")


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    error: str


Score = Callable[..., Said]
META, BENCHMARK = ("mmc", "cwmm", "meta_model_corr"), ("bmc", "cwbm", "benchmark_corr")
FORMS = (("mean", ".4f"), ("sharpe", ".2f"))


def market() -> tiny.Market:
    """Tiny files with a benchmark model, the features of FNC, a target without answers and an era with gaps."""
    files = tiny.market()
    files.features["feature_sets"]["fncv3_features"] = tiny.FEATURES[:3]
    files.validation[UNRESOLVED] = np.float32("nan")
    gap = files.validation.index[files.validation[ERA] == GAP_ERA][:GAP_ROWS]
    files.validation.loc[gap, ["target", tiny.MAIN_TARGET]] = np.float32("nan")
    random = np.random.default_rng(3)
    benchmark = files.validation[[ERA, DATA_TYPE]].assign(v53_lgbm_ender60=random.random(len(files.validation)))
    files.extras["validation_benchmark_models"] = benchmark
    return files


@pytest.fixture(scope="module")
def files() -> tiny.Market:
    return market()


@pytest.fixture(scope="module")
def evaluated_once(files: tiny.Market, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Configuration, data, model and scores of a pipeline that has run; nobody changes it."""
    folder = tmp_path_factory.mktemp("evaluated")
    shutil.copytree(ROOT / "conf", folder / "conf")
    shutil.copy(ROOT / "params.yaml", folder)
    tiny.write_v5(folder / "mine", files)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        configure.compose([*OVERRIDES, "model.feature_fraction=1.0", "score.draws=200"])
        opening.open_round(None, following=False)
        for part in ("history", "live"):
            patch.setattr(sys, "argv", ["fetch", part])
            fetch.main()
        for stage in (split, select, binning, train, evaluate):
            stage.main()
    return folder


@pytest.fixture
def evaluated(evaluated_once: Path, hermetic: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, as the working folder."""
    monkeypatch.chdir(evaluated_once)
    return evaluated_once


@pytest.fixture
def own(evaluated_once: Path, hermetic: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A copy as the working folder, to be changed."""
    folder = tmp_path / "own"
    shutil.copytree(evaluated_once, folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def score(capsys: pytest.CaptureFixture[str]) -> Score:
    def run(*arguments: object) -> Said:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            process.run(partial(app, ["score", *map(str, arguments)]))
        said = capsys.readouterr()
        return Said(int(ended.value.code or 0), said.out, said.err)

    return run


def predictions() -> Frame:
    """The pipeline's own, without eras."""
    return pd.read_parquet(paths.PREDICTIONS)[["prediction"]]


def labelled() -> Frame:
    return pd.read_parquet(paths.PREDICTIONS)


def random_for(rows: Frame) -> Frame:
    return Frame({"prediction": np.random.default_rng(1).random(len(rows))}, index=rows.index)


def per_era(folder: Path) -> Frame:
    return score_files.read(folder).tables["per_era"]


def change_params(folder: Path, section: str, **values: Any) -> None:
    path = folder / "params.yaml"
    content = yaml.safe_load(path.read_text())
    content[section] |= values
    path.write_text(yaml.safe_dump(content))


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
    assert "counts as them only where it is named" in unnamed.error
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


def refused(said: Said, code: int, sentence: str) -> None:
    assert said.code == code, said
    lines = said.error.splitlines()
    assert len(lines) == 1
    assert lines[0].isprintable()
    assert len(lines[0]) < 700
    assert lines[0].startswith("error: ")
    assert lines[0].endswith((".", "?"))
    assert re.search(sentence, lines[0])


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


def test_a_benchmark_that_does_not_exist(own: Path, score: Score) -> None:
    change_params(own, "score", benchmark="v53_lgbm_ender06")
    refused(score(paths.PREDICTIONS), 2, "score.benchmark: .* did you mean 'v53_lgbm_ender60'")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        ({"benchmark": None}, "benchmark_corr, bmc, cwbm (score.benchmark is null)"),
        (
            "validation_benchmark_models",
            "benchmark_corr, bmc, cwbm (validation_benchmark_models.parquet is not here: a folder in the v5 layout",
        ),
        (
            "meta_model",
            "cwmm, meta_model_corr, mmc (meta_model.parquet is not here: a folder in the v5 layout can hold",
        ),
        (
            {"neutral_sets": ["fncv3_feature"]},
            "fnc (features.json has no feature set 'fncv3_feature' that names features)",
        ),
    ],
)
def test_what_cannot_be_scored_is_left_out_by_name(
    own: Path, score: Score, tmp_path: Path, spoil: str | dict[str, Any], reason: str
) -> None:
    if isinstance(spoil, str):
        paths.raw("history", spoil).unlink()
    else:
        change_params(own, "score", **spoil)
    said = score(paths.PREDICTIONS, "--output", tmp_path / "out")
    assert said.code == 0, said.error
    assert f"left out: {reason}" in said.out
    left_out = set(score_files.read(tmp_path / "out").tables["left_out"]["what"])
    assert not left_out.intersection(per_era(tmp_path / "out"))


def test_one_feature_set_of_two(own: Path, score: Score, tmp_path: Path) -> None:
    change_params(own, "score", neutral_sets=["medium", "nonsense"])
    said = score(paths.PREDICTIONS, "--output", tmp_path / "out")
    assert "features.json has no feature set 'nonsense'" in said.out
    assert "fnc_medium" in per_era(tmp_path / "out")


@pytest.mark.parametrize("rows", [24, 20, 19, 1, 0])
@pytest.mark.parametrize(("role", "metrics"), [("meta_model", META), ("validation_benchmark_models", BENCHMARK)])
def test_another_model_of_a_part_of_an_era_costs_what_needs_it_there(
    own: Path, score: Score, tmp_path: Path, role: str, metrics: tuple[str, ...], rows: int
) -> None:
    path = paths.raw("history", role)
    table = pd.read_parquet(path)
    era = table.index[table[ERA] == "0040"]
    table.drop(era[rows:]).to_parquet(path)
    said = score(paths.PREDICTIONS, "--output", tmp_path / "out")
    assert said.code == 0, said.error
    eras = per_era(tmp_path / "out").set_index(ERA)
    before = per_era(paths.METRICS).set_index(ERA)
    for name in metrics:
        assert eras[name].isna()["0040"] == (rows < 20)
        np.testing.assert_array_equal(eras[name].drop("0040"), before[name].drop("0040"))
    assert eras["corr"].notna().all()
    told = f"left out: {metrics[0]} in era 0040: {rows} of 24 rows ({path} must have predictions for 80% of an era)"
    assert (told in said.out) == (rows < 20)


def test_a_model_that_covers_no_era_has_no_score(own: Path, score: Score) -> None:
    path = paths.raw("history", "meta_model")
    table = pd.read_parquet(path)
    table[table.groupby(ERA).cumcount() < 12].to_parquet(path)
    said = score(paths.PREDICTIONS)
    assert said.code == 0, said.error
    assert "left out: mmc in era 0037: 12 of 24 rows, mmc in era 0038: 12 of 24 rows" in said.out
    assert "(no era has it)" in said.out
    assert "left out: payout" in said.out


def test_an_era_that_another_model_skips_is_told(own: Path, score: Score) -> None:
    path = paths.raw("history", "meta_model")
    table = pd.read_parquet(path)
    table.loc[table[ERA] == "0041", "numerai_meta_model"] = np.nan
    table[table[ERA] != "0039"].to_parquet(path)
    said = score(paths.PREDICTIONS)
    assert said.code == 0, said.error
    assert "left out: mmc in era 0039: 0 of 24 rows, mmc in era 0041: 0 of 24 rows (" in said.out
    assert said.out.count("0 of 24 rows") == 2  # no word of the eras before there was a meta model


# What the headlines are on


def pays(folder: Path, target: str) -> None:
    """Have the pinned round pay for a target, and the model learn another one."""
    policy = {"target": target, "corr": 3.0, "mmc": 15.0, "clip": 1.0, "factor": 1.0}
    change_params(folder, "round", payout=policy)
    content = yaml.safe_load(paths.PARAMS.read_text()) | {"target": "target_ender_20"}
    paths.PARAMS.write_text(yaml.safe_dump(content))


def test_headlines_stay_on_the_target_that_pays_whatever_the_model_learns(
    own: Path, score: Score, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = score_files.read(paths.METRICS)
    pays(own, tiny.MAIN_TARGET)
    evaluate.main()
    assert f"on {tiny.MAIN_TARGET}, 12 eras" in capsys.readouterr().out
    found = score_files.read(paths.METRICS)
    on = found.tables["summary"].set_index("score")["target"]
    assert (on["corr"], on["corr_ender_20"], on["payout"]) == (tiny.MAIN_TARGET, "target_ender_20", tiny.MAIN_TARGET)
    for name in ("corr_mean", "corr_sharpe", "mmc_mean", "spearman_mean", "mae", "feature_exposure"):
        assert found.headlines[name] == before.headlines[name], name
    said = score(paths.PREDICTIONS, "--output", tmp_path / "out")
    assert f", {tiny.MAIN_TARGET}: 12 eras" in said.out
    assert (tmp_path / "out/validation.json").read_bytes() == paths.SCORES.read_bytes()

    change_params(own, "score", target="target_ender_20")
    evaluate.main()
    assert "on target_ender_20, 12 eras" in capsys.readouterr().out
    found = score_files.read(paths.METRICS)
    assert found.headlines["corr_mean"] != before.headlines["corr_mean"]
    assert "corr_ender_60" in found.tables["per_era"]
    assert score(paths.PREDICTIONS, "--target", tiny.MAIN_TARGET, "--output", tmp_path / "main").code == 0
    headlines = json.loads((tmp_path / "main/validation.json").read_text())
    assert headlines["corr_mean"] == before.headlines["corr_mean"]


@pytest.mark.parametrize("paid", ["target_foo_60", UNRESOLVED, None])
def test_headlines_are_on_the_models_target_where_nothing_else_is_known(
    own: Path, capsys: pytest.CaptureFixture[str], paid: str | None
) -> None:
    if paid:
        pays(own, paid)
    evaluate.main()
    expected = "target_ender_20" if paid else tiny.MAIN_TARGET
    assert f" on {expected}, 12 eras" in capsys.readouterr().out


def test_eras_without_an_answer_to_what_pays_are_predicted_and_not_scored(
    own: Path, score: Score, capsys: pytest.CaptureFixture[str]
) -> None:
    tables = tiny.market()
    late = tables.validation[ERA] > "0038"
    tables.validation.loc[late, ["target", tiny.MAIN_TARGET]] = np.float32("nan")
    stores.place(tables)
    pays(own, tiny.MAIN_TARGET)
    split.main()
    evaluate.main()
    assert f"4 of 12 validation eras have no answers to {tiny.MAIN_TARGET}: predicted" in capsys.readouterr().out
    assert labelled()[ERA].nunique() == 12
    assert list(per_era(paths.METRICS)[ERA]) == ERAS[:8]
    assert score(paths.PREDICTIONS).code == 0


def test_models_that_learn_other_targets_are_scored_on_the_same_eras(own: Path) -> None:
    tables = tiny.market()
    for column, late in (("target_ender_20", "0038"), (tiny.MAIN_TARGET, "0040")):
        tables.validation.loc[tables.validation[ERA] > late, column] = np.float32("nan")
    tables.validation["target"] = tables.validation[tiny.MAIN_TARGET]
    stores.place(tables)
    pays(own, tiny.MAIN_TARGET)
    split.main()
    evaluate.main()
    assert list(per_era(paths.METRICS)[ERA]) == ERAS[:10]  # all that the target that pays is known in


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("target", "target_enderr_60", "score.target is 'target_enderr_60', .* did you mean 'target_ender_60'"),
        ("target", "target_foo", "score.target is 'target_foo', .* there are: target_agnes_20, target_ender_20"),
        ("target", "target", "score.target: `target` is an alias .* equals target_ender_60 here"),
        ("targets", ["target"], "score.targets: `target` is an alias .* equals target_ender_60 here"),
        ("targets", ["target_foo"], "score.targets is 'target_foo', .* there are: target_agnes_20"),
    ],
)
def test_a_target_of_scores_that_there_is_not(own: Path, score: Score, key: str, value: Any, sentence: str) -> None:
    change_params(own, "score", **{key: value})
    refused(score(paths.PREDICTIONS), 2, sentence)


def test_a_target_without_answers_is_refused_with_another(own: Path) -> None:
    change_params(own, "score", target=UNRESOLVED)
    advice = f"{UNRESOLVED}, which scores are on, .* `rounds compose score.target={tiny.MAIN_TARGET}`"
    with pytest.raises(DataError, match=advice):
        evaluate.main()


# Beside others


def test_the_benchmarks_own_scores_are_those_of_its_column(evaluated: Path, score: Score, tmp_path: Path) -> None:
    file = paths.raw("history", "validation_benchmark_models")
    said = score(file, "--column", "v53_lgbm_ender60", "--output", tmp_path / "out")
    assert said.code == 0, said.error
    ours = score_files.read(paths.METRICS).tables["summary"].set_index("score").loc["benchmark_corr"]
    theirs = score_files.read(tmp_path / "out").tables["summary"].set_index("score").loc["corr"]
    for name in ("eras", "mean", "sharpe", "std", "max_drawdown", "worst"):
        assert ours[name] == theirs[name], name
    np.testing.assert_array_equal(per_era(paths.METRICS)["benchmark_corr"], per_era(tmp_path / "out")["corr"])


def test_the_report_shows_the_benchmark_the_meta_model_and_the_last_committed_run(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repository = Repository(own)
    repository.run("git", "init", "--quiet")
    for key, value in {"user.name": "A Person", "user.email": "person@example.org"}.items():
        repository.run("git", "config", key, value)
    repository.commit("first")
    before = shutil.copytree(paths.METRICS, own.parent / "before")
    first = repository.run("git", "rev-parse", "--short=7", "HEAD").stdout.strip()
    paths.LOCK.write_text("stages: {}\n")
    params = paths.PARAMS.read_text()

    def reported() -> list[list[str]]:
        capsys.readouterr()
        report()
        out = capsys.readouterr().out
        assert "(not here: `dvc pull` or `dvc repro` brings it)" in out
        return [line.split() for line in out.splitlines()]

    table = reported()
    mean = rough(score_files.read(paths.METRICS).headlines["corr_mean"])  # 12 eras are too few for an interval
    assert ["this", "run", "12", "1.0", mean] in [line[:5] for line in table]
    assert ["benchmark", "v53_lgbm_ender60", "12"] in [line[:3] for line in table]
    assert ["the", "meta", "model", "6"] in [line[:4] for line in table]
    assert ["this", "run,", "in", "those", "eras", "6"] in [line[:6] for line in table]
    assert ["the", "run", "of", "commit", first, "12", "1.0", mean] in [line[:8] for line in table]

    table_of = paths.METRICS / "summary.csv"
    table_of.write_text("score,target,eras,mean\ncorr,target_ender_60,11,0.5\n")
    repository.commit("of an older version")
    older = repository.run("git", "rev-parse", "--short=7", "HEAD").stdout.strip()
    score_files.write(score_files.read(before), paths.METRICS)
    assert ["the", "run", "of", "commit", older, "11", "0.50"] in [line[:7] for line in reported()]
    table_of.write_text(table_of.read_text().replace("corr,target_ender_60,12,", "corr,target_ender_60,12,9"))
    repository.commit("second")
    assert ["the", "run", "of", "commit", older, "11", "0.50"] in [line[:7] for line in reported()]
    pays(own, "target_ender_20")
    evaluate.main()
    second = repository.run("git", "rev-parse", "--short=7", "HEAD").stdout.strip()
    why = f"the run of commit {second} is on target_ender_60: not compared with target_ender_20"
    assert why.split() in reported()
    paths.PARAMS.write_text(params)


def test_every_column_has_its_intervals(own: Path, score: Score, tmp_path: Path) -> None:
    tables = tiny.market()
    eras = [f"{number:04d}" for number in range(31, 131)]
    more = [tables.validation.head(24).assign(**{ERA: era}) for era in eras]
    for number, era in enumerate(more):
        era.index = pd.Index([f"n{number:06d}{row:08d}" for row in range(len(era))], name="id")
    tables.validation = pd.concat(more)
    stores.place(tables)
    frame = pd.DataFrame(np.random.default_rng(4).random((2400, 2)), tables.validation.index, ["a", "b"])
    for extra in ("meta_model", "validation_benchmark_models"):
        paths.raw("history", extra).unlink()
    said = score(written(frame, tmp_path / "mine.parquet"), "--output", tmp_path / "out")
    assert said.code == 0, said.error
    for name in frame:
        row = score_files.read(tmp_path / "out" / name).tables["summary"].set_index("score").loc["corr"]
        mean, sharpe = (f"{row[f'{kind}_low']:{form}} to {row[f'{kind}_high']:{form}}" for kind, form in FORMS)
        (line,) = [line for line in said.out.splitlines() if re.match(rf"{name} +100 ", line)]
        assert mean in line
        assert sharpe in line


def test_a_meta_model_without_its_column(own: Path, score: Score) -> None:
    path = paths.raw("history", "meta_model")
    pd.read_parquet(path).rename(columns={"numerai_meta_model": "other"}).to_parquet(path)
    refused(score(paths.PREDICTIONS), 3, "no column 'numerai_meta_model'.* run `rounds open`")


def test_an_infinite_meta_model(own: Path, score: Score) -> None:
    path = paths.raw("history", "meta_model")
    table = pd.read_parquet(path)
    table.iloc[3, -1] = np.inf
    table.to_parquet(path)
    refused(score(paths.PREDICTIONS), 3, "meta_model.parquet: 1 of 192 values of `numerai_meta_model` are no numbers")


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
