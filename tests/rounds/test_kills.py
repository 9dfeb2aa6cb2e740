"""Kills that are aimed at a file: whatever was being written, the next run ends as if nothing had happened."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from numerai_rounds.io.repository import git
from numerai_rounds.play import played
from tests.rounds.season import MODEL, NEXT, Season
from tests.rounds.test_running import RUN, assert_played

AIMED = """
import os, pathlib, signal
target, replace = os.environ.get("KILL_AT"), pathlib.Path.replace
def replaced(self, path):
    if str(path).startswith(target):
        os.kill(os.getpid(), signal.SIGKILL)
    return replace(self, path)
if target:
    pathlib.Path.replace = replaced
"""
"""Every Python that starts, of the run or of a stage, dies when a file is about to get its name."""

TARGETS = ["conf/round.yaml", "data/submission", "receipts"]
"""What the run itself writes before DVC is at work, a stage then, and the run after it."""


def test_killed_while_any_file_is_written_it_goes_on_and_keeps_no_leftover(
    next_round: Season, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aimed = tmp_path / "aimed/sitecustomize.py"
    aimed.parent.mkdir()
    aimed.write_text(AIMED)
    monkeypatch.setenv("PYTHONPATH", f"src{os.pathsep}{aimed.parent}")
    season, codes, left = next_round, [], []
    for target in TARGETS:
        monkeypatch.setenv("KILL_AT", target)
        codes.append(season.start(*RUN).wait(timeout=120))
        monkeypatch.delenv("KILL_AT")
        left += [path.relative_to(season.repository.path) for path in season.repository.path.rglob(".*.tmp")]
    # A stage that is killed ends its run, with what DVC says of it.
    assert codes == [5 if target.startswith("data") else -signal.SIGKILL for target in TARGETS]
    assert len({path.name.split(".")[1] for path in left}) == len(TARGETS)
    season.rounds(*RUN)
    assert_played(season)
    assert len(season.service.submissions) == 1
    assert list(season.repository.path.rglob(".*.tmp")) == []
    listed = season.repository.run("git", "log", "--all", "--name-only", "--format=").stdout
    assert ".tmp" not in listed


@pytest.mark.parametrize("name", ["index", "HEAD", "packed-refs", "refs/heads/main", f"refs/tags/round-{NEXT}"])
def test_the_locks_of_a_killed_git_are_no_obstacle(
    light_round: Season, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = light_round.enter(monkeypatch).repository.path / f".git/{name}.lock"
    lock.touch()
    os.utime(lock, (1, 1))  # before any git that runs on this machine
    played.check_ground()
    assert not lock.exists()
    git.git("commit", "--quiet", "--allow-empty", "--message", MODEL)
    git.git("tag", f"round-{NEXT}")


def test_the_lock_that_a_git_at_work_may_have_made_stays() -> None:
    git.git("init", "--quiet")
    mine, older = Path(".git/index.lock"), Path(".git/HEAD.lock")
    with subprocess.Popen(["git", "hash-object", "--stdin"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as busy:
        mine.touch()
        older.touch()
        os.utime(older, (1, 1))
        git.release_dead()
        assert [lock.exists() for lock in (mine, older)] == [True, False]
        busy.communicate()
