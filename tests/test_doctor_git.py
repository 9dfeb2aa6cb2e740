"""`rounds doctor` on repositories that git does not take: git's own reason is shown, not one that is guessed."""

import os
import re
import shutil
from pathlib import Path

import pytest

from numerai_rounds.commands import doctor
from tests.conftest import Repository
from tests.past import ground


def found() -> str:
    """What the doctor says of git, where something is wrong."""
    state, text = doctor.CHECKS["git"]()
    assert state == doctor.WRONG
    assert text.startswith("git says: ")
    return text


NONE = r"not a git repository \(or any (of the parent directories|parent up to mount point \S+)"
"""What git says depends on the disk that it looks on."""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    repository = ground(tmp_path)
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    repository.commit("stages")
    monkeypatch.chdir(tmp_path)
    assert doctor.CHECKS["git"]()[0] == doctor.SOUND
    return repository


def test_a_repository_of_somebody_else(here: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    said = found()
    assert "detected dubious ownership in repository" in said
    assert f"git config --global --add safe.directory {here.path}" in said


def test_no_repository(here: Repository) -> None:
    shutil.rmtree(here.path / ".git")
    assert re.search(rf"{NONE}.* DVC needs one: clone the project", found())


def test_a_broken_head(here: Repository) -> None:
    (here.path / ".git/HEAD").write_text("nonsense\n")
    assert re.search(rf"{NONE}.* {here.path / '.git'} is there", found())


def test_a_commit_that_is_not_there(here: Repository) -> None:
    (here.path / ".git/refs/heads/main").write_text("0" * 39 + "1\n")
    assert "bad object HEAD" in found()


def test_no_commit_at_all(here: Repository) -> None:
    here.run("git", "switch", "--quiet", "--orphan", "fresh")
    assert "does not have any commits yet" in found()


def test_a_configuration_that_git_cannot_read(here: Repository) -> None:
    with (here.path / ".git/config").open("a") as file:
        file.write("[broken\n")
    assert "bad config line" in found()


def test_a_project_that_is_not_in_the_repository_around_it(here: Repository) -> None:
    here.run("git", "rm", "--quiet", "--cached", "dvc.yaml")
    said = found()
    assert "'dvc.yaml' did not match any file(s) known to git" in said
    assert "The project has to be in git: commit it." in said


def test_nobody_known(here: Repository) -> None:
    here.run("git", "config", "user.useConfigOnly", "true")
    here.run("git", "config", "--unset", "user.email")
    assert "no email was given and auto-detection is disabled. `git config user.name NAME`" in found()


def test_words_are_english_whatever_the_language(here: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LANGUAGE", "LC_ALL", "LANG"):
        monkeypatch.setenv(name, "de_DE.UTF-8")
    shutil.rmtree(here.path / ".git")
    assert "not a git repository" in found()
    assert os.environ["LANGUAGE"] == "de_DE.UTF-8"
