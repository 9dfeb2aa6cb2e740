"""The pipeline as people use it: what it writes, what re-runs, and that it is the same everywhere."""

import hashlib
import json
import re
import shutil
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from numerai_rounds.commands import configure
from numerai_rounds.io.history.reader import History
from tests.conftest import Repository, dvc

OUTPUTS = [
    *("data/raw", "data/split", "data/features", "data/binned", "data/predictions", "data/submission"),
    *("models", "metrics"),
]


def digest(repository: Repository) -> dict[str, str]:
    """The hash of every output, dvc.lock included."""
    files = [path for folder in OUTPUTS for path in (repository.path / folder).rglob("*") if path.is_file()]
    return {
        str(path.relative_to(repository.path)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in [*files, repository.path / "dvc.lock"]
    }


def edit(repository: Repository, file: str, text: str) -> None:
    """Append to a file, as someone who works on it would."""
    with (repository.path / file).open("a") as handle:
        handle.write(text)


@pytest.fixture
def played(played_once: Repository) -> Repository:
    """A tiny clone whose pipeline has run once; nobody changes it."""
    return played_once


def changed(repository: Repository) -> set[str]:
    """The stages that DVC would run because of what they read, before any other has run."""
    with dvc(repository) as repo:
        return {*repo.status()} - {"guard"}


def would_run(repository: Repository) -> set[str]:
    """The stages that DVC would run, and those that read what they write."""
    names = changed(repository)
    with dvc(repository) as repo:
        after = repo.index.graph.reverse(copy=False)
        reached = {
            stage for each in after if each.addressing in names for stage in (each, *nx.descendants(after, each))
        }
        return {stage.addressing for stage in reached}


@pytest.fixture
def run(played: Repository, tmp_path: Path) -> Repository:
    """A copy of the tiny clone that has run."""
    return played.copy(tmp_path / "run")


def test_nothing_to_do_does_nothing(run: Repository) -> None:
    assert run.repro() == []


AFTER_TRAIN = ["train", "evaluate", "submit"]
AFTER_BIN = ["bin", *AFTER_TRAIN]
AFTER_SELECT = ["select", *AFTER_BIN]
RERUNS = {
    "model": (["model.learning_rate=0.2"], AFTER_TRAIN),
    "how features are binned": (["model.dataset.max_bin=15"], AFTER_BIN),
    "another model": (["model=ridge"], AFTER_BIN),
    "seed": (["seed=8"], AFTER_TRAIN),
    "select": (["select.k=12"], AFTER_SELECT),
    "another selector": (["select=feature_set", "select.name=medium"], AFTER_SELECT),
    "target": (["target=target_ender_20"], ["split", *AFTER_SELECT]),
    "threads": (["threads=1"], []),
}


@pytest.mark.parametrize("change", RERUNS)
def test_what_a_parameter_reruns(run: Repository, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    overrides, stages = RERUNS[change]
    monkeypatch.chdir(run.path)
    configure.compose(overrides)
    assert would_run(run) == {*stages}


@pytest.mark.parametrize(
    "change",
    [
        "another selector",
        *(pytest.param(change, marks=pytest.mark.exhaustive) for change in RERUNS if change != "another selector"),
    ],
)
def test_what_would_run_does(run: Repository, change: str) -> None:
    """Every stage writes something else where its parameters are others."""
    overrides, stages = RERUNS[change]
    run.run("rounds", "compose", *overrides)
    assert sorted(run.repro()) == sorted(stages)


def test_a_new_round_reruns_live_and_submit_only(run: Repository) -> None:
    run.run("rounds", "open", "--next")
    assert would_run(run) == {"fetch@live", "submit"}


def test_a_new_week_does_not_touch_what_training_depends_on(run: Repository) -> None:
    before = json.loads((run.path / "metrics/validation.json").read_text())
    run.run("rounds", "open", "--round", "1348")
    assert sorted(run.repro()) == ["evaluate", "fetch@history", "fetch@live", "split", "submit"]
    after = json.loads((run.path / "metrics/validation.json").read_text())
    assert after["eras"] == before["eras"] + 1


FILES = {
    "src/numerai_rounds/models/kinds/ridge.py": [],
    "src/numerai_rounds/domain/selectors/feature_set.py": [],
    "conf/model/ridge.yaml": [],
    "src/numerai_rounds/models/kinds/lightgbm.py": ["bin", "train", "evaluate", "submit"],
    "src/numerai_rounds/domain/metrics/mae.py": ["evaluate"],
    "src/numerai_rounds/domain/selectors/top_k.py": ["select"],
    "src/numerai_rounds/base/errors.py": [],
    "src/numerai_rounds/io/console.py": [],
    "src/numerai_rounds/io/scores/reports.py": [],
    "src/numerai_rounds/io/sources/_payouts.py": [],
    "README.md": [],
}


def test_what_an_edited_file_changes(run: Repository) -> None:
    for file, stages in FILES.items():
        whole = (run.path / file).read_bytes()
        edit(run, file, "\n# a remark\n")
        assert changed(run) == {*stages}, file
        (run.path / file).write_bytes(whole)


def test_a_stage_that_writes_the_same_reruns_no_other(run: Repository) -> None:
    edit(run, "src/numerai_rounds/domain/selectors/top_k.py", "\n# a remark\n")
    assert run.repro() == ["select"]


@pytest.mark.parametrize("threads", [1, pytest.param(2, marks=pytest.mark.exhaustive)])
def test_two_clones_give_the_same_bytes_with_one_and_two_threads(
    played: Repository, tiny: Repository, threads: int
) -> None:
    """`played` ran with every core, which is threads=0."""
    tiny.run("rounds", "compose", f"threads={threads}")
    tiny.repro(OMP_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS=str(threads))
    assert digest(tiny) == digest(played)


def test_what_others_rely_on(played: Repository) -> None:
    path = played.path
    scores_text = (path / "metrics/validation.json").read_text()
    scores = json.loads(scores_text)
    assert list(scores) == sorted(scores)
    assert len(scores_text.splitlines()) == len(scores) + 2
    assert {"corr_mean", "corr_sharpe", "mmc_mean", "payout_mean"} <= set(scores)
    assert {"spearman_mean", "spearman_sharpe_ddof1", "payout_ratio", "mae", "feature_exposure"} <= set(scores)
    assert len(scores) <= 16
    assert not {"corr_mean_low", "corr_mean_high"} & set(scores)  # 10 eras of a 60-day target are too few
    compared = json.loads((path / "metrics/compare.json").read_text())
    assert set(compared) == {"corr_mean", "corr_sharpe", "eras"}
    left_out = pd.read_csv(path / "metrics/left_out.csv")["what"]
    assert {f"interval of {score}" for score in ("corr", "mmc", "payout")} <= set(left_out)
    assert all(np.isfinite(value) and round(value, 6) == value for value in scores.values())

    per_era = pd.read_csv(path / "metrics/per_era.csv", dtype={"era": str})
    assert per_era.columns[0] == "era"
    assert {"corr", "spearman"} <= set(per_era.columns)
    predictions = pd.read_parquet(path / "data/predictions/validation.parquet")
    assert (predictions.index.name, list(predictions.columns)) == ("id", ["era", "prediction"])
    assert list(per_era["era"]) == list(predictions["era"].unique())
    assert scores["eras"] == len(per_era) == 10

    selected = pd.read_csv(path / "data/features/selected.csv")
    assert list(selected.columns) == ["feature", "score"]
    assert selected["score"].is_monotonic_decreasing
    assert len(selected) == played.params()["select"]["k"]

    submission = pd.read_csv(path / "data/submission/live_predictions.csv")
    live = pd.read_parquet(path / "data/raw/live/live.parquet")
    assert list(submission.columns) == ["id", "prediction"]
    assert list(submission["id"]) == list(live.index)
    assert submission["prediction"].between(0, 1).all()


def test_selection_and_training_never_see_validation(played: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(played.path)
    train = pd.read_csv(played.path / "data/split/train.csv", dtype={"era": str})
    validation = pd.read_csv(played.path / "data/split/validation.csv", dtype={"era": str})
    used = train.loc[train["side"] == "train", "era"].astype(int)
    scored = validation.loc[validation["side"] == "validation", "era"].astype(int)
    assert scored.min() - used.max() == 16 + 1
    candidates = pd.read_csv(played.path / "data/features/candidates.csv").set_index("feature")["correlation"]
    eras = [f"{era:04d}" for era in used]
    rows = list(History(missing_features="refuse").read("train", eras, list(candidates.index), ["target_ender_60"]))
    levels = np.concatenate([era.features for era in rows], axis=1).T
    features = pd.DataFrame(levels, columns=candidates.index, dtype="float64")
    target = pd.Series(np.concatenate([era.targets["target_ender_60"] for era in rows]), dtype="float64")
    expected = features.corrwith(target)
    np.testing.assert_allclose(candidates, expected[candidates.index], atol=1e-9)


def test_experiments_run_show_and_are_promoted(run: Repository) -> None:
    # With ten trees a smaller change is hardly another model, and figures of ten eras are too rough to tell.
    said = run.run("dvc", "exp", "run", "--name", "faster", "-S", "model.learning_rate=0.5").stdout
    assert "on target_ender_60, 10 eras; the benchmark's" in said
    assert "drawdown" not in said  # `rounds report` has the table
    reviewed(run)
    run.run("dvc", "exp", "run", "--name", "linear", "-S", "model=ridge", "-S", "select.k=12")
    shown = run.run("dvc", "exp", "show", "--csv", "--only-changed").stdout
    assert "faster" in shown
    assert "linear" in shown
    assert "0.5" in run.run("dvc", "exp", "diff", "main", "faster").stdout
    assert "corr_mean" in run.run("dvc", "metrics", "diff").stdout
    run.run("dvc", "exp", "apply", "faster")
    said = run.run("rounds", "promote").stdout
    assert said.startswith("conf/ changes")
    assert re.search(r"model\.learning_rate +0\.02 +0\.5", said)
    assert "learning_rate: 0.5" in (run.path / "conf/model/lightgbm.yaml").read_text()
    assert run.repro() == []

    run.run("git", "reset", "--quiet", "--hard")
    run.run("dvc", "checkout", "--quiet")
    run.run("rounds", "promote", "linear")
    assert run.params()["model"]["kind"] == "ridge"
    assert run.params()["select"]["k"] == 12
    assert run.repro() == ["evaluate"]  # metrics are in git, not in DVC's cache; everything else is


def reviewed(run: Repository) -> None:
    """What a person looks at, of one changed parameter of the model, is little."""
    changed = [line.split() for line in run.run("git", "diff", "--numstat").stdout.splitlines()]
    lines = {name: int(added) + int(removed) for added, removed, name in changed}
    assert {"params.yaml", "metrics/summary.csv", "metrics/validation.json", "metrics/compare.json"} <= set(lines)
    in_conf = 2  # once it is promoted
    assert in_conf + sum(lines[name] for name in set(lines) - {"metrics/per_era.csv", "dvc.lock"}) <= 40
    assert len(run.run("dvc", "metrics", "diff", "--md").stdout.splitlines()) <= 24
    shown = run.run("dvc", "exp", "show", "--only-changed", COLUMNS="200").stdout
    assert "corr_sharpe" in shown
    assert "learning_rate" in shown
    assert max(map(len, shown.splitlines())) <= 200


def test_a_clone_without_dvcs_cache_has_the_report(run: Repository, tmp_path: Path) -> None:
    here = run.run("rounds", "report").stdout
    run.run("git", "clone", "--quiet", ".", str(tmp_path / "fresh"))
    fresh = Repository(tmp_path / "fresh")
    assert not (fresh.path / "metrics/by_year.csv").exists()
    there = fresh.run("rounds", "report").stdout
    assert there.splitlines()[:-1] == here.splitlines()[:-1]
    assert "live_predictions.csv (not here: `dvc pull` or `dvc repro` brings it)" in there
    assert "mmc" in there


@pytest.mark.parametrize("override", ["threads=-1", "+nonsense=1", "round.number=-3"])
def test_an_experiment_that_breaks_the_schema_does_not_run(run: Repository, override: str) -> None:
    refused = run.run("dvc", "exp", "run", "-S", override, check=False)
    assert refused.returncode
    assert "does not fit its schema" in refused.stdout
    assert "Ran experiment" not in refused.stdout


def test_an_experiment_is_found_on_top_of_head_or_asked_for(run: Repository) -> None:
    first = run.run("git", "rev-parse", "HEAD").stdout.strip()
    for commit, rate in ((first, "0.3"), ("a" * 40, "0.4")):
        params = (run.path / "params.yaml").read_text().replace("learning_rate: 0.02", f"learning_rate: {rate}")
        (run.path / "params.yaml").write_text(params)
        run.run("git", "add", "params.yaml")
        tree = run.run("git", "write-tree").stdout.strip()
        made = run.run("git", "commit-tree", tree, "-m", "experiment").stdout.strip()
        run.run("git", "update-ref", f"refs/exps/{commit[:2]}/{commit[2:]}/same-name", made)
        run.run("git", "reset", "--quiet", "--hard")
    run.run("rounds", "promote", "same-name")
    assert run.params()["model"]["learning_rate"] == 0.3
    run.commit("promoted")
    several = run.run("rounds", "promote", "same-name", check=False)
    assert several.returncode == 2
    assert "on each of the commits" in several.stdout


def test_an_experiment_of_an_older_round_is_promoted_on_the_present_one(run: Repository) -> None:
    (run.path / "src/numerai_rounds/gone.py").touch()
    run.commit("a file that goes")
    params = run.path / "params.yaml"
    params.write_text(params.read_text().replace("learning_rate: 0.02", "learning_rate: 0.3"))
    run.run("git", "add", "params.yaml")
    tree = run.run("git", "write-tree").stdout.strip()
    baseline = run.run("git", "rev-parse", "HEAD").stdout.strip()
    made = run.run("git", "commit-tree", tree, "-p", baseline, "-m", "experiment").stdout.strip()
    run.run("git", "update-ref", f"refs/exps/{baseline[:2]}/{baseline[2:]}/faster", made)
    run.run("git", "reset", "--quiet", "--hard")

    run.run("rounds", "open", "--next")
    run.repro()
    (run.path / "receipts").mkdir()
    (run.path / "receipts/note").write_text("sent\n")
    edit(run, "README.md", "More.\n")
    run.run("git", "rm", "--quiet", "src/numerai_rounds/gone.py")
    run.commit("Round 1344")
    before = digest(run)

    run.run("dvc", "exp", "apply", "faster")
    assert run.params()["round"]["number"] == 1343
    stopped = run.run("rounds", "run", check=False)
    assert stopped.returncode == 2
    assert "`rounds promote` keeps its parameters and takes the rest from HEAD" in stopped.stdout
    said = run.run("rounds", "promote").stdout
    assert "round 1344 stays pinned" in said
    assert re.search(r"model\.learning_rate +0\.02 +0\.3", said)
    assert (run.params()["round"]["number"], run.params()["model"]["learning_rate"]) == (1344, 0.3)
    changed = run.run("git", "status", "--porcelain").stdout.split()[1::2]
    assert set(changed) <= {"conf/model/lightgbm.yaml", "params.yaml", "dvc.lock"}
    live = [name for name in before if name.startswith("data/raw/live")]
    assert {name: digest(run)[name] for name in live} == {name: before[name] for name in live}


def test_a_report_is_never_of_other_parameters(run: Repository) -> None:
    assert "submission for round 1343 of sample" in run.run("rounds", "report").stdout
    run.run("rounds", "open", "--next")
    stale = run.run("rounds", "report", check=False)
    assert stale.returncode == 2
    assert "round.live, round.number changed since the last run: run `dvc repro` first" in stale.stdout


def test_an_applied_experiment_is_not_dropped_by_opening_a_round(run: Repository) -> None:
    params = run.path / "params.yaml"
    params.write_text(params.read_text().replace("learning_rate: 0.02", "learning_rate: 0.5"))
    refused = run.run("rounds", "open", "--next", check=False)
    assert refused.returncode == 2
    assert "`rounds promote` to keep" in refused.stdout
    assert run.params()["model"]["learning_rate"] == 0.5


def test_an_interrupted_fetch_goes_on(tiny: Repository) -> None:
    tiny.repro("fetch@history")
    before = digest(tiny)
    shutil.rmtree(tiny.path / "data/raw/history/validation")
    (tiny.path / "data/raw/history/manifest.json").unlink()
    tiny.repro("--force", "fetch@history")
    assert digest(tiny) == before


def test_a_target_that_does_not_exist_is_named_and_a_corrected_run_succeeds(run: Repository) -> None:
    run.run("rounds", "compose", "target=target_enders_20")
    stopped = run.run("dvc", "repro", check=False)
    assert "did you mean 'target_ender_20'" in stopped.stdout
    assert "Traceback" not in stopped.stdout
    run.run("rounds", "compose", "target=target_ender_20")
    assert "submit" in run.repro()


def test_the_alias_is_refused_with_the_name_it_stands_for(run: Repository) -> None:
    run.run("rounds", "compose", "target=target")
    stopped = run.run("python", "-m", "numerai_rounds.stages.split", check=False)
    assert stopped.returncode == 2
    assert "it equals target_ender_60 here" in stopped.stdout


def test_pins_of_another_source_are_refused(run: Repository) -> None:
    run.run("rounds", "compose", "data.seed=2")
    stopped = run.run("python", "-m", "numerai_rounds.stages.fetch", "history", check=False)
    assert stopped.returncode == 2
    assert "rounds open" in stopped.stdout
