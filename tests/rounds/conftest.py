"""One round, predicted once for all tests of uploads and runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import tiny
from tests.conftest import Once, Repository
from tests.rounds.season import LIVE, NEXT, ROUND, Season, files_of, predicted
from tests.service.stand_in import StandIn


@pytest.fixture(scope="session")
def predicted_once(once: Once) -> tuple[Repository, dict[str, Path]]:
    folder = once("season", predicted)
    return Repository(folder / "clone"), files_of(folder / "served")


@pytest.fixture(scope="session")
def light_once(predicted_once: tuple[Repository, dict[str, Path]], once: Once) -> tuple[Repository, dict[str, Path]]:
    """Without what only commands of other processes need: it is copied in no time."""

    def make(folder: Path) -> None:
        repository = predicted_once[0].copy(folder / "clone")
        repository.run("git", "rm", "-r", "--quiet", "tests", "docs", "benchmarks")
        repository.run("git", "commit", "--quiet", "--message", "light")
        repository.run("git", "gc", "--quiet", "--prune=now")

    return Repository(once("light", make) / "clone"), predicted_once[1]


@pytest.fixture
def light_round(light_once: tuple[Repository, dict[str, Path]], tmp_path: Path) -> Iterator[Season]:
    """As `this_round`, for commands that run in the test's own process."""
    repository, files = light_once
    with StandIn(files, round_number=ROUND) as service:
        yield Season(repository.copy(tmp_path / "season"), service)


@pytest.fixture
def this_round(predicted_once: tuple[Repository, dict[str, Path]], tmp_path: Path) -> Iterator[Season]:
    """Round 1400 was predicted and committed, and the service plays it."""
    repository, files = predicted_once
    with StandIn(files, round_number=ROUND) as service:
        yield Season(repository.copy(tmp_path / "season"), service)


@pytest.fixture
def next_round(this_round: Season, tmp_path: Path) -> Season:
    """The service plays the round after the predicted one: a new live file, and the others in a folder of its date."""
    live = tmp_path / "next.parquet"
    tiny.market(seed=1).live.to_parquet(live)
    this_round.service.files[LIVE] = live
    this_round.service.folder = "20261125"
    this_round.service.round_number = NEXT
    return this_round
