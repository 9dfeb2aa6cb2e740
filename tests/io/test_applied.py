"""A pinned round is not taken back by an experiment of an older one."""

import re
from pathlib import Path

import pytest

from numerai_rounds.base.errors import ConfigurationError
from numerai_rounds.io.files import paths
from numerai_rounds.play import applied
from tests.conftest import Repository
from tests.past import ground

FIRST, SECOND, THIRD = "sample 1343 a", "sample 1344 a", "sample 1345 a"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.chdir(tmp_path)
    return ground(tmp_path)


def pin(text: str, repository: Repository | None = None) -> None:
    """Write pins, and commit them in a repository."""
    source, number, live = text.split()
    paths.ROUND.write_text(f"round: {{source: {source}, number: {number}, live: {live}}}\n")
    if repository is not None:
        repository.commit(text)


def refuse(number: int) -> None:
    """What a run of that round refuses."""
    applied.refuse_taken_back()
    applied.refuse_again(number)


def pinned() -> str:
    return " ".join(re.findall(r": (\w+)[,}]", paths.ROUND.read_text()))


@pytest.mark.parametrize(
    ("history", "now"),
    [
        ([FIRST, SECOND], FIRST),
        ([FIRST, SECOND, FIRST], FIRST),
        ([FIRST, THIRD, SECOND, FIRST], FIRST),
    ],
)
def test_a_round_that_is_back_is_not_played(repository: Repository, history: list[str], now: str) -> None:
    for text in history:
        pin(text, repository)
    pin(now)
    after = history[-1] if history[-1] != now else history[-2]
    with pytest.raises(
        ConfigurationError, match=f"is back at round 1343, and round {after.split()[1]} was pinned after"
    ):
        refuse(1343)
    refuse(1350)  # what the source plays now takes the place of any pinned round
    applied.put_right()
    assert pinned() == after
    refuse(int(after.split()[1]))


@pytest.mark.parametrize(
    ("history", "now"),
    [
        ([FIRST], FIRST),
        ([FIRST], SECOND),
        ([FIRST, SECOND], SECOND),
        ([FIRST, SECOND], THIRD),
        ([SECOND, "sample 1344 b"], SECOND),
        ([SECOND, "sample 1344 b", SECOND], SECOND),
        ([FIRST, "numerai 1400 a"], FIRST),
    ],
)
def test_a_round_of_its_own_is(repository: Repository, history: list[str], now: str) -> None:
    for text in history:
        pin(text, repository)
    pin(now)
    refuse(int(now.split()[1]))
    applied.put_right()
    assert pinned() == now


def test_an_older_round_opened_on_purpose_is_played_and_promotion_keeps_that_of_head(repository: Repository) -> None:
    pin(SECOND, repository)
    pin("sample 1300 a")
    refuse(1300)
    applied.put_right()
    assert pinned() == SECOND


def test_before_the_first_commit_there_is_nothing_to_take_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    paths.ROUND.parent.mkdir()
    pin(FIRST)
    for _ in ("no repository", "no commit"):
        applied.put_right()
        refuse(1343)
        Repository(tmp_path).run("git", "init", "--quiet")
    assert pinned() == FIRST
