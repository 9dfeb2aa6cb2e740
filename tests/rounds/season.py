"""A round of the real tournament, played against the stand-in of the service: everything but the network is real."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from numerai_rounds.io.service import http
from numerai_rounds.io.service.http import Limits
from numerai_rounds.play import receipts, uploading
from numerai_rounds.play.receipts import Receipt
from tests import tiny
from tests.conftest import ROOT, Repository, clone, hand_on_compiled
from tests.service.stand_in import StandIn

ROUND = 1400
NEXT = ROUND + 1
MODEL = "mine"
LIVE = "v5.3/live.parquet"
"""The live file: it is replaced with every round."""
QUICK = Limits(connect=2, silence=0.3, window=0.05, slowest=100_000, attempts=4, sleep=lambda _: None)
SMALL = ("select.k=6", "model.n_estimators=5", "model.min_data_in_leaf=5", "model.feature_fraction=1.0")
PATIENT = (
    "from numerai_rounds.io.service import http; from dataclasses import replace; import sys;"
    "http.PATIENCE = replace(http.PATIENCE, sleep=lambda _: None);"
    "from numerai_rounds.commands.app import main; sys.argv[0] = 'rounds'; main()"
)
"""The `rounds` command, which does not wait between attempts."""


@dataclass
class Season:
    """A repository in which a round was predicted, and the service that plays it."""

    repository: Repository
    service: StandIn

    @property
    def environment(self) -> dict[str, str]:
        """What a person has in the environment."""
        public, secret = self.service.keys
        return {
            "NUMERAI_API_URL": self.service.url,
            "NUMERAI_PUBLIC_ID": public,
            "NUMERAI_SECRET_KEY": secret,
        }

    def enter(self, monkeypatch: pytest.MonkeyPatch) -> "Season":
        """Go on in this process: in the repository, with keys, and without waiting."""
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(self.repository.path)
        monkeypatch.setattr(http, "PATIENCE", QUICK)
        return self

    @property
    def log(self) -> Path:
        """What started commands said."""
        return self.repository.path.parent / "said.txt"

    @property
    def content(self) -> bytes:
        """The submission."""
        return (self.repository.path / "data/submission/live_predictions.csv").read_bytes()

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    def rounds(self, *arguments: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the command as a person would, in a process of its own."""
        command = (sys.executable, "-c", PATIENT, *arguments)
        return self.repository.run(*command, check=check, **{**self.environment, **environment})

    def start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start the command; what it says goes to a file beside the repository."""
        with self.log.open("ab") as said:
            return subprocess.Popen(
                [sys.executable, "-c", PATIENT, *arguments],
                cwd=self.repository.path,
                env={**os.environ, **self.environment},
                stdout=said,
                stderr=subprocess.STDOUT,
            )

    def receipts(self) -> list[Receipt]:
        """Every receipt."""
        return list(receipts.read_all().values())

    def counted(self, model: str = MODEL) -> list[bytes]:
        """The files that count at the service for a model."""
        mine = self.service.models[model]
        return [entry.content for entry in self.service.submissions if entry.model_id == mine and entry.selected]

    def replace_live(self, seed: int) -> None:
        """The service replaces the live file of the round, with other ids."""
        path = self.repository.path.parent / f"later-{seed}.parquet"
        tiny.market(seed=seed).live.to_parquet(path)
        self.service.files[LIVE] = path


def upload(models: Sequence[str] = (MODEL,), *, late: bool = False, again: bool = False, dry_run: bool = False) -> None:
    """`rounds upload`, in this process."""
    uploading.upload(uploading.Options(models=models, late=late, again=again), dry_run=dry_run)


def served(folder: Path) -> dict[str, Path]:
    """The files of a tiny tournament under the service's names."""
    return files_of(tiny.write_v5(folder, tiny.market()))


def files_of(folder: Path) -> dict[str, Path]:
    """A folder's files under the service's names."""
    return {f"v5.3/{path.name}": path for path in sorted(folder.iterdir())}


def predicted(folder: Path) -> tuple[Repository, dict[str, Path]]:
    """A clone in which the round was opened, predicted and committed, and the files that the service had."""
    files = served(folder / "served")
    repository = clone(folder / "clone")
    with StandIn(files, round_number=ROUND) as service:
        url = {"NUMERAI_API_URL": service.url}
        repository.run("rounds", "compose", "data=numerai", "data.extra_files=[meta_model]", *SMALL)
        repository.run("rounds", "open", **url)
        repository.repro(**url)
    hand_on_compiled(repository.path, ROOT)
    repository.commit(f"Round {ROUND}")
    repository.run("git", "gc", "--quiet")
    return repository, files
