"""Correlation of features with one target, era by era, without a table of features by features."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from numerai_rounds.domain.arrays import kernels

Floats = NDArray[np.float64]

UNIT = 12
"""Targets have levels of quarters or sixths: whole twelfths."""

DECIMALS = 12
"""Of a correlation in the table: what a processor's way of adding may change is cut off."""


@dataclass(frozen=True)
class Moments:
    """Sums over rows of features x, shape (features,), and of the target t in twelfths. They add up over eras."""

    rows: int
    x: Floats
    xx: Floats
    xt: Floats
    t: float
    tt: float

    def __add__(self, other: "Moments") -> "Moments":
        """Sums over both sets of rows."""
        return Moments(
            self.rows + other.rows,
            self.x + other.x,
            self.xx + other.xx,
            self.xt + other.xt,
            self.t + other.t,
            self.tt + other.tt,
        )

    def pearson(self) -> Floats:
        """Pearson's correlation of each feature with the target, -1 to 1; NaN where either is constant."""
        covariance = self.rows * self.xt - self.x * self.t
        spread = _spread(self.rows, self.x, self.xx) * _spread(self.rows, self.t, self.tt)
        return coefficient(covariance, spread)


def coefficient(covariance: Floats, spread: Floats) -> Floats:
    """Correlation coefficients, given covariances and products of two variances; NaN where that is 0."""
    result = np.full_like(covariance, np.nan)
    np.divide(covariance, np.sqrt(spread), out=result, where=spread > 0)
    return result


def _spread(rows: int, total: Floats | float, squares: Floats | float) -> Floats:
    """`rows` squared times the variance; exactly 0 where what is left is rounding."""
    spread = np.asarray(rows * squares - np.square(total))
    return np.where(spread > 1e-12 * rows * squares, spread, 0.0)


def moments(features: NDArray[np.int8], target: Floats) -> Moments:
    """Moments of int8 features, shape (features, rows), levels 0 to 4, and a finite target, shape (rows,).

    Exact where the target has levels of quarters or sixths, else added in the order of the rows: the same for any
    number of threads. Fastest where the values of a feature lie side by side.
    """
    twelfths = UNIT * np.asarray(target, dtype=np.float64)
    whole = np.rint(twelfths)
    if np.abs(twelfths - whole).max(initial=0) < 1e-5:
        twelfths = whole
    fits = twelfths is whole and np.abs(whole).max(initial=0) <= kernels.LARGEST_WEIGHT
    weights = whole.astype(np.int16) if fits else np.zeros(len(whole), np.int16)
    x, xx, products = kernels.product_sums(features, weights).astype(np.float64)
    xt = products if fits else kernels.float_sums(features, twelfths)
    return Moments(len(target), x, xx, xt, float(twelfths.sum()), float(np.square(twelfths).sum()))


class Correlations:
    """Correlations of named features with one target, gathered one era at a time.

    Memory: a number for each era and feature, whatever the number of rows.
    """

    def __init__(self, names: list[str]) -> None:
        """Begin with no rows; `names` are those of the features to come."""
        nothing = np.zeros(len(names))
        self._names = names
        self._pooled = Moments(0, nothing, nothing, nothing, 0.0, 0.0)
        self._eras: list[Floats] = []

    @property
    def rows(self) -> int:
        """Rows so far."""
        return self._pooled.rows

    def add(self, features: NDArray[np.int8], target: NDArray[np.floating]) -> None:
        """Take in one era: features int8, shape (features, rows), and their finite targets, shape (rows,)."""
        era = moments(features, target.astype(np.float64))
        self._pooled += era
        self._eras.append(era.pearson())

    def table(self) -> pd.DataFrame:
        """A row a feature, in the order of the names.

        `correlation`: Pearson over all rows. `era_mean`, `era_std` (ddof 0): of the correlations within
        eras. `sign_agreement`: share of eras, 0 to 1, whose correlation has the sign of `era_mean`. An
        era in which a feature is constant does not count for it; a number without any era is NaN. All
        are rounded to 12 decimals.
        """
        values = np.array(self._eras, dtype=np.float64).reshape(len(self._eras), len(self._names))
        eras = pd.DataFrame(values, columns=self._names).round(DECIMALS)
        mean = eras.mean().round(DECIMALS)
        agreement = (eras * np.sign(mean) > 0).sum() / eras.count()
        return pd.DataFrame(
            {
                "feature": self._names,
                "correlation": self._pooled.pearson(),
                "era_mean": mean.to_numpy(),
                "era_std": eras.std(ddof=0).to_numpy(),
                "sign_agreement": agreement.to_numpy(),
            }
        ).round(DECIMALS)
