"""How uncertain a mean and a Sharpe ratio are, given eras whose targets overlap.

Two independent ways: a block bootstrap, which assumes no distribution, and the normal distribution with the long-run
variance of Newey and West. Both take `overlap`: eras that far apart share nothing of their targets. Where eras are
missing from a series, neighbours in it are further apart than that, which makes intervals wider rather than narrower.

Both are somewhat too narrow where scores depend on each other over the whole of the overlap: on simulated scores in
which each piece of news counts in 12 eras, with an overlap of 16, intervals of 90 % cover the truth in 82 % of cases
with 52 eras and in 87 % with 650; taken as independent, in 40 %. Independent scores are covered as they should be.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

LEAST_BLOCKS = 3
"""Times the overlap that a series must be long: fewer eras hold too few independent pieces to tell anything."""

PIECE = 4096
"""Draws in memory at once; results do not depend on it."""

ROUNDING = 1e-12
"""Share of a draw's mean square below which its variance is what rounding left."""


class Interval(NamedTuple):
    """What probably holds the true value."""

    low: float
    high: float


class Intervals(NamedTuple):
    """Of the mean, in the unit of the scores, and of the Sharpe ratio with ddof 0, None where there is no deviation."""

    mean: Interval
    sharpe: Interval | None


def deviation(scores: Floats, ddof: int) -> float:
    """Standard deviation, 0 or more; exactly 0 where all scores, at least one, are equal, so also for a single one."""
    return float(scores.std(ddof=ddof)) if np.ptp(scores) > 0 else 0.0


def bootstrap(scores: Floats, overlap: int, share: float, draws: int, seed: int) -> Intervals | None:
    """Percentile intervals of the circular block bootstrap, with blocks of `overlap` eras, widened (see `_widening`).

    `scores`: shape (eras,), finite, in the order of the eras. `overlap`: 1 or more. `share`: of outcomes that an
    interval is to cover, 0 to 1. Series of equal length, overlap and seed are drawn from at the same places. A draw
    without deviation has no Sharpe ratio and is left out of that interval. None where there are fewer than 3 times
    `overlap` eras.

    Source: Politis and Romano, A circular block-resampling procedure for stationary data, 1992.
    """
    if len(scores) < LEAST_BLOCKS * overlap:
        return None
    centre = float(scores.mean())
    shifts, squares = _drawn_moments(scores - centre, overlap, draws, seed)
    variances = squares - np.square(shifts)
    varying = variances > ROUNDING * squares
    means = centre + shifts
    sharpes = means[varying] / np.sqrt(variances[varying])
    spread = deviation(scores, 0)
    wider = _widening(len(scores), overlap, share)
    return Intervals(
        _percentiles(means, share, centre, wider),
        _percentiles(sharpes, share, centre / spread, wider) if len(sharpes) and spread > 0 else None,
    )


def newey_west(scores: Floats, overlap: int, share: float) -> Intervals | None:
    """Normal intervals with the long-run variance of `overlap` lags, widened; the arguments are those of `bootstrap`.

    The Sharpe ratio's is by the delta method: the long-run variance of its influence function. None where there are
    fewer than 3 times `overlap` eras.

    Source: Lo, The statistics of Sharpe ratios, 2002; Ledoit and Wolf, Robust performance hypothesis testing with the
    Sharpe ratio, 2008.
    """
    if len(scores) < LEAST_BLOCKS * overlap:
        return None
    mean, spread = float(scores.mean()), deviation(scores, 0)
    of_mean = _normal(mean, scores, overlap, share)
    if spread == 0:
        return Intervals(of_mean, None)
    standard = (scores - mean) / spread
    sharpe = mean / spread
    influence = standard - sharpe / 2 * (np.square(standard) - 1)
    return Intervals(of_mean, _normal(sharpe, influence, overlap, share))


def long_run_variance(scores: Floats, lags: int) -> float:
    """Variance of the mean of a long series times its length; 0 or more, 0 only where scores are constant.

    `scores`: shape (eras,), finite. The variance plus twice the autocovariances of 1 to `lags` eras with Bartlett's
    weights 1 - lag / (lags + 1), which equals the mean square of sums over windows of `lags` + 1 eras.

    Source: Newey and West, A simple, positive semi-definite, heteroskedasticity and autocorrelation consistent
    covariance matrix, 1987.
    """
    if np.ptp(scores) == 0:
        return 0.0
    windows = sliding_window_view(np.pad(scores - scores.mean(), lags), lags + 1)
    return float(np.square(windows.sum(axis=1)).sum() / (len(scores) * (lags + 1)))


def _normal(estimate: float, scores: Floats, lags: int, share: float) -> Interval:
    error = np.sqrt(long_run_variance(scores, lags) / len(scores))
    reach = float(ndtri((1 + share) / 2) * error) * _widening(len(scores), lags, share)
    return Interval(estimate - reach, estimate + reach)


def _widening(eras: int, overlap: int, share: float) -> float:
    """How much wider an interval must be because few independent pieces tell how much scores vary; above 1.

    Around their own mean they vary less than around the true one, by eras / (eras - overlap), and a variance known from
    1.5 * eras / (overlap + 1) pieces asks for the quantile of Student's distribution with as many degrees of freedom.

    Source: Lazarus, Lewis, Stock and Watson, HAR inference: recommendations for practice, 2018, for Bartlett's weights.
    """
    tail = (1 + share) / 2
    student = stdtrit(1.5 * eras / (overlap + 1), tail) / ndtri(tail)
    return float(student * np.sqrt(eras / (eras - overlap)))


def _percentiles(values: Floats, share: float, estimate: float, wider: float) -> Interval:
    low, high = estimate + wider * (np.quantile(values, [(1 - share) / 2, (1 + share) / 2]) - estimate)
    return Interval(float(low), float(high))


def _drawn_moments(scores: Floats, block: int, draws: int, seed: int) -> tuple[Floats, Floats]:
    """Mean and mean square of the scores of each draw, shape (draws,) each."""
    eras = len(scores)
    rest = (eras - 1) % block + 1  # of the last block, which is cut so that a draw has as many eras as the series
    powers = [(_circular_sums(values, block), _circular_sums(values, rest)) for values in (scores, np.square(scores))]
    pieces = [
        [whole[starts[:, :-1]].sum(axis=1) + cut[starts[:, -1]] for whole, cut in powers]
        for starts in _block_starts(eras, block, draws, seed)
    ]
    first, second = (np.concatenate(sums) / eras for sums in zip(*pieces, strict=True))
    return first, second


def _circular_sums(values: Floats, length: int) -> Floats:
    """Sums of `length` values from each place on; the first value follows the last."""
    sums: Floats = sliding_window_view(np.concatenate([values, values[: length - 1]]), length).sum(axis=1)
    return sums


def _block_starts(eras: int, block: int, draws: int, seed: int) -> Iterator[Places]:
    """Where the blocks of each draw start, shape (draws, blocks), a piece at a time.

    From the raw stream of a bit generator, which numpy guarantees, unlike the one of its distributions.
    """
    stream = np.random.SFC64(np.random.SeedSequence([seed, int.from_bytes(b"bootstrap", "big"), eras, block]))
    blocks = -(-eras // block)
    for done in range(0, draws, PIECE):
        words = stream.random_raw(min(PIECE, draws - done) * blocks)
        yield (words % np.uint64(eras)).astype(np.intp).reshape(-1, blocks)
