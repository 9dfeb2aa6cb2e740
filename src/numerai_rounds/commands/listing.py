"""`rounds list`: the rounds that were played here, from git and the receipts alone."""

import re
from functools import cache

from numerai_rounds.io import console, figures, git, live_scores, played, promises, receipts
from numerai_rounds.io.live_scores import Latest
from numerai_rounds.io.promises import Promise
from numerai_rounds.io.receipts import Receipt

COLUMNS = ("round", "model", "target", "CORR", "Sharpe", "outcome", "id", "sent (UTC)", "live CORR", "live MMC")
"""`CORR` and `Sharpe` are validation's, on `target`."""

NOT_SENT = "not sent"
PENDING = "pending"

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
    promise = cache(promises.read)
    rows = [
        row
        for number in numbers[:last]
        for row in (
            [_sent(receipt, promise(receipt.commit), latest) for receipt in sent[number]]
            if number in sent
            else [[str(number), "", *_validation(promise(tags[number])), NOT_SENT, "", "", "", ""]]
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


def _sent(receipt: Receipt, promise: Promise, latest: Latest) -> list[str]:
    model = receipt.model if receipt.experiment is None else f"{receipt.model}={receipt.experiment}"
    return [
        str(receipt.round),
        model,
        *_validation(promise),
        receipt.said,
        (receipt.submission_id or "")[:LETTERS],
        (receipt.submitted or "")[:16].replace("T", " "),
        *(_live(receipt, kind, latest) for kind in ("corr", "mmc")),
    ]


def _validation(promise: Promise) -> list[str]:
    """Target, CORR and Sharpe ratio; roughly, with their number, where the eras are too few."""
    corr, sharpe = promise.figures.get("corr_mean"), promise.figures.get("corr_sharpe")
    if corr is None:
        return ["", "", ""]
    basis = promise.basis("corr")
    ratio = "" if sharpe is None else figures.rough(sharpe) if basis.few else f"{sharpe:.2f}"
    return [promise.target or "", figures.text(corr, basis), ratio]


def _live(receipt: Receipt, kind: str, latest: Latest) -> str:
    """A final live score; empty where nothing is to come."""
    if not receipt.arrived or (receipt.scores and kind not in receipt.scores):
        return ""
    row = latest.get((receipt.model, receipt.round, receipt.scores.get(kind, "")))
    if row is None or not row.resolved:
        return PENDING
    return "" if row.value is None else f"{row.value:.4f}"
