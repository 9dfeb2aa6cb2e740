"""Commands work in the root of the repository, wherever below it they are called; elsewhere they say so."""

import shutil
from pathlib import Path

import pytest

from numerai_rounds.base.errors import ConfigurationError
from numerai_rounds.commands.app import app
from numerai_rounds.io.files import paths
from numerai_rounds.io.machine import root
from numerai_rounds.io.repository import git, ingredients, recipe
from tests.conftest import Repository

COMMANDS = [command.name or command.callback.__name__ for command in app.registered_commands]


@pytest.mark.parametrize("command", COMMANDS)
def test_outside_of_any_repository_every_command_is_one_sentence(tmp_path: Path, command: str) -> None:
    said = Repository(tmp_path).run("rounds", command, *(["x.csv"] if command == "score" else []), check=False)
    assert said.returncode == 2
    assert said.stdout.startswith("error: ")
    assert said.stdout.count("\n") == 1
    assert "root of the repository" in said.stdout


def test_help_is_given_anywhere(tmp_path: Path) -> None:
    assert "compose" in Repository(tmp_path).run("rounds", "--help").stdout
    assert "rounds run" in Repository(tmp_path).run("rounds", "run", "--help").stdout


def test_a_command_works_in_the_root_from_below(repository: Repository) -> None:
    below = Repository(repository.path / "conf/model")
    below.run("rounds", "compose", "seed=8")
    assert repository.params()["seed"] == 8
    assert list(below.path.glob("*.yaml")) == list((repository.path / "conf/model").glob("*.yaml"))
    assert "the newest first" in below.run("rounds", "list", PYTHONPATH=str(repository.path / "src")).stdout
    missing = below.run("rounds", "score", "mine.csv", check=False)
    assert "conf/model/mine.csv" in missing.stdout or "dvc repro" in missing.stdout


@pytest.fixture
def below(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which a command was called, which works in the root now."""
    folder = repository.path / "data"
    monkeypatch.delenv("PYTHONPATH")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(root, "_called_from", [])
    root.enter()
    return folder


def test_a_path_that_a_person_gives_is_one_from_where_they_are(below: Path, tmp_path: Path) -> None:
    assert Path.cwd() == below.parent
    assert root.given(Path("mine.csv")) == Path("data/mine.csv")
    assert root.given(Path("../mine.csv")) == Path("mine.csv")
    assert root.given(Path("../../mine.csv")) == below.parents[1] / "mine.csv"
    assert root.given(tmp_path / "mine.csv") == tmp_path / "mine.csv"
    assert root.given(None) is None


def test_git_may_begin_above_the_root(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(repository.path / ".git")
    outer = Repository(repository.path.parent)
    outer.run("git", "init", "--quiet", "--initial-branch", "main")
    for key, value in {"user.name": "A Person", "user.email": "person@example.org"}.items():
        outer.run("git", "config", key, value)
    outer.commit("all")
    monkeypatch.chdir(repository.path)
    assert git.show("HEAD", paths.PARAMS) == paths.PARAMS.read_text()
    assert recipe.changed(git.head()) == recipe.changed()
    (repository.path / "src/new.py").touch()
    (outer.path / "src").mkdir()
    (outer.path / "src/another.py").touch()
    assert ingredients.uncommitted() == ["src/new.py"]
    assert ingredients.untracked(Path()) == ["src/new.py"]
    assert "params.yaml changes" in repository.run("rounds", "compose", "seed=8").stdout


def test_the_root_is_not_taken_from_a_folder_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/config.yaml").touch()
    monkeypatch.setattr(root, "_called_from", [])
    with pytest.raises(ConfigurationError, match=r"a folder with conf/config\.yaml and dvc\.yaml"):
        root.enter()
