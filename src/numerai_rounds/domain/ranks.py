"""Small steps that turn a vector into ranks and shapes them. All take and return float64, shape (rows,)."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import rankdata

Floats = NDArray[np.float64]


def tie_kept_rank(values: Floats) -> Floats:
    """Rank as a share of the rows, strictly between 0 and 1 and 0.5 on average; ties share their mean rank."""
    return (rankdata(values) - 0.5) / len(values)


def gaussianize(shares: Floats) -> Floats:
    """The quantile of the standard normal distribution at each share, a number between 0 and 1."""
    return ndtri(shares)


def power_1_5(values: Floats) -> Floats:
    """The size to the power of 1.5, the sign kept: the ends weigh more than the middle."""
    return np.sign(values) * np.abs(values) ** 1.5


def gaussianize__power_1_5(shares: Floats) -> Floats:
    """Both in this order: Numerai's transformation of predictions, given their tie-kept ranks."""
    return power_1_5(gaussianize(shares))


def pearson(x: Floats, y: Floats) -> float:
    """Pearson's correlation, -1 to 1; NaN where either is constant or there are fewer than two rows."""
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    x, y = x - x.mean(), y - y.mean()
    return float((x * y).sum() / np.sqrt(np.square(x).sum() * np.square(y).sum()))
