"""How uncertain a mean and a Sharpe ratio are, given eras whose targets overlap.

A target looks weeks ahead, so a piece of news counts in the scores of several eras: `overlap` of them, 1 where eras
share nothing. How far news reaches is known from the target's horizon, it need not be guessed from the scores. An
estimate is divided by its error by Newey and West, and the ratio is compared with what it would be on simulated scores
that overlap just so (`domain.critical_values`). Intervals then cover what they say with few eras and with many
(benchmarks/RESULTS-intervals.md). If scores depend on each other less than that, intervals are wider than need be. They
are never narrower than those of independent eras.

Simulated scores are normal. Scores with the tails of Student's t with 4 degrees of freedom, which share nothing, leave
the interval of a Sharpe ratio of 1.5 with 84 to 85 % where it says 90, the truth mostly below it. The interval of the
mean keeps its word, as it does if scores are skewed.

If eras are missing from a series, neighbours in it are further apart, which makes intervals wider rather than narrower.

Sources: Kiefer and Vogelsang, A new asymptotic theory for heteroskedasticity-autocorrelation robust tests, 2005; Lo,
The statistics of Sharpe ratios, 2002; Ledoit and Wolf, Robust performance hypothesis testing with the Sharpe ratio,
2008.
"""

import math
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from numerai_rounds.domain.judgement import critical_values
from numerai_rounds.domain.judgement.critical_values import SHARPES, lags_of, long_run_variance

Floats = NDArray[np.float64]

LEAST_PIECES = 4
"""Independent pieces of news that a series must hold: an interval of fewer would be as wide as any opinion."""


class Interval(NamedTuple):
    """What probably holds the true value."""

    low: float
    high: float

    def around(self, other: "Interval") -> "Interval":
        """The interval that holds both."""
        return Interval(min(self.low, other.low), max(self.high, other.high))


class Intervals(NamedTuple):
    """Of the mean, in the unit of the scores, and of the Sharpe ratio with ddof 0, None where there is no deviation."""

    mean: Interval
    sharpe: Interval | None


def deviation(scores: Floats, ddof: int) -> float:
    """Standard deviation, 0 or more; exactly 0 where all scores, at least one, are equal, so also for a single one."""
    return float(scores.std(ddof=ddof)) if np.ptp(scores) > 0 else 0.0


def pieces(eras: int, overlap: int) -> float:
    """Independent eras that would tell as much about the mean: eras that share their news count as one together."""
    return eras / overlap


def least_eras(overlap: int) -> int:
    """Eras that a series must have for an interval."""
    return LEAST_PIECES * overlap


def estimated(scores: Floats, overlap: int, share: float, draws: int) -> Intervals | None:
    """Intervals of the true mean and the true Sharpe ratio per era; None with fewer than `least_eras`.

    `scores`: shape (eras,), finite, in the order of the eras. `overlap`: eras in which a piece of news counts, 1 or
    more. `share`: of outcomes that an interval is to cover, 0 to 1, each side missed alike. `draws`: simulated series
    behind the critical values.
    """
    if len(scores) < least_eras(overlap):
        return None
    mean, spread = float(scores.mean()), deviation(scores, 0)
    if spread == 0:
        return Intervals(Interval(mean, mean), None)
    standard, sharpe = (scores - mean) / spread, mean / spread
    of_mean, of_sharpe = _critical(len(scores), overlap, share, draws)
    reach = of_mean * spread * _error(standard, overlap)
    found = Interval(mean - reach, mean + reach), _sharpe(standard, sharpe, overlap, of_sharpe)
    independent = estimated(scores, 1, share, draws) if overlap > 1 else _textbook(mean, spread, len(scores), share)
    if independent is None or independent.sharpe is None:
        return Intervals(*found)
    return Intervals(found[0].around(independent.mean), found[1].around(independent.sharpe))


@cache
def _critical(eras: int, overlap: int, share: float, draws: int) -> tuple[float, tuple[Floats, Floats]]:
    """Of the mean, and of the Sharpe ratio for each of `SHARPES`: kept, since many scores have as many eras."""
    critical = critical_values.simulated(eras, overlap, draws)
    return critical.of_mean(share), critical.of_sharpe(share)


def _textbook(mean: float, spread: float, eras: int, share: float) -> Intervals:
    """Student's interval of the mean of independent eras, and Lo's of their Sharpe ratio."""
    tail = (1 + share) / 2
    reach = float(stdtrit(eras - 1, tail)) * spread / math.sqrt(eras - 1)
    sharpe = mean / spread
    wide = float(ndtri(tail)) * math.sqrt((1 + sharpe**2 / 2) / eras)
    return Intervals(Interval(mean - reach, mean + reach), Interval(sharpe - wide, sharpe + wide))


def _sharpe(standard: Floats, sharpe: float, overlap: int, critical: tuple[Floats, Floats]) -> Interval:
    """The Sharpe ratios for which the one that was found is neither too high nor too low.

    The error is that of its influence function. What is too high depends on the true ratio: overlap makes a series vary
    less around its own mean, so that high ratios look higher.
    """
    error = _error(standard - sharpe / 2 * (np.square(standard) - 1), overlap)
    least, greatest = critical
    # Both rise with the true ratio: how far what was found lies below the bound that is still likely.
    above, below = SHARPES + greatest * error - sharpe, SHARPES + least * error - sharpe
    return Interval(_crossing(above), -_crossing(-below[::-1]))


def _crossing(values: Floats) -> float:
    """Where values at `SHARPES` first rise above 0, between its places on a straight line, beyond them in parallel."""
    first = int(np.argmax(values > 0)) if (values > 0).any() else len(values)
    if first == 0:
        return float(SHARPES[0] - values[0])
    if first == len(values):
        return float(SHARPES[-1] - values[-1])
    low, high = values[first - 1], values[first]
    return float(SHARPES[first - 1] + (SHARPES[first] - SHARPES[first - 1]) * low / (low - high))


def _error(values: Floats, overlap: int) -> float:
    """Standard error of the mean of a series around 0."""
    return math.sqrt(float(long_run_variance(values[None], lags_of(overlap))[0]) / len(values))
