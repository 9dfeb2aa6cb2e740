"""What every case starts from: a repository that is about to play a new round, its remotes, and the service."""

import json
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests import tiny
from tests.conftest import Repository, apart
from tests.rounds.season import LIVE, MODEL, NEXT, Season, predicted
from tests.service.stand_in import StandIn

RUN = ("run", "--upload", "--push", "--model", MODEL)
PARTS = ("clone", "bare.git", "store")
FOLDER = "20261125"
"""Where the service has its files in the new round."""


@dataclass(frozen=True)
class Ground:
    """A folder with the repository, both remotes, and the files that the service has."""

    folder: Path

    @property
    def expected(self) -> Path:
        """What an undisturbed run ends with."""
        return self.folder / "expected.json"

    @property
    def known(self) -> dict[str, Any]:
        """What is in that file."""
        return dict(json.loads(self.expected.read_text()))

    @contextmanager
    def season(self, name: str, *, of: str = "ready") -> Iterator[Season]:
        """A copy of the state `of` in a folder of its own, with a service of its own; it is removed in the end."""
        place = self.folder / "cases" / name
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(self.folder / of, place, symlinks=True)
        files = {f"v5.3/{path.name}": path for path in sorted((self.folder / "served").iterdir())}
        try:
            with StandIn({**files, LIVE: self.folder / "next.parquet"}, round_number=NEXT) as service:
                service.folder = FOLDER
                yield Season(Repository(place / "clone"), service)
        finally:
            end_all_in(place)
            shutil.rmtree(place, ignore_errors=True)


def prepare(folder: Path, made: tuple[Repository, dict[str, Path]] | None = None) -> Ground:
    """Predict and commit a round, unless that was `made`, and get ready for the next, in which the scores are new."""
    folder.mkdir(parents=True, exist_ok=True)
    repository, files = predicted(folder) if made is None else made
    ready = folder / "ready"
    ready.mkdir()
    served = folder / "served"
    if not served.exists():
        served.mkdir()
        for path in files.values():
            shutil.copy(path, served)
    repository = repository.copy(ready / "clone")
    repository.run("git", "rm", "-r", "--quiet", "--ignore-unmatch", "tests", "docs", "benchmarks")
    repository.run("dvc", "remote", "add", "--quiet", "--default", "store", "../store")
    repository.run("dvc", "push", "--quiet")
    repository.run("git", "init", "--quiet", "--bare", "--initial-branch", "main", "../bare.git")
    repository.run("git", "remote", "add", "origin", "../bare.git")
    repository.run("rounds", "compose", "score.draws=200")
    repository.commit("ready")
    repository.run("git", "gc", "--quiet", "--prune=now")
    repository.run("git", "push", "--quiet", "--set-upstream", "origin", "main")
    tiny.market(seed=1).live.to_parquet(folder / "next.parquet")
    return Ground(folder)


@contextmanager
def world(folder: Path) -> Iterator[None]:
    """As tests see it, with what DVC keeps outside the repository in a folder of ours."""
    home = folder / "home"
    home.mkdir(parents=True, exist_ok=True)
    with apart(home):
        os.environ["DVC_SITE_CACHE_DIR"] = str(folder / "site")
        try:
            yield
        finally:
            del os.environ["DVC_SITE_CACHE_DIR"]


def end_all_in(place: Path) -> None:
    """End what a case has left running in its folder."""
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and Path(process.cwd()).is_relative_to(place):
                process.send_signal(signal.SIGKILL)


def keep_expected(ground: Ground, content: dict[str, object]) -> None:
    """Write down what an undisturbed run ended with."""
    ground.expected.write_text(json.dumps(content))
