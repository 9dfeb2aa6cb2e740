"""`rounds list`: what was played, from git and the receipts alone."""

import subprocess
from pathlib import Path

import pytest
import yaml

from numerai_rounds.base.errors import ConfigurationError
from numerai_rounds.commands.listing import list_rounds
from numerai_rounds.io.repository import committed
from numerai_rounds.play import kept_scores
from numerai_rounds.play.kept_scores import LiveScore
from tests.conftest import Repository
from tests.past import CORR, MMC, PARAMS, PROMISED, ground, head, promise, sent

TARGET = PARAMS["target"]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return ground(tmp_path)


def rows(capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    """The cells of each line that begins with a round."""
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    return [cells for cells in lines if cells and cells[0].isdigit()]


def scored(number: int, name: str, value: float | None, resolved: bool = True) -> LiveScore:
    return LiveScore(
        round=number,
        model="mine",
        score=name,
        version="3",
        day=20,
        value=value,
        percentile=0.5,
        date="2026-11-01",
        resolved=resolved,
    )


def test_rounds_come_newest_first_with_what_became_of_them(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    first = head(repository)
    later = promise(repository, PROMISED | {"corr_mean": 0.02})
    sent(1400, first)
    sent(1401, later, experiment="slower", outcome="late", scores={"corr": CORR})
    sent(1402, later)
    kept_scores.write([scored(1400, CORR, 0.0123), scored(1400, MMC, -0.001), scored(1402, CORR, 0.5, resolved=False)])
    list_rounds()
    assert rows(capsys) == [
        [
            "1402",
            "mine",
            TARGET,
            "0.0200",
            "0.71",
            "accepted",
            "1402abc-",
            "2026-11-03",
            "12:01",
            "day",
            "20",
            "pending",
        ],
        ["1401", "mine=slower", TARGET, "0.0200", "0.71", "late", "1401abc-", "2026-11-02", "12:01"],
        ["1400", "mine", TARGET, "0.0115", "0.71", "accepted", "1400abc-", "2026-11-01", "12:01", "0.0123", "-0.0010"],
    ]


def test_a_round_without_a_receipt_was_not_sent(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    repository.run("git", "tag", "--annotate", "--message", "x", "round-1399")
    promise(repository, PROMISED | {"corr_mean": 0.03})
    repository.run("git", "tag", "round-1399.2")
    repository.run("git", "tag", "round-1398-slower")
    repository.run("git", "tag", "round-the-world")
    sent(1400, head(repository), outcome="rejected", submission_id=None, submitted=None)
    sent(1400, head(repository), outcome="creating", submission_id=None, submitted=None, model="other")
    list_rounds()
    assert sorted(rows(capsys), reverse=True) == [
        ["1400", "other", TARGET, "0.0300", "0.71", "unknown"],
        ["1400", "mine", TARGET, "0.0300", "0.71", "rejected"],
        ["1399", TARGET, "0.0300", "0.71", "not", "sent"],
        ["1398", TARGET, "0.0300", "0.71", "not", "sent"],
    ]


def test_the_target_is_the_one_that_the_commits_scores_are_on(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever the model learnt; and what rests on few eras says so."""
    summary = "score,target,eras,mean,mean_low,mean_high,sharpe\ncorr,target_ender_20,8,0.012345,,,1.234\n"
    (repository.path / "metrics/summary.csv").write_text(summary)
    sent(1400, promise(repository, {"corr_mean": 0.012345, "corr_sharpe": 1.234}))
    list_rounds()
    assert rows(capsys)[0][:7] == ["1400", "mine", "target_ender_20", "0.012", "(8", "eras)", "1.2"]


def by_hand(
    repository: Repository, number: int, mean: float, source: str = "numerai", *, predicts: bool = True
) -> None:
    """Commit a round as a person would: pinned, and predicted."""
    pins = {"round": {"source": source, "number": number}}
    (repository.path / "conf/round.yaml").write_text(yaml.safe_dump(pins))
    if predicts:
        params = {"model.kind": "ridge", "round.number": number}
        lock = {"schema": "2.0", "stages": {"submit": {"cmd": "x", "params": {"params.yaml": params}}}}
        (repository.path / "dvc.lock").write_text(yaml.safe_dump(lock))
    promise(repository, PROMISED | {"corr_mean": mean})


def test_a_round_committed_by_hand_is_listed_with_its_newest_commit(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    by_hand(repository, 1401, 0.01)
    by_hand(repository, 1402, 0.02, "sample")
    by_hand(repository, 1403, 0.03)
    by_hand(repository, 1403, 0.04)
    sent(1403, head(repository), outcome="rejected", submission_id=None, submitted=None)
    by_hand(repository, 1404, 0.05)
    repository.run("git", "tag", "round-1404")
    by_hand(repository, 1405, 0.06)
    by_hand(repository, 1405, 0.07)
    by_hand(repository, 1406, 0.08, predicts=False)  # pinned alone: its scores are those of round 1405
    list_rounds()
    assert rows(capsys) == [
        ["1405", TARGET, "0.0800", "0.71", "not", "sent"],
        ["1404", TARGET, "0.0500", "0.71", "not", "sent"],
        ["1403", "mine", TARGET, "0.0400", "0.71", "rejected"],
        ["1402", TARGET, "0.0200", "0.71", "not", "sent:", "sample", "data"],
        ["1401", TARGET, "0.0100", "0.71", "not", "sent"],
    ]


def test_rounds_are_found_where_git_begins_above_the_root(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ground(tmp_path)
    (tmp_path / "below/conf").mkdir(parents=True)
    by_hand(Repository(tmp_path / "below"), 1402, 0.02, "sample")
    monkeypatch.chdir(tmp_path / "below")
    list_rounds()
    assert [row[0] for row in rows(capsys)] == ["1402"]


def test_a_season_of_commits_takes_as_many_processes_as_one(
    repository: Repository, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []
    run = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda *args, **kwargs: started.append(args) or run(*args, **kwargs))
    counts = []
    for numbers in (range(1401, 1402), range(1402, 1412)):
        for number in numbers:
            by_hand(repository, number, 0.01)
        started.clear()
        committed.rounds()
        counts.append(len(started))
    assert counts[0] == counts[1]
    list_rounds(3)
    assert [cells[0] for cells in rows(capsys)] == ["1411", "1410", "1409", "8"]


def test_a_commit_that_is_not_here_leaves_cells_empty(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    sent(1400, "c0ffee" * 6)
    list_rounds()
    assert rows(capsys)[0][:3] == ["1400", "mine", "accepted"]


def test_only_the_last_rounds_are_shown(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(1400, 1405):
        sent(number, head(repository))
    list_rounds(2)
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.splitlines() if line.startswith("14")] == ["1404", "1403"]
    assert "3 earlier: `rounds list --last 5`." in out


def test_nothing_played_is_one_sentence(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    list_rounds()
    assert capsys.readouterr().out == "No round was played here yet: `rounds run` plays one.\n"


def test_what_git_cannot_bring_is_one_sentence(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    by_hand(repository, 1401, 0.01)
    lock = repository.run("git", "rev-parse", "HEAD:dvc.lock").stdout.strip()
    (repository.path / ".git/objects" / lock[:2] / lock[2:]).unlink()
    assert list(committed.rounds()) == [1401]  # by what it pins, then
    monkeypatch.setattr(committed, "_commits", lambda: ["HEAD"])
    (repository.path / ".git/HEAD").write_text("nonsense")
    with pytest.raises(ConfigurationError, match="git cat-file failed: fatal"):
        committed.rounds()


def test_outside_a_repository_git_says_so() -> None:
    with pytest.raises(ConfigurationError, match="not a git repository"):
        list_rounds()
