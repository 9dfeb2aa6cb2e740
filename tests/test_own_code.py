"""What runs is what is recorded: no command and no stage works for a folder with the code of another."""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from dvc.repo import Repo

from numerai_rounds.base.errors import ConfigurationError
from numerai_rounds.conf.compose import compose_text
from numerai_rounds.conf.composed import PRESET
from numerai_rounds.io.repository import experiments, git
from tests.conftest import ROOT, Repository

GUARD = ("python", "src/numerai_rounds/stages/guard.py")
MODULE = ("python", "-m", "numerai_rounds.stages.guard")
COMMANDS = ["compose seed=8", "run", "upload", "score x.csv", "list"]
REFUSED = "what ran would not be what is recorded"


def source(repository: Repository) -> str:
    return str(repository.path / "src")


def worktree(repository: Repository) -> Repository:
    repository.run("git", "worktree", "add", "--quiet", "../other")
    return Repository(repository.path.parent / "other")


def copied(repository: Repository) -> Repository:
    return repository.copy(repository.path.parent / "other")


def hard_linked(repository: Repository) -> Repository:
    """A copy whose files are the same until one is edited."""
    shutil.copytree(repository.path, repository.path.parent / "other", copy_function=os.link)
    return Repository(repository.path.parent / "other")


def assert_refused(done: "subprocess.CompletedProcess[str]", remedy: str = "`make env`", code: int = 2) -> None:
    """One sentence, with what to do."""
    assert done.returncode == code, done.stdout
    assert done.stdout.count(REFUSED) == 1
    assert remedy in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize("elsewhere", [worktree, copied, hard_linked])
def test_another_checkout_is_refused_before_any_stage(
    repository: Repository, elsewhere: Callable[[Repository], Repository]
) -> None:
    other = elsewhere(repository)
    assert_refused(other.run(*GUARD, check=False, PYTHONPATH=source(repository)))
    assert_refused(other.run(*MODULE, check=False, PYTHONPATH=source(repository)))
    assert not (other.path / "data/guard.txt").exists()
    assert other.run(*GUARD, PYTHONPATH="src").stdout == ""


def test_dvc_and_every_command_are_refused(repository: Repository) -> None:
    other = worktree(repository)
    stopped = other.run("dvc", "repro", check=False, PYTHONPATH=source(repository))
    assert_refused(stopped, code=255)
    assert "exited with 2" in stopped.stdout
    for command in COMMANDS:
        assert_refused(other.run("rounds", *command.split(), check=False, PYTHONPATH=source(repository)))
    told = other.run("rounds", "doctor", check=False, PYTHONPATH=source(repository))
    assert told.returncode == 2
    assert told.stdout.count("wrong ") == 1
    assert "`make env`" in told.stdout
    assert other.run("git", "status", "--porcelain").stdout == ""
    assert not (other.path / "data/raw").exists()


def test_every_stage_is_refused(repository: Repository) -> None:
    other = copied(repository)
    for stage in ("fetch", "train", "submit"):
        stopped = repository.run(
            "python", "-m", f"numerai_rounds.stages.{stage}", "live", check=False, PYTHONPATH=source(other)
        )
        assert_refused(stopped, f"Take {source(other)} out of PYTHONPATH")
        assert stopped.stdout.count("\n") == 1
    for path in (ROOT / "src/numerai_rounds/stages").glob("[a-z]*.py"):
        assert "    process.stage(main" in path.read_text()


def test_code_that_is_too_old_to_look_is_found_out(repository: Repository, tmp_path: Path) -> None:
    old = tmp_path / "old/numerai_rounds"
    (old / "stages").mkdir(parents=True)
    for name in ("__init__.py", "stages/__init__.py", "stages/guard.py"):
        (old / name).write_text("")
    assert repository.run(*MODULE, PYTHONPATH=str(tmp_path / "old")).stdout == ""
    assert_refused(repository.run(*GUARD, check=False, PYTHONPATH=str(tmp_path / "old")))
    assert_refused(repository.run("dvc", "repro", check=False, PYTHONPATH=str(tmp_path / "old")), code=255)


def test_an_installed_copy_is_refused(repository: Repository, tmp_path: Path) -> None:
    shutil.copytree(repository.path / "src", tmp_path / "site-packages")
    assert_refused(repository.run(*GUARD, check=False, PYTHONPATH=str(tmp_path / "site-packages")))


def test_a_package_in_the_working_folder_is_refused_where_python_would_find_it(repository: Repository) -> None:
    shutil.copytree(repository.path / "src/numerai_rounds", repository.path / "numerai_rounds")
    for command in (GUARD, MODULE):
        assert_refused(repository.run(*command, check=False), f"Rename or remove {repository.path}/numerai_rounds")
        repository.run(*command, PYTHONSAFEPATH="1")


def test_the_same_folder_by_another_path_is_the_same(repository: Repository, tmp_path: Path) -> None:
    link = Repository(tmp_path / "link")
    link.path.symlink_to(repository.path)
    for command in (GUARD, MODULE, ("rounds", "list")):
        link.run(*command, PYTHONPATH=source(link))
        link.run(*command, PYTHONPATH=source(repository))
        repository.run(*command, PYTHONPATH=source(link))
    farm = tmp_path / "farm"  # as an editable installation in strict mode makes it
    shutil.copytree(repository.path / "src", farm, copy_function=os.symlink)
    repository.run(*GUARD, PYTHONPATH=str(farm))
    repository.run(*MODULE, PYTHONPATH=str(farm))


def test_a_python_without_the_package_is_told(repository: Repository) -> None:
    stopped = repository.run(sys.executable, "-S", *GUARD[1:], check=False, PYTHONPATH="")
    assert stopped.returncode == 2
    assert "has no numerai_rounds. Run `make env`" in stopped.stdout
    stopped = repository.run(sys.executable, "-S", *GUARD[1:], check=False)
    assert stopped.returncode == 2
    assert "has no " in stopped.stdout
    assert "Traceback" not in stopped.stdout


def test_a_stage_of_another_environment_than_the_run_is_refused(repository: Repository) -> None:
    stopped = repository.run(*MODULE, check=False, NUMERAI_ROUNDS_PREFIX="/another/.venv")
    assert stopped.returncode == 2
    assert "`rounds` runs in the environment /another/.venv" in stopped.stdout


def test_an_experiment_in_a_copy_runs_its_own_code_or_not_at_all(repository: Repository) -> None:
    run = ("dvc", "exp", "run", "--temp", "-S", "seed=8", "guard")
    stopped = repository.run(*run, check=False, PYTHONPATH=source(repository))
    assert_refused(stopped, "`PYTHONPATH=src dvc queue start`", code=255)
    assert "leave out --temp and --queue" in stopped.stdout
    assert "Ran experiment" in repository.run(*run, PYTHONPATH="src").stdout


def test_an_experiment_of_files_that_git_does_not_know_does_not_run(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    preset = repository.path / "conf/model/new.yaml"
    preset.write_text((repository.path / "conf/model/ridge.yaml").read_text())
    stopped = repository.run("dvc", "exp", "run", "-S", "model=new", "guard", check=False)
    assert stopped.returncode
    sentence = "git does not know conf/model/new.yaml, so the experiment would be kept without it: commit it first."
    assert sentence in stopped.stdout
    copy = repository.path / ".dvc/tmp/exps/standalone/x"  # where DVC would have copied what git knows
    copy.mkdir(parents=True)
    for place in (repository.path, copy):
        monkeypatch.chdir(place)
        with pytest.raises(ConfigurationError, match=re.escape(sentence)):
            experiments.check_tracked()
    repository.run("git", "add", "conf")
    experiments.check_tracked()


def test_a_python_that_is_too_old_can_read_the_guard() -> None:
    ast.parse((ROOT / GUARD[-1]).read_text(), feature_version=(3, 8))


def test_what_editors_and_kills_leave_makes_no_stage_stale_and_no_folder_dirty(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository.path)
    left = [f"src/numerai_rounds/base/{name}" for name in (".DS_Store", ".params.py.swp", "eras.py~", "._eras.py")]
    left += [f"{folder}/.round.yaml.4711.tmp" for folder in ("conf", "metrics", "receipts/round-1400", ".")]
    for name in left:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    assert git.changed() == []
    with Repo() as repo:
        assert all(map(repo.dvcignore.is_ignored_file, left))
        assert not repo.dvcignore.is_ignored_file("src/numerai_rounds/base/eras.py")


@pytest.mark.parametrize("belongs", [True, False])
def test_an_environment_that_was_copied_is_made_anew(repository: Repository, belongs: bool) -> None:
    repository = Repository(repository.path.rename(repository.path.with_name("a person's own $HOME")))
    made_in = repository.path if belongs else repository.path.parent / f"b{repository.path}"
    packages = repository.path / ".venv/lib/python3.11/site-packages"
    packages.mkdir(parents=True)
    (packages / "__editable__.numerai_rounds-0.1.0.pth").write_text(f"{made_in}/src\n")
    (repository.path / ".venv/bin").mkdir()
    (repository.path / ".venv/bin/dvc").write_text(f"#!{made_in}/.venv/bin/python\n")
    (repository.path / ".venv/.run").touch()
    said = repository.run("make", "--dry-run", "env").stdout
    assert ("Nothing to be done" in said) == belongs
    assert ("rm -rf .venv" in said) != belongs


def test_the_guard_holds_an_experiment_of_a_run_to_its_preset(repository: Repository) -> None:
    text = compose_text(repository.path / "conf", ["experiment=linear"])
    (repository.path / "params.yaml").write_text(text)
    for preset, code in ({}, 2), ({PRESET: "experiment=linear"}, 0), ({PRESET: "experiment=medium_set"}, 2):
        done = repository.run(*GUARD, check=False, **preset)
        assert done.returncode == code, done.stdout
        assert ("params.yaml and conf/ differ" in done.stdout) is (code == 2)
