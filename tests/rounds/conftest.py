"""One round, predicted once for all tests of uploads and runs."""

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from tests import tiny
from tests.conftest import Repository
from tests.rounds.season import LIVE, NEXT, ROUND, Season, predicted
from tests.service.stand_in import StandIn


@pytest.fixture(scope="session")
def predicted_once(
    environment: None, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> tuple[Repository, dict[str, Path]]:
    """Made by the first process that needs it."""
    base = tmp_path_factory.getbasetemp()
    shared = (base if worker_id == "master" else base.parent) / "season"
    made = shared / "made.pickle"
    with FileLock(f"{shared}.lock"):
        if not made.exists():
            shared.mkdir()
            made.write_bytes(pickle.dumps(predicted(shared)))
    return pickle.loads(made.read_bytes())


@pytest.fixture(scope="session")
def light_once(
    predicted_once: tuple[Repository, dict[str, Path]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Repository, dict[str, Path]]:
    """Without what only commands of other processes need: it is copied in no time."""
    repository = predicted_once[0].copy(tmp_path_factory.mktemp("light") / "clone")
    repository.run("git", "rm", "-r", "--quiet", "tests", "docs", "benchmarks")
    repository.run("git", "commit", "--quiet", "--message", "light")
    repository.run("git", "gc", "--quiet", "--prune=now")
    return repository, predicted_once[1]


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
