"""What the live scores of a model come to, in a table and in sentences beside what validation promised."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from numerai_rounds.base.eras import horizon_in_name
from numerai_rounds.base.params import Payout
from numerai_rounds.domain import live
from numerai_rounds.domain.live import Round
from numerai_rounds.domain.scoring.loop import column_name
from numerai_rounds.io.scores import figures
from numerai_rounds.play import kept_scores
from numerai_rounds.play.kept_scores import Latest, LiveScore
from numerai_rounds.play.promises import Promise
from numerai_rounds.play.receipts import Receipt

SHARE = 0.9
"""Of outcomes that an interval is to cover where validation does not say."""

KINDS = ("corr", "mmc")

COLUMNS = ("model", "target", "rounds", "CORR", "Sharpe", "MMC", "payout mean", "payout sum", "percentile")
"""Of `row`."""


class Terms(NamedTuple):
    """What a round pays for."""

    names: Mapping[str, str]
    """The service's display names: `corr`, `mmc`."""
    payout: Payout | None


class Record(NamedTuple):
    """The rounds of a model that pay for the same target."""

    model: str
    target: str | None
    """None where nobody says."""
    rounds: list[Round]
    """In order."""
    promise: Promise | None
    late: int
    """Rounds played with a file that came late for the round before."""
    foreign: int
    """Rounds whose submission was not sent from here."""


def records(
    model: str, latest: Latest, terms: Mapping[int, Terms], sent: Iterable[Receipt], promise: Promise | None
) -> list[Record]:
    """A record for each target that the rounds of a model pay for; `sent` are its receipts."""
    outcomes: dict[int, set[str]] = {}
    for receipt in sent:
        outcomes.setdefault(receipt.plays, set()).add(receipt.outcome)
    late = {number for number, found in outcomes.items() if found == {"late"}}
    by_target: dict[str | None, list[Round]] = {}
    for number in sorted({number for name, number, _ in latest if name == model} | set(outcomes)):
        policy = terms[number].payout
        entry = _round(model, number, latest, terms[number])
        by_target.setdefault(policy.target if policy else None, []).append(entry)
    return [
        Record(
            model,
            target,
            rounds,
            promise,
            sum(entry.number in late for entry in rounds),
            sum(entry.number not in outcomes for entry in rounds),
        )
        for target, rounds in by_target.items()
    ]


def _round(model: str, number: int, latest: Latest, terms: Terms) -> Round:
    """A round with the scores that it pays for; it is resolved once all of them are final."""
    rows = {kind: latest.get((model, number, name)) for kind, name in terms.names.items()}
    days = horizon_in_name(terms.payout.target) if terms.payout else None
    resolved = bool(rows) and all(row is not None and kept_scores.is_final(row, days) for row in rows.values())
    corr, mmc = _number(rows.get("corr"), "value"), _number(rows.get("mmc"), "value")
    paid = math.nan if terms.payout is None else live.paid(corr, mmc, terms.payout)
    return Round(number, resolved, corr, mmc, paid, _number(rows.get("corr"), "percentile"))


def _number(row: LiveScore | None, column: str) -> float:
    found = getattr(row, column, None)
    return math.nan if found is None else float(found)


def row(record: Record) -> list[str]:
    """A record as a row of the table; what does not exist is empty."""
    found = live.figures(record.rounds)
    payouts = [f"{value:.4f}" for value in (found.payout_mean, found.payout_sum)]
    cells = [f"{found.corr:.4f}", f"{found.sharpe:.2f}", f"{found.mmc:.4f}", *payouts, f"{found.percentile:.2f}"]
    counts = f"{found.resolved} / {found.resolved + found.pending}"
    return [record.model, record.target or "unknown", counts, *("" if cell == "nan" else cell for cell in cells)]


def sentences(record: Record) -> list[str]:
    """What a person should know about a record: scores against the promise, noise, and what is not in the figures."""
    found = live.figures(record.rounds)
    counts = {
        "pending": found.pending,
        "played with a file that came late for the round before": record.late,
        "not sent from here": record.foreign,
    }
    rest = "; ".join(f"{what}: {_rounds(count)}" for what, count in counts.items() if count)
    final = [entry for entry in record.rounds if entry.resolved]
    return [
        *_verdicts(record),
        *([_noise(record, final)] if final else []),
        *([f"{record.model}: {rest}."] if rest else []),
    ]


def _verdicts(record: Record) -> list[str]:
    """How the mean of each score lies to the interval that validation promised."""
    said = []
    for kind in KINDS:
        scores = live.finite([getattr(entry, kind) for entry in record.rounds if entry.resolved])
        if len(scores):
            mean = float(scores.mean())
            what = f"{record.model}: live {kind.upper()} {mean:.4f} over {_rounds(len(scores))}"
            said.append(f"{what}: {_beside(kind, mean, record)}.")
    return said


def _beside(kind: str, mean: float, record: Record) -> str:
    promise = record.promise
    if promise is None or not promise.figures or promise.target is None:
        return "no commit here says what validation promised"
    if record.target is None:
        return "on which target is not known, so nothing is compared"
    name = column_name(kind, record.target, promise.target)
    known = promise.figures
    if f"{name}_mean" not in known:
        return f"on {record.target}, for which validation, on {promise.target}, has no {kind.upper()}: not compared"
    low, high = known.get(f"{name}_mean_low"), known.get(f"{name}_mean_high")
    if low is None or high is None or promise.share is None:
        return f"validation promised {_told(promise, name)}, without an interval"
    return (
        f"{live.place(mean, low, high)} the {_percent(promise.share)} interval {low:.4f} to {high:.4f} "
        "that validation promised"
    )


def _told(promise: Promise, score: str) -> str:
    """A mean that validation promised; roughly where it rests on too few eras."""
    mean, basis = promise.figures[f"{score}_mean"], promise.basis(score)
    return figures.text(mean, basis)


def _noise(record: Record, final: Sequence[Round]) -> str:
    """How much the rounds tell."""
    days = horizon_in_name(record.target or "")
    if days is None:
        return f"{record.model}: how far its scores look ahead is not known, so neither is how much they share."
    share = (record.promise.share if record.promise else None) or SHARE
    found = []
    for kind in KINDS:
        scored = [entry for entry in final if math.isfinite(getattr(entry, kind))]
        numbers, scores = [entry.number for entry in scored], [getattr(entry, kind) for entry in scored]
        if interval := live.mean_interval(numbers, scores, days, share):
            found.append(f"{kind.upper()} {interval.low:.4f} to {interval.high:.4f}")
    count = live.stretches([entry.number for entry in final], days)
    return (
        f"{record.model}: each score looks {days} business days ahead, and neighbours share most of them: "
        f"{_rounds(len(final))} make {count} independent {'stretch' if count == 1 else 'stretches'}, "
        + (
            f"and the {_percent(share)} intervals of the live means themselves are {', '.join(found)}."
            if found
            else "too few for an interval of the live means themselves."
        )
    )


def _rounds(count: int) -> str:
    return f"{count:,} round{'' if count == 1 else 's'}"


def _percent(share: float) -> str:
    return f"{100 * share:g} %"
