"""Small steps that turn vectors into ranks and shape them. Vectors are the rows of a matrix: shape (vectors, rows)."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from numerai_rounds.domain.arrays import sorting

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def twice_ranks(values: Floats) -> Integers:
    """Twice the rank of each value in its vector, from 2 where nothing ties; ties share their mean rank.

    Whole numbers, so that sums of them are exact. Values must be finite.
    """
    ranks = np.empty(values.shape, np.int64)
    for vector, row in zip(values, ranks, strict=True):
        row[:] = sorting.twice_ranks(vector)
    return ranks


def shares(twice: Integers) -> Floats:
    """Ranks as shares of the rows, strictly between 0 and 1, given twice the ranks: numerai-tools' tie-kept rank."""
    result: Floats = (twice - 1) / (2 * twice.shape[1])
    return result


def gaussianize(shares: Floats) -> Floats:
    """The quantile of the standard normal distribution at each share, a number between 0 and 1."""
    quantiles: Floats = ndtri(shares)
    return quantiles


def power_1_5(values: Floats) -> Floats:
    """The size to the power of 1.5, the sign kept: the ends weigh more than the middle."""
    result: Floats = values * np.sqrt(np.abs(values))
    return result


def pearson(vectors: Floats, other: Floats) -> Floats:
    """Pearson's correlation of each vector with `other`, shape (rows,): -1 to 1, shape (vectors,).

    NaN where either is constant or there are fewer than two rows.
    """
    result = np.full(len(vectors), np.nan)
    if vectors.shape[1] > 1 and np.ptp(other) > 0:
        varying = np.ptp(vectors, axis=1) > 0
        x, y = vectors[varying], other - other.mean()
        x = x - x.mean(axis=1, keepdims=True)
        result[varying] = (x * y).sum(axis=1) / np.sqrt(np.square(x).sum(axis=1) * np.square(y).sum())
    return result
