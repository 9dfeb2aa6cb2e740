"""What the service shows of a submission, for which round it counts it, and what it holds of it."""

import hashlib
import re
from datetime import datetime
from io import BytesIO
from typing import NamedTuple

import pandas as pd

from numerai_rounds.base.columns import ID
from numerai_rounds.base.errors import KeysError, ServiceError, TransientError
from numerai_rounds.io import console
from numerai_rounds.io.service import http, sending
from numerai_rounds.io.service.account import Account, Submission
from numerai_rounds.play.receipts import Receipt

REPLACED = "another file counts for this round now; `rounds upload --again` sends this one again"

OWN_NAME = re.compile(r"round-(\d+)-")
"""How the name of a file begins that was sent from here: the round that it was predicted for."""


def stem(receipt: Receipt) -> str:
    """What the file is called when it is sent: the service adds to it, so that it can be recognised for good."""
    return f"round-{receipt.round}-{receipt.sha256[:16]}"


def listed(account: Account, receipt: Receipt, *, any_name: bool = False) -> Submission | None:
    """The submission of a receipt as the service lists it; under `any_name`, the newest of the same content."""
    every = account.submissions(receipt.model_id)
    exact = [
        entry
        for entry in every
        if entry.id == receipt.submission_id or (receipt.filename is not None and entry.filename == receipt.filename)
    ]
    alike = [entry for entry in every if any_name and entry.filename.startswith(stem(receipt))]
    return next(iter(exact or sorted(alike, key=lambda entry: str(entry.inserted), reverse=True)), None)


class Shown(NamedTuple):
    """A submission as the service shows it."""

    submission: Submission
    counts_for: int | None
    """The round; None where another file counts in its place."""
    is_late: bool


def shown(account: Account, receipt: Receipt) -> Shown:
    """What the service shows of a submission, once it says which round it counts for.

    A late one counts for the next round, whatever the service shows of it before that round opens. Raises ServiceError
    where it shows nothing in time.
    """
    last: list[Shown] = []

    def look() -> Shown:
        found = listed(account, receipt)
        if found is None:
            raise TransientError("the service does not show the submission yet")
        counting = account.counting(receipt.model_id)
        is_late = _is_late(receipt, found)
        number = receipt.round + is_late
        counts_for = counting.get(found.filename, 0)
        if counts_for >= number or (is_late and counts_for == receipt.round):
            return Shown(found, max(counts_for, number), is_late)
        last[:] = [Shown(found, None if number in counting.values() else number, is_late)]
        raise TransientError(f"the service does not count the submission for round {number} yet")

    try:
        return http.patiently(look, "reading back", account.limits, "Run the same command again: it asks first.")
    except ServiceError:
        if last and (last[0].is_late or last[0].counts_for is None):
            return last[0]
        raise


def _is_late(receipt: Receipt, found: Submission) -> bool:
    return bool(found.inserted and receipt.closes and found.inserted >= datetime.fromisoformat(receipt.closes))


def queued(number: int, counts_for: int) -> str:
    """What becomes of a file that came late for a round."""
    return (
        f"it came after round {number} had closed, and is not scored for it: the service queued it for round "
        f"{counts_for}, where it can be staked on although it was predicted from the live data of round {number}"
    )


def why_superseded(receipt: Receipt, *, is_late: bool) -> str:
    """Why another submission counts in the place of one."""
    if not is_late:
        return REPLACED
    return f"it came after round {receipt.round} had closed, and round {receipt.round + 1} has another file already"


def same_content(account: Account, found: Submission, content: bytes) -> tuple[bool | None, str | None]:
    """Whether the service holds what was sent, None where it does not let us see; and a word about it."""
    try:
        held = sending.fetch_bytes(lambda: account.download_address(found.id), account.limits)
    except (ServiceError, KeysError) as error:
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
