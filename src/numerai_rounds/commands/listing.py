"""`rounds list`: the rounds that were played here, from git and the receipts alone."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from numerai_rounds.base.columns import horizon_in_name
from numerai_rounds.io import console, git, live_scores, played, promises, receipts
from numerai_rounds.io.live_scores import Latest
from numerai_rounds.io.receipts import Receipt

COLUMNS = ("round", "model", "CORR", "Sharpe", "outcome", "id", "sent (UTC)", "live CORR", "live MMC")
"""`CORR` and `Sharpe` are validation's."""

NOT_SENT = "not sent"
PENDING = "pending"
"""No score yet; once there is one, the day of scoring."""

KINDS = ("corr", "mmc")

LETTERS = 8
"""Of an id, enough to know it by."""


def list_rounds(last: int = 20) -> None:
    """Show the `last` rounds that have a tag or a receipt, the newest first; a sentence where there are none."""
    sent: dict[int, list[Receipt]] = {}
    for receipt in receipts.read_all().values():
        sent.setdefault(receipt.round, []).append(receipt)
    tags = _tags()
    numbers = sorted(sent.keys() | tags.keys(), reverse=True)
    if not numbers:
        console.say("No round was played here yet: `rounds run` plays one.")
        return
    latest = live_scores.latest(live_scores.read())
    figures = cache(promises.figures)
    rows = [
        row
        for number in numbers[:last]
        for row in (
            [_sent(receipt, figures(receipt.commit), latest, sent) for receipt in sent[number]]
            if number in sent
            else [[str(number), "", *_validation(figures(tags[number])), NOT_SENT, "", "", "", ""]]
        )
    ]
    console.table("rounds, the newest first", COLUMNS, rows)
    if len(numbers) > last:
        console.say(f"{len(numbers) - last:,} earlier ones: `rounds list --last {len(numbers)}`.")


def _tags() -> dict[int, str]:
    """The newest tag of each round that has one."""
    named = (re.match(r"round-(\d+)", name) for name in git.tags("round-*"))
    numbers = {int(found[1]): found.string for found in named if found}
    return {number: played.latest_tag(f"round-{number}") or name for number, name in numbers.items()}


def _sent(
    receipt: Receipt, figures: Mapping[str, float], latest: Latest, sent: Mapping[int, Sequence[Receipt]]
) -> list[str]:
    model = receipt.model if receipt.experiment is None else f"{receipt.model}={receipt.experiment}"
    return [
        str(receipt.round),
        model,
        *_validation(figures),
        receipt.said,
        (receipt.submission_id or "")[:LETTERS],
        (receipt.submitted or "")[:16].replace("T", " "),
        *(_live(receipt, kind, latest) if receipt.arrived and not _replaced(receipt, sent) else "" for kind in KINDS),
    ]


def _validation(figures: Mapping[str, float]) -> list[str]:
    found: Iterable[tuple[float | None, str]] = ((figures.get("corr_mean"), ".4f"), (figures.get("corr_sharpe"), ".2f"))
    return ["" if value is None else format(value, form) for value, form in found]


def _replaced(receipt: Receipt, sent: Mapping[int, Sequence[Receipt]]) -> bool:
    """Whether a late file gave way to the own file of the round that it was to play."""
    others = sent.get(receipt.plays, []) if receipt.outcome == "late" else []
    return any(other.model == receipt.model and other.outcome == "accepted" for other in others)


def _live(receipt: Receipt, kind: str, latest: Latest) -> str:
    """A final live score, or how far it is; empty where nothing is to come."""
    if receipt.scores and kind not in receipt.scores:
        return ""
    row = latest.get((receipt.model, receipt.plays, receipt.scores.get(kind, "")))
    if row is None:
        return PENDING
    if not live_scores.is_final(row, horizon_in_name(receipt.payout.target) if receipt.payout else None):
        return PENDING if row.day is None else f"day {row.day}"
    return "" if row.value is None else f"{row.value:.4f}"
