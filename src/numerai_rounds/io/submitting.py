"""One submission on its way: sent, created, and read back until the service shows it.

Every step is noted in the receipt before it is taken, so that a run that was killed is gone on with; whether a
submission exists is asked of the service, never guessed.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from io import BytesIO
from typing import Any

import pandas as pd

from numerai_rounds.base.columns import ID
from numerai_rounds.base.errors import RefusedError, ServiceError, TransientError
from numerai_rounds.io import console, http, sending
from numerai_rounds.io.account import Account, Submission
from numerai_rounds.io.receipts import Receipt

Keep = Callable[[Receipt], None]
"""Makes a receipt last."""

LOOKS = 8
"""Times that the service is asked for a submission whose answer was lost, before it is created once more."""

SUPERSEDED = {
    "outcome": "superseded",
    "reason": "another file counts for this round now; `rounds upload --again` sends this one again",
}

CREATIONS = 3
"""Times that a submission is created whose answers are all lost, and which is never shown."""

INVALID = re.compile("invalid", re.IGNORECASE)
"""What the service's words about a file hold, as against words about itself."""

SENDINGS = 2
"""Times that a file is sent where the service holds another one afterwards."""


def stem(receipt: Receipt) -> str:
    """What the file is called when it is sent: the service adds to it, so that it can be recognised for good."""
    return f"round-{receipt.round}-{receipt.sha256[:16]}"


def submit(account: Account, receipt: Receipt, content: bytes, keep: Keep, *, again: bool = False) -> Receipt:
    """Submit `content`, or find out that it was submitted before, unless `again`; the receipt as it ends.

    Raises ServiceError where nothing was submitted; once something may have been, the outcome says what is known.
    """
    note = _Note(receipt, keep)
    sent = None if again else _sent_before(account, receipt)
    for _ in range(SENDINGS):
        if sent is None:
            before = note.receipt
            try:
                sent = _sent_now(account, note, content)
            except ServiceError as error:
                if before.outcome == "sending":
                    raise
                return note(**(dict(before) | {"reason": str(error)}))
            if sent is None:
                return note.receipt
        note(filename=sent.filename, submission_id=sent.id)
        if _read_back(account, note, content):
            break
        sent = None
    return note.receipt


def _sent_now(account: Account, note: "_Note", content: bytes) -> Submission | None:
    """Send and submit; None where the service rejects the file, or where it is not known what it made of it."""
    _send(account, note, content)
    note(outcome="creating")
    try:
        return _create(account, note.receipt)
    except RefusedError as error:
        if INVALID.search(str(error)):
            note(outcome="rejected", reason=str(error))
            return None
        note(outcome="sending")
        raise
    except ServiceError as error:
        note(outcome="unknown", reason=str(error))
        return None


def _sent_before(account: Account, receipt: Receipt) -> Submission | None:
    """The submission of the same content for the same round and model, if there is one."""
    if receipt.outcome in ("creating", "unknown") and (found := _looked_for(account, receipt)):
        return found
    return _listed(account, receipt, any_name=True)


class _Note:
    """The receipt, made to last whenever it changes."""

    def __init__(self, receipt: Receipt, keep: Keep) -> None:
        self.receipt, self._keep = receipt, keep

    def __call__(self, **changes: Any) -> Receipt:
        changed = self.receipt.model_copy(update=changes)
        if changed != self.receipt:
            self._keep(changed)
        self.receipt = changed
        return changed


def _send(account: Account, note: _Note, content: bytes) -> None:
    """Bring the file to the service, which makes nothing of it yet."""

    def address() -> str:
        filename, url = account.upload_address(note.receipt.model_id, f"{stem(note.receipt)}.csv")
        note(filename=filename, submission_id=None, outcome="sending", reason=None, verified=False)
        return url

    sending.put_bytes(f"the submission of {note.receipt.model}", content, address, account.limits)


def _create(account: Account, receipt: Receipt) -> Submission:
    """Have the service make a submission of the file that was sent; after a lost answer it is asked what it has."""

    def attempt() -> Submission:
        try:
            made = account.create_submission(receipt.model_id, str(receipt.filename))
        except RefusedError:
            if found := _listed(account, receipt):
                return found
            raise
        except ServiceError as error:
            if found := _looked_for(account, receipt):
                return found
            raise TransientError(str(error).rstrip(".")) from None
        return Submission(made, str(receipt.filename), None)

    limits = replace(account.limits, attempts=min(CREATIONS, account.limits.attempts))
    return http.patiently(attempt, "submitting", limits, "Run the same command again: it asks first.")


def _looked_for(account: Account, receipt: Receipt) -> Submission | None:
    """The submission whose creation was not answered, looked for more than once: it may take a moment to show."""

    def look() -> Submission:
        found = _listed(account, receipt)
        if found is None:
            raise TransientError("the answer was lost, and no submission is shown")
        return found

    try:
        limits = replace(account.limits, attempts=min(LOOKS, account.limits.attempts))
        return http.patiently(look, "submitting", limits, "")
    except ServiceError:
        return None


def _listed(account: Account, receipt: Receipt, *, any_name: bool = False) -> Submission | None:
    """The submission of a receipt as the service lists it; under `any_name`, the newest of the same content."""
    listed = account.submissions(receipt.model_id)
    exact = [
        entry
        for entry in listed
        if entry.id == receipt.submission_id or (receipt.filename is not None and entry.filename == receipt.filename)
    ]
    alike = [entry for entry in listed if any_name and entry.filename.startswith(stem(receipt))]
    return next(iter(exact or sorted(alike, key=lambda entry: str(entry.inserted), reverse=True)), None)


def _read_back(account: Account, note: _Note, content: bytes) -> bool:
    """Note what the service shows of the submission; False where it holds other content and the file must go again."""
    receipt = note.receipt
    others: list[str] = []

    def look() -> Submission:
        found = _listed(account, receipt)
        if found is None:
            raise TransientError("the service does not show the submission yet")
        others[:] = account.counting(receipt.model_id, receipt.round)
        if found.filename not in others:
            raise TransientError(f"the service does not count the submission for round {receipt.round} yet")
        return found

    try:
        found = http.patiently(look, "reading back", account.limits, "Run the same command again: it asks first.")
    except ServiceError as error:
        note(**(SUPERSEDED if others else {"outcome": "unknown", "reason": str(error)}))
        return True
    submitted = found.inserted.isoformat() if found.inserted else None
    late = bool(found.inserted and receipt.closes and found.inserted > datetime.fromisoformat(receipt.closes))
    same, why = _same_content(account, found, content)
    if same is False:
        note(filename=found.filename, outcome="rejected", reason=why)
        return False
    note(
        filename=found.filename,
        submission_id=found.id,
        submitted=submitted,
        outcome="late" if late else "accepted",
        reason="it came after the round had closed" if late else why,
        verified=bool(same),
    )
    return True


def _same_content(account: Account, found: Submission, content: bytes) -> tuple[bool | None, str | None]:
    """Whether the service holds what was sent, None where it does not let us see; and a word about it."""
    try:
        held = sending.fetch_bytes(lambda: account.download_address(found.id), account.limits)
    except ServiceError as error:
        return None, f"the service's copy could not be read back: {error}"
    if hashlib.sha256(held).digest() == hashlib.sha256(content).digest() or _table(held).equals(_table(content)):
        return True, None
    console.complain(f"the service holds other content under {found.filename} than was sent.")
    return False, "the service holds other content than was sent"


def _table(content: bytes) -> pd.DataFrame:
    """A submission whatever its line ends and order; empty where it is no table."""
    try:
        table = pd.read_csv(BytesIO(content), dtype={ID: str})
        return table.sort_values(ID, ignore_index=True)
    except (ValueError, KeyError):
        return pd.DataFrame()
