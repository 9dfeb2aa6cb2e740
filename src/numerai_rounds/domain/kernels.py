"""Sums over the rows of many features at once, in compiled loops over int8 values: no copy, no other type in memory.

All are sums of whole numbers, exact whatever the order, or added in the order of the rows: they cannot depend on the
number of threads or on the processor. Columns are taken two at a time, since memory serves two streams better than one.
"""

from collections.abc import Callable
from typing import TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

from numerai_rounds.base.columns import FEATURE_LEVELS

Integers = NDArray[np.int64]
Levels = NDArray[np.int8]
Kernel = TypeVar("Kernel", bound=Callable[..., None])

HIGHEST = FEATURE_LEVELS - 1

LARGEST_16 = 2**15 - 1
LARGEST_WEIGHT = LARGEST_16 // HIGHEST
"""Of `product_sums`: its product with a level fits 16 bits."""

LANES = 64
"""Values that the widest processors take at once: blocks of rows are multiples of it where they can be."""

COUNTED = 44
"""`level_sums` adds a weight and 2 to the power of this: one sum holds the sum of weights and the number of rows."""

COUNTS = 2 ** (63 - COUNTED) - 1
"""Rows that one such sum can count."""


def _compiled(function: Kernel) -> Kernel:
    """The function as machine code, kept on the disk for the next process where there is room for it."""
    try:
        return cast("Kernel", numba.njit(function, nogil=True, cache=True))
    except RuntimeError:  # neither the folder of this file nor the user's may be written
        return cast("Kernel", numba.njit(function, nogil=True))


def product_sums(features: Levels, weights: NDArray[np.int16]) -> Integers:
    """Sums of x, of x squared and of x times the weight, over the rows of each feature x: shape (3, features).

    `features` has shape (rows, features), levels 0 to 4, and is fastest where columns are contiguous; `weights` has
    shape (rows,), none larger than `LARGEST_WEIGHT` in size.
    """
    flat, stride = _flat(features, weights)
    block = LARGEST_16 // (HIGHEST * max(HIGHEST, int(np.abs(weights).max(initial=0))))
    block -= block % LANES if block > LANES else 0
    sums = np.zeros((3, features.shape[1]), np.int64)
    _product_sums(flat, stride, weights, block, sums)
    return sums


def float_sums(features: Levels, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum of x times the weight over the rows of each feature x, added in the order of the rows: shape (features,)."""
    flat, stride = _flat(features, weights)
    sums = np.zeros(features.shape[1])
    _float_sums(flat, stride, weights, sums)
    return sums


def level_sums(features: Levels, weights: Integers) -> Integers:
    """Number of rows, and sum of their weights, at each level of each feature: shape (2, levels, features).

    `features` as above; `weights` has shape (rows,), 0 or more and below 2**44.
    """
    flat, stride = _flat(features, weights)
    block = min(COUNTS, 2**COUNTED // (int(weights.max(initial=0)) + 1))
    sums = np.zeros((2, FEATURE_LEVELS, features.shape[1]), np.int64)
    _level_sums(flat, stride, weights + 2**COUNTED, block, sums)
    sums[:, 0] = np.array([[len(weights)], [weights.sum()]]) - sums.sum(axis=1)
    return sums


def _flat(features: Levels, weights: NDArray[np.generic]) -> tuple[Levels, int]:
    """Memory from the first value to the last, and how far a column is from the next one; a copy only if it must be."""
    if len(features) != len(weights):  # compiled loops would read whatever lies behind the end
        raise ValueError(f"{len(features)} rows of features, but {len(weights)} weights")
    columns = features.T
    if not columns.flags.c_contiguous and columns.strides[1] == 1 and columns.strides[0] >= columns.shape[1]:
        stride = columns.strides[0]
        span = (columns.shape[0] - 1) * stride + columns.shape[1]
        return np.lib.stride_tricks.as_strided(columns, (span,), (1,), writeable=False), stride
    flat = np.ascontiguousarray(columns).reshape(-1)
    flat.flags.writeable = False
    return flat, columns.shape[1]


@_compiled
def _product_sums(flat: Levels, stride: int, weights: NDArray[np.int16], block: int, sums: Integers) -> None:
    rows, count = len(weights), sums.shape[1]
    for one in range(0, count, 2):
        two = min(one + 1, count - 1)
        for start in range(0, rows, block):
            stop = min(start + block, rows)
            a, b = flat[one * stride + start : one * stride + stop], flat[two * stride + start : two * stride + stop]
            w = weights[start:stop]
            x1 = xx1 = xw1 = x2 = xx2 = xw2 = np.int16(0)  # the narrower, the more values at once
            for row in range(len(w)):
                x, y, z = np.int16(a[row]), np.int16(b[row]), w[row]
                x1, xx1, xw1 = np.int16(x1 + x), np.int16(xx1 + x * x), np.int16(xw1 + x * z)
                x2, xx2, xw2 = np.int16(x2 + y), np.int16(xx2 + y * y), np.int16(xw2 + y * z)
            sums[0, one] += x1
            sums[1, one] += xx1
            sums[2, one] += xw1
            if two != one:
                sums[0, two] += x2
                sums[1, two] += xx2
                sums[2, two] += xw2


@_compiled
def _float_sums(flat: Levels, stride: int, weights: NDArray[np.float64], sums: NDArray[np.float64]) -> None:
    for column in range(len(sums)):
        values, total = flat[column * stride : column * stride + len(weights)], 0.0
        for row in range(len(weights)):
            total += values[row] * weights[row]
        sums[column] = total


@_compiled
def _level_sums(flat: Levels, stride: int, weights: Integers, block: int, sums: Integers) -> None:
    rows, lowest = len(weights), (1 << COUNTED) - 1
    for column in range(sums.shape[2]):
        for start in range(0, rows, block):
            stop = min(start + block, rows)
            values, w = flat[column * stride + start : column * stride + stop], weights[start:stop]
            one = two = three = four = 0
            for row in range(len(w)):
                level, both = values[row], w[row]
                one += both if level == 1 else 0
                two += both if level == 2 else 0
                three += both if level == 3 else 0
                four += both if level == 4 else 0
            for level, both in ((1, one), (2, two), (3, three), (4, four)):
                sums[0, level, column] += both >> COUNTED
                sums[1, level, column] += both & lowest
