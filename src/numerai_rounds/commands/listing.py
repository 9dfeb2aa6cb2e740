"""`rounds list`: the rounds that were played here, from git and the receipts alone."""

import re
from collections.abc import Mapping, Sequence
from functools import cache

from numerai_rounds.base.eras import horizon_in_name
from numerai_rounds.io import console
from numerai_rounds.io.repository import committed, git
from numerai_rounds.io.scores import figures
from numerai_rounds.io.scores.rough import rough
from numerai_rounds.play import kept_scores, promises, receipts
from numerai_rounds.play.kept_scores import Latest
from numerai_rounds.play.promises import Promise
from numerai_rounds.play.receipts import Receipt

COLUMNS = ("round", "model", "target", "CORR", "Sharpe", "outcome", "id", "sent (UTC)", "live CORR", "live MMC")
"""`CORR` and `Sharpe` are validation's, on `target`."""

NOT_SENT = "not sent"
TOURNAMENT = "numerai"
"""The only source whose rounds can be sent."""

PENDING = "pending"
"""No score yet; once there is one, the day of scoring."""

KINDS = ("corr", "mmc")

LETTERS = 8
"""Of an id, enough to know it by."""


def list_rounds(last: int = 20) -> None:
    """Show the `last` rounds that have a receipt, a tag or a commit, the newest first; a sentence where there are none.

    A receipt tells more than a tag, a tag more than a commit made by hand.
    """
    sent: dict[int, list[Receipt]] = {}
    for receipt in receipts.read_all().values():
        sent.setdefault(receipt.round, []).append(receipt)
    made = committed.rounds() | _tags()
    numbers = sorted(sent.keys() | made.keys(), reverse=True)
    if not numbers:
        console.say("No round was played here yet: `rounds run` plays one.")
        return
    unsent = [number for number in numbers[:last] if number not in sent]
    sources = dict(zip(unsent, committed.sources([made[number] for number in unsent]), strict=True))
    latest = kept_scores.latest(kept_scores.read())
    promised = cache(promises.read)
    rows = [
        row
        for number in numbers[:last]
        for row in (
            [_sent(receipt, promised(receipt.commit), latest, sent) for receipt in sent[number]]
            if number in sent
            else [_not_sent(number, sources[number], promised(made[number]))]
        )
    ]
    console.table("rounds, the newest first", COLUMNS, rows)
    if len(numbers) > last:
        console.say(f"{len(numbers) - last:,} earlier: `rounds list --last {len(numbers)}`.")


def _tags() -> dict[int, str]:
    """The newest tag of each round that has one; an experiment's where it has no other."""
    newest: dict[int, tuple[int, str]] = {}
    for name in git.tags("round-"):
        found = re.match(r"round-(\d+)(?:\.(\d+))?(.*)", name)
        if found:
            edition = -1 if found[3] else int(found[2] or 1)
            newest[int(found[1])] = max(newest.get(int(found[1]), (-1, "")), (edition, name))
    return {number: name for number, (_, name) in newest.items()}


def _not_sent(number: int, source: str | None, promise: Promise) -> list[str]:
    why = NOT_SENT if source in (None, TOURNAMENT) else f"{NOT_SENT}: {source} data"
    return [str(number), "", *_validation(promise), why, "", "", "", ""]


def _sent(receipt: Receipt, promise: Promise, latest: Latest, sent: Mapping[int, Sequence[Receipt]]) -> list[str]:
    model = receipt.model if receipt.experiment is None else f"{receipt.model}={receipt.experiment}"
    return [
        str(receipt.round),
        model,
        *_validation(promise),
        receipt.said,
        (receipt.submission_id or "")[:LETTERS],
        (receipt.submitted or "")[:16].replace("T", " "),
        *(_live(receipt, kind, latest) if receipt.arrived and not _replaced(receipt, sent) else "" for kind in KINDS),
    ]


def _validation(promise: Promise) -> list[str]:
    """Target, CORR and Sharpe ratio; roughly, with their number, where the eras are too few."""
    corr, sharpe = promise.figures.get("corr_mean"), promise.figures.get("corr_sharpe")
    if corr is None:
        return ["", "", ""]
    basis = promise.basis("corr")
    ratio = "" if sharpe is None else rough(sharpe) if basis.few else f"{sharpe:.2f}"
    return [promise.target or "", figures.text(corr, basis), ratio]


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
    if not kept_scores.is_final(row, horizon_in_name(receipt.payout.target) if receipt.payout else None):
        return PENDING if row.day is None else f"day {row.day}"
    return "" if row.value is None else f"{row.value:.4f}"
