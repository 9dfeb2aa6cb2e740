"""What headlines are on, what stands beside them, and what is left out of them."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from numerai_rounds.base.columns import ERA
from numerai_rounds.base.errors import DataError
from numerai_rounds.commands.reporting import report
from numerai_rounds.io.files import paths
from numerai_rounds.io.scores import score_files
from numerai_rounds.io.scores.rough import rough
from numerai_rounds.stages import evaluate, split
from tests import tiny
from tests.conftest import Repository
from tests.forms import Frame, written
from tests.io import stores
from tests.scoring.files import (
    BENCHMARK,
    ERAS,
    FORMS,
    META,
    UNRESOLVED,
    Score,
    change_params,
    labelled,
    per_era,
    refused,
)


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


def test_the_usual_feature_set_may_be_missing(own: Path, score: Score, tmp_path: Path) -> None:
    path = paths.raw("history", "features")
    path.write_text(path.read_text().replace("fncv3_features", "others"))
    change_params(own, "score", neutral_sets=["medium", "fncv3_features"])
    said = score(paths.PREDICTIONS, "--output", tmp_path / "out")
    assert "features.json has no feature set 'fncv3_features'" in said.out
    assert "fnc_medium" in per_era(tmp_path / "out")


@pytest.mark.parametrize("wrong", ["fncv3_feature", "nonsense"])
def test_a_feature_set_that_there_is_not_is_refused(own: Path, score: Score, wrong: str) -> None:
    change_params(own, "score", neutral_sets=["medium", wrong])
    hint = "did you mean 'fncv3_features'" if wrong == "fncv3_feature" else "there are: "
    refused(score(paths.PREDICTIONS), 2, f"score.neutral_sets has '{wrong}', .*: {hint}")


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


def enough_eras() -> Frame:
    """Put 100 validation eras in place, with neither meta model nor benchmark; their rows."""
    tables = tiny.market()
    eras = [f"{number:04d}" for number in range(31, 131)]
    more = [tables.validation.head(24).assign(**{ERA: era}) for era in eras]
    for number, era in enumerate(more):
        era.index = pd.Index([f"n{number:06d}{row:08d}" for row in range(len(era))], name="id")
    tables.validation = pd.concat(more)
    stores.place(tables)
    for extra in ("meta_model", "validation_benchmark_models"):
        paths.raw("history", extra).unlink()
    return tables.validation


def test_every_column_has_its_intervals(own: Path, score: Score, tmp_path: Path) -> None:
    frame = pd.DataFrame(np.random.default_rng(4).random((2400, 2)), enough_eras().index, ["a", "b"])
    said = score(written(frame, tmp_path / "mine.parquet"), "--output", tmp_path / "out")
    assert said.code == 0, said.error
    for name in frame:
        row = score_files.read(tmp_path / "out" / name).tables["summary"].set_index("score").loc["corr"]
        mean, sharpe = (f"{row[f'{kind}_low']:{form}} to {row[f'{kind}_high']:{form}}" for kind, form in FORMS)
        (line,) = [line for line in said.out.splitlines() if re.match(rf"{name} +100 ", line)]
        assert mean in line
        assert sharpe in line


def test_a_meta_model_of_few_eras_leaves_its_scores_without_intervals_and_the_others_theirs(
    own: Path, score: Score, tmp_path: Path
) -> None:
    rows = enough_eras()
    few = rows.loc[rows[ERA] > "0122", [ERA, "data_type"]]
    random = np.random.default_rng(5)
    written(few.assign(numerai_meta_model=random.random(len(few))), paths.raw("history", "meta_model"))
    frame = pd.DataFrame({"prediction": random.random(len(rows))}, rows.index)
    said = score(written(frame, tmp_path / "mine.parquet"), "--output", tmp_path / "out")
    assert said.code == 0, said.error
    shown = {line.split()[0]: line for line in said.out.splitlines() if line.strip()}
    assert re.search(r"^corr +100 +8\.3 .* to .* to ", shown["corr"])
    assert re.search(r"^mmc +8 +0\.7 (?!.* to ).* of 8 ", shown["mmc"])
    assert "interval of meta_model_corr, interval of mmc (8 eras that share news over 12 are 0.7 " in said.out
    compared = json.loads((tmp_path / "out" / score_files.COMPARED).read_text())
    assert set(compared) == {"corr_mean", "corr_sharpe"}
    assert "mmc_mean" in json.loads((tmp_path / "out" / score_files.HEADLINES).read_text())


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
