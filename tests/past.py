"""A small repository in which rounds were played: receipts and what validation promised, without a pipeline."""

import json
from pathlib import Path
from typing import Any

import yaml

from numerai_rounds.base.params import Payout
from numerai_rounds.io.service.http import Limits
from numerai_rounds.play import receipts
from numerai_rounds.play.receipts import Receipt
from tests.conftest import Repository

QUICK = Limits(connect=2, silence=2, attempts=2, sleep=lambda _: None)
CORR, MMC = "corr60", "mmc60"
POLICY = Payout(target="target_ender_60", corr=3.0, mmc=15.0, clip=1.0, factor=1.0)
PROMISED = {
    "corr_mean": 0.0115,
    "corr_mean_low": 0.006,
    "corr_mean_high": 0.017,
    "corr_sharpe": 0.71,
    "mmc_mean": 0.002,
}
PARAMS = {"target": "target_ender_60", "score": {"interval": 0.9}}


def ground(path: Path, figures: Any = PROMISED, params: Any = PARAMS) -> Repository:
    """A repository whose first commit holds the scores of validation and the parameters."""
    repository = Repository(path)
    repository.run("git", "init", "--quiet", "--initial-branch", "main")
    for key, value in {"user.name": "A Person", "user.email": "person@example.org"}.items():
        repository.run("git", "config", key, value)
    (path / "conf").mkdir()
    (path / "conf/round.yaml").write_text("number: 1400\n")
    (path / ".gitignore").write_text(".dvc/\n")
    promise(repository, figures, params)
    return repository


def promise(repository: Repository, figures: Any = PROMISED, params: Any = PARAMS) -> str:
    """Commit the scores of validation; the commit."""
    (repository.path / "metrics").mkdir(exist_ok=True)
    (repository.path / "metrics/validation.json").write_text(json.dumps(figures))
    (repository.path / "params.yaml").write_text(yaml.safe_dump(params))
    repository.commit("scores")
    return head(repository)


def head(repository: Repository) -> str:
    return repository.run("git", "rev-parse", "HEAD").stdout.strip()


def sent(number: int, commit: str, service: str = "127.0.0.1", **changes: Any) -> Receipt:
    """Write the receipt of a submission that arrived."""
    receipt = Receipt.model_validate(
        {
            "round": number,
            "model": "mine",
            "model_id": "model-mine-id",
            "experiment": None,
            "commit": commit,
            "uncommitted": [],
            "sha256": f"{number:064x}"[::-1],
            "rows": 60,
            "service": service,
            "submission_id": f"{number}abc-def",
            "outcome": "accepted",
            "verified": True,
            "submitted": f"2026-11-{number % 28 + 1:02d}T12:01:02+00:00",
            "payout": POLICY,
            "scores": {"corr": CORR, "mmc": MMC},
            **changes,
        }
    )
    receipts.write(receipt, receipts.place(receipt))
    return receipt
