"""What is asked of git, in repositories as other people have them."""

from pathlib import Path

import pytest

from numerai_rounds.base.errors import ConfigurationError, MachineError
from numerai_rounds.io.machine import children
from numerai_rounds.io.repository import git
from numerai_rounds.play import played
from tests.past import ground, head


def test_a_sparse_checkout_commits_what_it_would_leave_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = ground(tmp_path)
    monkeypatch.chdir(tmp_path)
    here.run("git", "sparse-checkout", "set", "conf")
    receipt = Path("receipts/round-1400/mine-1.json")
    receipt.parent.mkdir(parents=True)
    receipt.write_text("{}\n")
    assert git.commit("Receipts", [receipt]) == head(here)
    assert git.kept(receipt) == [str(receipt)]
    assert git.changed() == []


@pytest.mark.parametrize("flag", ["assume-unchanged", "skip-worktree"])
def test_what_git_was_told_not_to_look_at_is_never_taken_for_committed(
    flag: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = ground(tmp_path)
    monkeypatch.chdir(tmp_path)
    here.run("git", "update-index", f"--{flag}", "conf/round.yaml")
    assert git.changed() == []
    Path("conf/round.yaml").write_text("number: 1401  # by hand\n")
    assert here.run("git", "status", "--porcelain").stdout == ""
    assert git.changed() == git.changed(Path("conf")) == ["conf/round.yaml"]
    with pytest.raises(ConfigurationError, match=r"told not to look at conf/round\.yaml") as refused:
        played.check_ground()
    for command in str(refused.value).split("`")[1::2]:
        here.run(*command.split())
    assert here.run("git", "status", "--porcelain").stdout == " M conf/round.yaml\n"
    assert git.unwatched() == []


def test_of_a_repository_of_another_user_git_says_that_and_not_that_it_lacks_an_author(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(ConfigurationError, match="detected dubious ownership"):
        played.check_ground()


@pytest.mark.parametrize("words", ["No space left on device", "Disk quota exceeded", "Out of diskspace"])
def test_a_full_disk_is_told_from_a_wrong_set_up_whatever_git_calls_it(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "programs/git"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho \"fatal: sha1 file '.git/index.lock' write error. {words}\" >&2\nexit 128\n")
    program.chmod(0o755)
    monkeypatch.setattr(children, "usual", lambda _: {"PATH": f"{program.parent}:/usr/bin:/bin"})
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    with pytest.raises(MachineError, match=rf"^git commit failed: .*{words}\. Free some space and run again\.$"):
        git.git(*git.EVERYWHERE, "commit")
