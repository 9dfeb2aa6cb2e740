"""Every path of the project, written once; relative to the repository's root, where all commands run."""

from pathlib import Path

from numerai_rounds.base.roles import SIDES, file_name

ENV = Path(".env")
"""Secrets; git ignores it."""

CONF = Path("conf")
ROUND = CONF / "round.yaml"
PARAMS = Path("params.yaml")
LOCK = Path("dvc.lock")
STAGES = Path("dvc.yaml")
SOURCE = Path("src")
REQUIREMENTS = Path("requirements.lock")

DVC_TMP = Path(".dvc/tmp")

DATA = Path("data")
GUARD = DATA / "guard.txt"
STAGING = DATA / "staging"
DOWNLOADS = DATA / "downloads"
HISTORY = DATA / "raw" / "history"
LIVE = DATA / "raw" / "live"
ERAS = {role: DATA / "split" / f"{role}.csv" for role in SIDES}
"""Apart, so that a new validation era leaves what training depends on as it was."""
CANDIDATES = DATA / "features" / "candidates.csv"
SELECTED = DATA / "features" / "selected.csv"
BINNED = DATA / "binned"
PREDICTIONS = DATA / "predictions" / "validation.parquet"
SUBMISSION = DATA / "submission" / "live_predictions.csv"

PACKAGE = DATA / "package" / "predict.pkl"
IMAGES = DATA / "images"
"""Environments like those that Numerai runs packages in."""

MODELS = Path("models")
MODEL = MODELS / "model.txt"
IMPORTANCE = MODELS / "importance.csv"

METRICS = Path("metrics")
SCORES = METRICS / "validation.json"
LIVE_SCORES = METRICS / "live_scores.csv"

RECEIPTS = Path("receipts")


def raw(part: str, role: str) -> Path:
    """Where `fetch` puts the file of a role, or the folder of a side; `part` is `history` or `live`."""
    return (HISTORY if part == "history" else LIVE) / (role if role in SIDES else file_name(role))
