"""What the live scores of past rounds say about a model, and how much of that is noise.

Rounds are numbered business day after business day, and each score looks some business days ahead: rounds fewer days
apart than that share a part of their answer.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from numerai_rounds.base.params import Payout
from numerai_rounds.domain.judgement import intervals, payout
from numerai_rounds.domain.judgement.intervals import Interval
from numerai_rounds.domain.judgement.statistics import sharpe

DRAWS = 4_000
"""Simulated series behind the intervals."""


class Round(NamedTuple):
    """A round that a model played; scores are NaN where there are none. Higher is better throughout."""

    number: int
    resolved: bool
    """Whether its scores are final."""
    corr: float
    mmc: float
    paid: float
    """Share of the stake; NaN where the round pays nothing."""
    percentile: float
    """Share of models, 0 to 1, whose CORR was lower."""


class Figures(NamedTuple):
    """What the resolved rounds come to; NaN where no round has what is asked for."""

    resolved: int
    pending: int
    corr: float
    """Mean."""
    sharpe: float
    """Of CORR, with ddof 0, per round, not per year; NaN where there is no deviation."""
    mmc: float
    """Mean."""
    payout_mean: float
    payout_sum: float
    percentile: float
    """Mean."""


def figures(rounds: Sequence[Round]) -> Figures:
    """Means over resolved rounds, each over those that have the score; pending ones are only counted."""
    final = [entry for entry in rounds if entry.resolved]
    corr, mmc, paid, percentile = (finite([getattr(entry, name) for entry in final]) for name in _SERIES)
    return Figures(
        resolved=len(final),
        pending=len(rounds) - len(final),
        corr=_mean(corr),
        sharpe=sharpe(corr, ddof=0) if len(corr) else math.nan,
        mmc=_mean(mmc),
        payout_mean=_mean(paid),
        payout_sum=float(paid.sum()) if len(paid) else math.nan,
        percentile=_mean(percentile),
    )


_SERIES = ("corr", "mmc", "paid", "percentile")


def paid(corr: float, mmc: float, policy: Payout) -> float:
    """What a round pays for a stake of 1; NaN where a score that the policy pays for is NaN."""
    used = [np.array([score if weight else 0.0]) for score, weight in ((corr, policy.corr), (mmc, policy.mmc))]
    return float(payout.returns(used[0], used[1], policy)[0])


def stretches(numbers: Sequence[int], days: int) -> int:
    """How many of these rounds, in order, can be chosen so that no two share a part of their answer.

    `days`: business days that the score looks ahead.
    """
    count, free_from = 0, -math.inf
    for number in numbers:
        if number >= free_from:
            count, free_from = count + 1, number + days
    return count


def mean_interval(numbers: Sequence[int], scores: Sequence[float], days: int, share: float) -> Interval | None:
    """What probably holds the true mean, as `domain.intervals` has it.

    `numbers`: of the rounds, in order; `scores`: of each, finite; `days`: 20 or 60, as in `stretches`; `share`: of
    outcomes that the interval is to cover. News counts in as many rounds as lie within `days`. None with too few
    independent pieces.
    """
    found = intervals.estimated(np.array(scores, dtype=np.float64), _together(numbers, days), share, DRAWS)
    return found.mean if found is not None else None


def place(score: float, low: float, high: float) -> str:
    """Where a score lies: `below`, `inside` or `above` an interval, whose ends are inside."""
    if score < low:
        return "below"
    return "above" if score > high else "inside"


def finite(scores: Sequence[float]) -> intervals.Floats:
    """The scores that are numbers."""
    values = np.array(scores, dtype=np.float64)
    return values[np.isfinite(values)]


def _together(numbers: Sequence[int], days: int) -> int:
    """The most rounds that so many business days hold: those further apart in the series share nothing."""
    places = np.array(numbers)
    return int((np.searchsorted(places, places + days) - np.arange(len(places))).max(initial=1))


def _mean(scores: intervals.Floats) -> float:
    return float(scores.mean()) if len(scores) else math.nan
