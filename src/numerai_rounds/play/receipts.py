"""Receipts: what was sent for which round and model, and what became of it; one file each, in git."""

import re
from itertools import count
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from numerai_rounds.base.errors import BarredError, ClosedError, DataError, KeysError, RoundsError
from numerai_rounds.base.params import Payout, Section
from numerai_rounds.io.files import atomic, json_files, paths
from numerai_rounds.io.repository import git

Outcome = Literal["sending", "creating", "accepted", "late", "superseded", "rejected", "unknown"]
"""`sending`: nothing was submitted yet. `creating`: it may have been, and so it may where it is `unknown`.

`late`: it came after the round had closed, and the service counts it for the next one.
`superseded`: the service has it, but counts another file for the round.
"""

ARRIVED = ("accepted", "late")
"""Outcomes of a submission that the service holds and scores."""

Obstacle = Literal["keys", "pickle", "closed"]
"""What stops a submission whatever is tried again: keys are refused, a pickle plays, or the round has closed."""


class Receipt(Section):
    """One submission. Times are the service's, in UTC, as ISO text; null where the service has not said."""

    round: Annotated[int, Field(ge=1)]
    model: str
    """Name of the model slot."""
    model_id: str
    experiment: str | None
    """The DVC experiment that the file is of; null for the pipeline as it is committed."""
    commit: str
    """The git commit that makes this file again."""
    uncommitted: list[str]
    """Files that were not as in that commit when the file was sent."""
    sha256: str
    """Of the file."""
    rows: int
    service: str
    """Host that it was sent to."""
    filename: str | None = None
    """The service's own name for the file."""
    submission_id: str | None = None
    outcome: Outcome = "sending"
    reason: str | None = None
    """Why the outcome is what it is, where that needs a word."""
    verified: bool = False
    """Whether the service's copy was read back and is the same."""
    counts_for: int | None = None
    """The round that the service counts it for where that is another: a late file plays the next round."""
    submitted: str | None = None
    closes: str | None = None
    """Deadline of the round."""
    payout: Payout | None = None
    """How the round pays."""
    scores: dict[str, str] = Field(default_factory=dict)
    """The service's display names of the scores that the round pays for: `corr`, `mmc`."""
    obstacle: Annotated[Obstacle | None, Field(exclude=True)] = None
    """Why another attempt would not help either; not kept."""

    @property
    def said(self) -> str:
        """The outcome as people are told it."""
        return {"sending": "not sent", "creating": "unknown"}.get(self.outcome, self.outcome)

    @property
    def plays(self) -> int:
        """The round that it is scored in, and can be paid for: a late one in the next."""
        return self.counts_for or self.round + (self.outcome == "late")

    @property
    def arrived(self) -> bool:
        """Whether the service holds the submission."""
        return self.outcome in ARRIVED


def place(receipt: Receipt) -> Path:
    """Where a new receipt goes: a further one of the same file, round and model gets a number."""
    stem = f"{re.sub(r'[^A-Za-z0-9_-]', '-', receipt.model)}-{receipt.sha256[:8]}"
    folder = paths.RECEIPTS / f"round-{receipt.round}"
    names = (f"{stem}{f'-{edition}' if edition > 1 else ''}.json" for edition in count(1))
    return next(folder / name for name in names if not (folder / name).exists())


def write(receipt: Receipt, path: Path) -> None:
    """Write or replace a receipt."""
    atomic.write_text(path, receipt.model_dump_json(indent=2) + "\n")


def after_failure(path: Path, receipt: Receipt, error: RoundsError) -> Receipt:
    """What is known of a submission that an error stopped, with the reason; a receipt of nothing is removed."""
    kept = stopped(_read(path) if path.exists() else receipt, error)
    if kept.outcome == "sending":
        path.unlink(missing_ok=True)
    else:
        write(kept, path)
    return kept


def stopped(receipt: Receipt, error: RoundsError) -> Receipt:
    """What is known of a submission that an error stopped, with the reason."""
    known = "unknown" if receipt.outcome == "creating" else receipt.outcome
    return receipt.model_copy(update={"outcome": known, "reason": str(error), "obstacle": obstacle(error)})


def obstacle(error: RoundsError) -> Obstacle | None:
    """What an error says of further attempts."""
    if isinstance(error, ClosedError):
        return "closed"
    if isinstance(error, KeysError):
        return "keys"
    return "pickle" if isinstance(error, BarredError) else None


def read_all(number: int | None = None) -> dict[Path, Receipt]:
    """Every receipt, or those of a round, the oldest round first; DataError where a file is no receipt."""
    folder = "round-*" if number is None else f"round-{number}"
    found = {path: _read(path) for path in paths.RECEIPTS.glob(f"{folder}/*.json")}
    return dict(sorted(found.items(), key=lambda item: (item[1].round, item[1].submitted or "~", str(item[0]))))


def refuse_damaged() -> None:
    """DataError for a receipt that is none, or differs from the last commit's though its submission has arrived.

    Nothing changes in such a one any more: a disk has damaged it, and the next commit would keep that.
    """
    for path in map(Path, git.changed(paths.RECEIPTS)):
        if path.suffix != ".json" or not path.is_file():
            continue
        now, text = _read(path), git.show("HEAD", path)
        if text is not None and _has_arrived(text) and now != Receipt.model_validate_json(text):
            raise DataError(
                f"{path} is not as the last commit has it, though its submission has arrived: nothing changes in it "
                f"any more. `git checkout HEAD -- {path}` restores it."
            )


def _has_arrived(text: str) -> bool:
    """Whether a commit has the receipt of a submission that arrived."""
    try:
        return Receipt.model_validate_json(text).arrived
    except ValidationError:
        return False


def _read(path: Path) -> Receipt:
    try:
        return Receipt.model_validate(json_files.read(path))
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        reason = f"{'.'.join(map(str, problem['loc'])) or 'the file'}: {problem['msg']}"
    except ValueError as error:
        reason = f"the file: {error}"
    raise DataError(f"{path} is no receipt ({reason}). `git checkout {path}` restores one that was committed.")
