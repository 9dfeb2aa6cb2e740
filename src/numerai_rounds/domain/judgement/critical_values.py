"""How far estimates lie from the truth, in units of their own error, on simulated scores that overlap as real ones do.

A simulated score is the sum of as many weeks of news as its target looks ahead, so each piece counts in `overlap` eras.
Such ratios depend on nothing but the number of eras, the overlap, and the true Sharpe ratio, whatever the unit of the
scores. They are simulated once for a process and kept. The draws do not depend on any seed of the user's: two models
are measured with one rod.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Floats = NDArray[np.float64]

PIECE = 1 << 19
"""Numbers in memory at once; results do not depend on it."""

_HALF: Floats = np.r_[np.linspace(0.25, 4, 16), 6, 10, 20]
SHARPES: Floats = np.r_[-_HALF[::-1], 0, _HALF]
"""True Sharpe ratios per era that are simulated, the same on both sides of 0; between them there is a straight line."""


@dataclass(frozen=True)
class CriticalValues:
    """The ratios of every simulated series, sorted."""

    means: Floats
    """Sizes, shape (draws,)."""
    sharpes: Floats
    """Shape (Sharpe ratios of `SHARPES`, 2 * draws)."""

    def of_mean(self, share: float) -> float:
        """What the ratio of a mean stays below in size in that share of the series."""
        return float(np.quantile(self.means, share))

    def of_sharpe(self, share: float) -> tuple[Floats, Floats]:
        """What the ratio of a Sharpe ratio lies between, for each of `SHARPES`; each side is missed alike."""
        low, high = np.quantile(self.sharpes, [(1 - share) / 2, (1 + share) / 2], axis=1)
        return low, high


def lags_of(overlap: int) -> int:
    """Lags of the long-run variance: twice as many as eras share news over, since far lags have small weights."""
    return 2 * (overlap - 1)


def long_run_variance(series: Floats, lags: int, other: Floats | None = None) -> Floats:
    """Variance of the mean of a long series times its length, shape (series,); with `other`, the covariance.

    `series`: shape (series, eras), each around 0. The variance plus twice the autocovariances of 1 to `lags` eras with
    Bartlett's weights 1 - lag / (lags + 1), which equals the mean product of sums over windows of `lags` + 1 eras; 0 or
    more without `other`.

    Source: Newey and West, A simple, positive semi-definite, heteroskedasticity and autocorrelation consistent
    covariance matrix, 1987.
    """
    sums = _window_sums(series, lags)
    products = sums * (sums if other is None else _window_sums(other, lags))
    variance: Floats = products.sum(axis=1) / (series.shape[1] * (lags + 1))
    return variance


@cache
def simulated(eras: int, overlap: int, draws: int) -> CriticalValues:
    """The ratios of `draws` series of `eras` scores, each with its mirror image."""
    parts = [_ratios(series, overlap) for series in _series(eras, overlap, draws)]
    means, sharpes = (np.concatenate(each, axis=-1) for each in zip(*parts, strict=True))
    return CriticalValues(np.sort(means), np.sort(np.concatenate([sharpes, -sharpes[::-1]], axis=1), axis=1))


def _ratios(series: Floats, overlap: int) -> tuple[Floats, Floats]:
    """Of the mean in size, shape (draws,), and of the Sharpe ratio for each true one, shape (ratios, draws)."""
    eras, lags = series.shape[1], lags_of(overlap)
    mean, spread = series.mean(axis=1), series.std(axis=1)
    standard = (series - mean[:, None]) / spread[:, None]
    curved = (np.square(standard) - 1) / 2
    # The variance of the influence function, standard - sharpe * curved, is a polynomial of the Sharpe ratio.
    constant, linear, square = (
        long_run_variance(standard, lags),
        long_run_variance(standard, lags, curved),
        long_run_variance(curved, lags),
    )
    found = (mean + SHARPES[:, None]) / spread
    error = np.sqrt((constant - 2 * found * linear + np.square(found) * square) / eras)
    return np.abs(mean / spread) / np.sqrt(constant / eras), (found - SHARPES[:, None]) / error


def _series(eras: int, overlap: int, draws: int) -> Iterator[Floats]:
    """Normal scores of deviation 1 around 0, shape (some draws, eras), a piece at a time.

    From the raw stream of a bit generator, which numpy guarantees, unlike the one of its distributions.
    """
    weeks = eras + overlap - 1
    stream = np.random.SFC64(np.random.SeedSequence([int.from_bytes(b"intervals", "big"), eras, overlap]))
    together = max(1, PIECE // weeks)
    for done in range(0, draws, together):
        words = stream.random_raw(min(together, draws - done) * weeks).reshape(-1, weeks)
        news = ndtri(((words >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53)
        yield _sums(news, overlap) / np.sqrt(overlap)


def _window_sums(series: Floats, lags: int) -> Floats:
    return _sums(np.pad(series, ((0, 0), (lags, lags))), lags + 1)


def _sums(values: Floats, length: int) -> Floats:
    """Sums of `length` neighbours, shape (rows, columns - length + 1)."""
    total = np.cumsum(np.pad(values, ((0, 0), (1, 0))), axis=1)
    summed: Floats = total[:, length:] - total[:, :-length]
    return summed
