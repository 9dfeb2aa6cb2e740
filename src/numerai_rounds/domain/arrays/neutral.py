"""What features do not explain."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack, solve_triangular

Floats = NDArray[np.float64]

INDEPENDENT = 1e-10
"""Of a feature's variance: one whose rest is smaller follows from other features."""

NOTHING = 1e-12
"""Of a vector's variance: where less is left of it, features explain it wholly."""

DECIMALS = 10
"""Of what is left: equal predictions of equal rows stay equal however they were added up."""

EXACT = 2**24
"""float32 holds every whole number up to here."""


def neutralized(vectors: Floats, features: NDArray[np.int8]) -> Floats:
    """What is left of vectors, shape (vectors, rows), less their least-squares fit to features and a constant.

    `features` has shape (features, rows), levels 0 to 4. Features that are constant or follow from others change
    nothing. NaN for a vector of which nothing is left: a constant one, or one of no more rows than features. As
    numerai-tools' `neutralize`, through normal equations instead of a singular value decomposition: levels are small
    whole numbers, so that their products add up exactly even in float32.
    """
    rows = features.shape[1]
    small: NDArray[np.floating] = features.astype(np.float32 if 16 * rows < EXACT else np.float64)
    products, totals = (small @ small.T).astype(np.float64), small.sum(axis=1, dtype=np.float64)
    covariance = products - np.outer(totals, totals) / rows
    left = vectors - vectors.mean(axis=1, keepdims=True)
    before = np.square(left).sum(axis=1)
    factor, pivots, rank, _ = lapack.dpstrf(covariance, tol=INDEPENDENT * covariance.diagonal().max(initial=0), lower=1)
    if rank:
        chosen = pivots[:rank] - 1
        basis = small[chosen].astype(np.float64)
        half = solve_triangular(factor[:rank, :rank], basis @ left.T, lower=True)
        weights = solve_triangular(factor[:rank, :rank], half, lower=True, trans="T")
        left = left - weights.T @ basis
        left -= left.mean(axis=1, keepdims=True)
    nothing = (np.square(left).sum(axis=1) <= NOTHING * before) | (np.ptp(vectors, axis=1) == 0)
    scale = np.sqrt(np.square(left).mean(axis=1, keepdims=True))
    scale[nothing] = np.nan
    rounded: Floats = np.round(left / scale, DECIMALS)
    return rounded
