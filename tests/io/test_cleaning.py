"""`rounds clean` on a small pipeline of the same shape: it frees what a commit makes again, and never anything else."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from numerai_rounds.base.errors import BusyError
from numerai_rounds.commands import cleaning
from tests.conftest import Repository, dvc

STAGES = {
    "fetch": "shutil.copytree('seed', 'data/raw/history', dirs_exist_ok=True)",
    "bin": "shutil.copytree('data/raw/history', 'data/binned'); shutil.copy('choice.txt', 'data/binned/choice')",
    "train": "os.makedirs('models', exist_ok=True); open('models/model.txt', 'w').write(open('choice.txt').read() * 2)",
}
DVC_YAML = """
stages:
  fetch:
    cmd: python -m numerai_rounds.stages.fetch
    deps: [seed]
    outs: [data/raw/history: {persist: true}]
  bin:
    cmd: python -m numerai_rounds.stages.bin
    deps: [choice.txt, data/raw/history/part]
    outs: [data/binned]
  train:
    cmd: python -m numerai_rounds.stages.train
    deps: [choice.txt, data/binned]
    outs: [models/model.txt]
"""


@pytest.fixture(scope="session")
def past_once(environment: None, tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """Two commits, each with bins and a model of its own; what is binned of the history is the history's own file."""
    repository = Repository(tmp_path_factory.mktemp("past"))
    for name, line in STAGES.items():
        write(repository, f"numerai_rounds/stages/{name}.py", f"import os, shutil\n{line}\n")
    write(repository, "numerai_rounds/__init__.py", "")
    write(repository, "seed/part/a", "history")
    write(repository, "dvc.yaml", DVC_YAML)
    write(repository, ".gitignore", "__pycache__\n")
    write(repository, "conf/config.yaml", "")
    repository.run("git", "init", "--quiet", "--initial-branch", "main")
    repository.run("git", "config", "user.name", "A Person")
    repository.run("git", "config", "user.email", "person@example.org")
    repository.run("dvc", "init", "--quiet")
    for choice in ("first", "second"):
        play(repository, choice)
        repository.commit(choice)
    return repository


@pytest.fixture
def past(past_once: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    repository = past_once.copy(tmp_path / "past")
    monkeypatch.chdir(repository.path)
    return repository


def write(repository: Repository, name: str, text: str) -> None:
    path = repository.path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def play(repository: Repository, choice: str) -> None:
    write(repository, "choice.txt", choice)
    remake(repository)


def remake(repository: Repository) -> None:
    """`dvc repro`."""
    with dvc(repository) as repo:
        repo.reproduce()


def checkout(repository: Repository) -> None:
    """`dvc checkout --allow-missing`."""
    with dvc(repository) as repo:
        repo.checkout(allow_missing=True)


def kept(text: str, cache: str = ".dvc/cache") -> bool:
    """Whether DVC's cache has a file with this text."""
    name = hashlib.md5(text.encode()).hexdigest()
    return Path(cache, "files/md5", name[:2], name[2:]).exists()


def objects() -> set[Path]:
    return {path for path in Path(".dvc/cache").rglob("*") if path.is_file()}


def test_the_bins_of_the_past_go_and_their_commit_makes_them_again(
    past: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    before = objects()
    cleaning.clean(dry_run=True)
    assert objects() == before
    assert "bins" in capsys.readouterr().out
    cleaning.clean(dry_run=False)
    assert len(before - objects()) == 2  # the choice, and the list of both files
    assert not kept("first")
    assert kept("second")  # of the working folder
    assert kept("history")
    assert kept("firstfirst")  # the model
    assert "2 files freed" in capsys.readouterr().out
    cleaning.clean(dry_run=False)
    assert "Nothing to free" in capsys.readouterr().out
    past.run("git", "switch", "--quiet", "--detach", "HEAD~1")
    checkout(past)
    assert past.repro(PYTHONPATH="") == ["bin"]
    assert past.run("git", "status", "--porcelain").stdout == ""
    assert kept("first")


def test_every_round_of_a_season_reproduces_after_it(past: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(3, 6):
        play(past, f"choice {number}")
        past.run("git", "commit", "--quiet", "--all", "--message", f"Round {number}")
    cleaning.clean(dry_run=True)
    assert "8 files would be freed" in capsys.readouterr().out  # of four rounds, the choice and a list of files
    cleaning.clean(dry_run=False)
    assert "8 files freed" in capsys.readouterr().out
    for commit in past.run("git", "log", "--format=%H").stdout.split():
        past.run("git", "switch", "--quiet", "--detach", commit)
        remake(past)
        assert past.run("git", "status", "--porcelain").stdout == ""  # dvc.lock has the same hashes


def stash(repository: Repository) -> None:
    """A stash and nothing else names the model."""
    play(repository, "third")
    repository.run("git", "stash", "--quiet")
    checkout(repository)


def experiment(repository: Repository) -> None:
    repository.run("git", "checkout", "--quiet", "--detach")
    play(repository, "third")
    repository.commit("third")
    head = repository.run("git", "rev-parse", "HEAD").stdout.strip()
    repository.run("git", "update-ref", f"refs/exps/{head[:2]}/{head[2:]}/mine", head)
    repository.run("git", "switch", "--quiet", "main")
    checkout(repository)


def lost_branch(repository: Repository) -> None:
    """Only the reflog knows the commit."""
    play(repository, "third")
    repository.commit("third")
    repository.run("git", "reset", "--quiet", "--hard", "HEAD~1")
    checkout(repository)


@pytest.mark.parametrize("aside", [stash, experiment, lost_branch])
def test_what_lies_aside_keeps_its_model_and_history(past: Repository, aside: object) -> None:
    aside(past)  # type: ignore[operator]
    cleaning.clean(dry_run=False)
    assert kept("thirdthird")
    assert kept("history")
    assert not kept("third")


def test_the_run_cache_of_nobody_goes_and_no_model_with_it(past: Repository) -> None:
    play(past, "third")
    past.run("git", "checkout", "--quiet", ".")
    checkout(past)
    before = len(list(Path(".dvc/cache/runs").glob("*/*/*")))
    cleaning.clean(dry_run=False)
    assert len(list(Path(".dvc/cache/runs").glob("*/*/*"))) == before - 2
    assert all(any(folder.iterdir()) for folder in Path(".dvc/cache/runs").glob("*/*"))
    assert not kept("third")
    assert kept("thirdthird")


def test_nothing_goes_while_a_list_of_what_must_stay_is_damaged(
    past: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    history = yaml.safe_load(Path("dvc.lock").read_text())["stages"]["fetch"]["outs"][0]["md5"]
    listed = Path(".dvc/cache/files/md5") / history[:2] / history[2:]
    listed.chmod(0o644)
    listed.write_bytes(listed.read_bytes()[:-9])
    cleaning.clean(dry_run=False)
    assert f"{listed} cannot be read" in " ".join(capsys.readouterr().err.split())
    assert kept("history")
    assert kept("first")


def added(repository: Repository) -> None:
    """The same files under `dvc add`."""
    repository.run("git", "switch", "--quiet", "--detach", "HEAD~1")
    checkout(repository)
    shutil.copytree(repository.path / "data/binned", repository.path / "mine")
    repository.run("dvc", "add", "--quiet", "mine")
    repository.commit("mine")
    repository.run("git", "switch", "--quiet", "main")
    checkout(repository)


def other_code(repository: Repository) -> None:
    """The only commits that name the bins hold another code than what made them."""
    repository.run("git", "switch", "--quiet", "--orphan", "other")
    repository.run("git", "checkout", "--quiet", "main~1", "--", ".")
    write(repository, "choice.txt", "changed since")
    repository.commit("first, with another choice")
    repository.run("git", "switch", "--quiet", "main")
    repository.run("git", "reset", "--quiet", "--soft", "main~2", check=False)
    tree = repository.run("git", "rev-parse", "main^{tree}").stdout.strip()
    alone = repository.run("git", "commit-tree", tree, "-m", "second").stdout.strip()
    repository.run("git", "reset", "--quiet", "--hard", alone)
    repository.run("git", "reflog", "expire", "--expire=now", "--all")
    repository.run("git", "gc", "--quiet", "--prune=now")


def no_history(repository: Repository) -> None:
    """The history is of the remote alone."""
    name = hashlib.md5(b"history").hexdigest()
    (repository.path / ".dvc/cache/files/md5" / name[:2] / name[2:]).unlink()


def cut_history(repository: Repository) -> None:
    name = hashlib.md5(b"history").hexdigest()
    path = repository.path / ".dvc/cache/files/md5" / name[:2] / name[2:]
    path.chmod(0o644)
    path.write_text("hist")


def broken_lock(repository: Repository) -> None:
    repository.run("git", "switch", "--quiet", "--create", "broken")
    text = (repository.path / "dvc.lock").read_text()
    write(repository, "dvc.lock", text[: text.rindex("md5:") + 2])  # in the middle of a key
    repository.commit("cut off")
    repository.run("git", "switch", "--quiet", "main")


def worktree(repository: Repository) -> None:
    repository.run("git", "worktree", "add", "--quiet", "../beside", "HEAD~1")


@pytest.mark.parametrize("reason", [added, other_code, no_history, cut_history, broken_lock, worktree])
def test_bins_stay_that_somebody_needs_or_nobody_makes_again(past: Repository, reason: object) -> None:
    reason(past)  # type: ignore[operator]
    before = objects()
    cleaning.clean(dry_run=False)
    assert kept("first")
    assert objects() == before


def test_a_cache_elsewhere_is_cleaned_of_what_commits_here_name(past: Repository) -> None:
    past.run("dvc", "cache", "dir", "--local", "../elsewhere")
    shutil.move(".dvc/cache", "../elsewhere")
    play(past, "third")  # might be another folder's
    past.run("git", "checkout", "--quiet", ".")
    checkout(past)
    cleaning.clean(dry_run=False)
    assert not kept("first", "../elsewhere")
    assert kept("second", "../elsewhere")
    assert kept("third", "../elsewhere")


def test_files_of_dead_writers_go_and_those_of_living_ones_stay(past: Repository) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    alive = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    names = [Path(f"conf/.round.yaml.{process.pid}.tmp") for process in (dead, alive)]
    for name in names:
        name.touch()
    cleaning.clean(dry_run=False)
    assert [name.exists() for name in names] == [False, True]
    alive.communicate(b"\n")


@pytest.mark.parametrize("staged", [".former", ""])
def test_a_store_that_was_moved_out_of_its_place_stays(past: Repository, staged: str) -> None:
    moved = Path(f"data/staging/elsewhere/train{staged}/chunk")
    moved.parent.mkdir(parents=True)
    moved.touch()
    cleaning.clean(dry_run=False)
    assert moved.exists()  # nothing is pinned here that could be in place


def test_nothing_goes_while_dvc_works(past: Repository) -> None:
    write(past, "numerai_rounds/stages/train.py", "print('at work', flush=True); input()\n")
    write(past, "dvc.yaml", DVC_YAML.replace("stages.train", "stages.train --again"))
    work = subprocess.Popen(
        ["dvc", "repro", "train"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=past.path
    )
    assert work.stdout is not None
    while "at work" not in work.stdout.readline():
        assert work.poll() is None
    before = objects()
    with pytest.raises(BusyError, match="is at work here"):
        cleaning.clean(dry_run=False)
    assert objects() == before
    work.communicate("\n")
