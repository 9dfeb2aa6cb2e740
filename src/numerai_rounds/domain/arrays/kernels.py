"""Sums over the rows of many features at once, in compiled loops over int8 values: no copy, no other type in memory.

All are sums of whole numbers, exact whatever the order, or added in the order of the rows: they cannot depend on the
number of threads or on the processor.
"""

import numpy as np
from numpy.typing import NDArray

from numerai_rounds.base.columns import FEATURE_LEVELS
from numerai_rounds.base.jit import compiled

Integers = NDArray[np.int64]
Levels = NDArray[np.int8]

HIGHEST = FEATURE_LEVELS - 1

LARGEST_16 = 2**15 - 1
LARGEST_WEIGHT = LARGEST_16 // HIGHEST
"""Of `product_sums`: its product with a level fits 16 bits."""

LANES = 64
"""Values that the widest processors take at once: blocks of rows are multiples of it where they can be."""

LIMB = 16
"""Bits of the halves that a weight of 32 bits is cut into, so that their products with levels fit 32 bits."""

LARGEST_32 = 2**31 - 2**LIMB
"""Of the weights of `weighted_sums` and `level_sums`: both halves fit 16 bits."""

ROWS_16 = LARGEST_16 - LARGEST_16 % LANES
"""Rows that 16 bits can count."""

ROWS_32 = 2 ** (31 - LIMB) // HIGHEST
"""Rows whose products of a level with such a half add up in 32 bits."""


def product_sums(features: Levels, weights: NDArray[np.int16]) -> Integers:
    """Sums of x, of x squared and of x times the weight, over the rows of each feature x: shape (3, features).

    `features` has shape (features, rows), levels 0 to 4, and is fastest where the values of a feature lie side by side;
    `weights` has shape (rows,), none larger than `LARGEST_WEIGHT` in size.
    """
    flat, stride = _flat(features, len(weights))
    block = LARGEST_16 // (HIGHEST * max(HIGHEST, int(np.abs(weights).max(initial=0))))
    block -= block % LANES if block > LANES else 0
    sums = np.zeros((3, len(features)), np.int64)
    _product_sums(flat, stride, weights, block, sums)
    return sums


def float_sums(features: Levels, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum of x times the weight over the rows of each feature x, added in the order of the rows: shape (features,)."""
    flat, stride = _flat(features, len(weights))
    sums = np.zeros(len(features))
    _float_sums(flat, stride, weights, sums)
    return sums


def weighted_sums(features: Levels, weights: NDArray[np.int32]) -> tuple[Integers, Integers]:
    """Sums of x and of x squared, shape (2, features), and of x times each weight, shape (weights, features).

    `features` as above; `weights` has shape (weights, rows), none larger than `LARGEST_32` in size.
    """
    flat, stride = _flat(features, weights.shape[1])
    values = np.zeros((2, len(features)), np.int64)
    sums = np.zeros((len(weights), len(features)), np.int64)
    _weighted_sums(flat, stride, *_limbs(weights), values, sums)
    return values, sums


def level_sums(features: Levels, weights: NDArray[np.int32]) -> tuple[Integers, Integers]:
    """Number of rows at each level of each feature, shape (levels, features), and sums there of each weight.

    `features` as above; `weights` is as in `weighted_sums`; the sums have shape (weights, levels, features).
    """
    flat, stride = _flat(features, weights.shape[1])
    counts = np.zeros((FEATURE_LEVELS, len(features)), np.int64)
    sums = np.zeros((len(weights), *counts.shape), np.int64)
    _level_counts(flat, stride, weights.shape[1], counts)
    _level_sums(flat, stride, *_limbs(weights), sums)
    counts[0] = weights.shape[1] - counts.sum(axis=0)
    sums[:, 0] = weights.sum(axis=1, dtype=np.int64)[:, None] - sums.sum(axis=1)
    return counts, sums


def _limbs(weights: NDArray[np.int32]) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """High and low halves: a weight is high * 2**16 + low."""
    low = weights.astype(np.int16)
    return ((weights.astype(np.int64) - low) >> LIMB).astype(np.int16), low


def _flat(features: Levels, rows: int) -> tuple[Levels, int]:
    """Memory from the first value to the last, and how far a feature is from the next; a copy only if it must be."""
    if features.shape[1] != rows:  # compiled loops would read whatever lies behind the end
        raise ValueError(f"{features.shape[1]} rows of features, but {rows} weights")
    if not features.flags.c_contiguous and features.strides[1] == 1 and features.strides[0] >= rows:
        stride = features.strides[0]
        span = (len(features) - 1) * stride + rows
        return np.lib.stride_tricks.as_strided(features, (span,), (1,), writeable=False), stride
    flat = np.ascontiguousarray(features).reshape(-1)
    flat.flags.writeable = False
    return flat, rows


@compiled
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


@compiled
def _float_sums(flat: Levels, stride: int, weights: NDArray[np.float64], sums: NDArray[np.float64]) -> None:
    for column in range(len(sums)):
        values, total = flat[column * stride : column * stride + len(weights)], 0.0
        for row in range(len(weights)):
            total += values[row] * weights[row]
        sums[column] = total


@compiled
def _weighted_sums(
    flat: Levels, stride: int, high: NDArray[np.int16], low: NDArray[np.int16], values: Integers, sums: Integers
) -> None:
    weights, rows = high.shape
    for column in range(sums.shape[1]):
        for start in range(0, rows, ROWS_32):
            stop = min(start + ROWS_32, rows)
            x = flat[column * stride + start : column * stride + stop]
            total = squares = np.int32(0)
            for row in range(len(x)):
                value = np.int32(x[row])
                total, squares = np.int32(total + value), np.int32(squares + value * value)
            values[0, column] += total
            values[1, column] += squares
            for weight in range(weights):
                h, w = high[weight, start:stop], low[weight, start:stop]
                upper = lower = np.int32(0)
                for row in range(len(x)):
                    value = np.int32(x[row])
                    upper = np.int32(upper + value * np.int32(h[row]))
                    lower = np.int32(lower + value * np.int32(w[row]))
                sums[weight, column] += (np.int64(upper) << LIMB) + lower


@compiled
def _level_counts(flat: Levels, stride: int, rows: int, counts: Integers) -> None:
    for column in range(counts.shape[1]):
        for start in range(0, rows, ROWS_16):
            stop = min(start + ROWS_16, rows)
            x = flat[column * stride + start : column * stride + stop]
            one = two = three = four = np.int16(0)
            for row in range(len(x)):
                level = x[row]
                one, two = np.int16(one + np.int16(level == 1)), np.int16(two + np.int16(level == 2))
                three, four = np.int16(three + np.int16(level == 3)), np.int16(four + np.int16(level == 4))
            counts[1, column] += one
            counts[2, column] += two
            counts[3, column] += three
            counts[4, column] += four


@compiled
def _level_sums(flat: Levels, stride: int, high: NDArray[np.int16], low: NDArray[np.int16], sums: Integers) -> None:
    weights, rows = high.shape
    for column in range(sums.shape[2]):
        for weight in range(weights):
            for start in range(0, rows, ROWS_32):
                stop = min(start + ROWS_32, rows)
                x = flat[column * stride + start : column * stride + stop]
                h, w = high[weight, start:stop], low[weight, start:stop]
                h1 = h2 = h3 = h4 = w1 = w2 = w3 = w4 = np.int32(0)
                for row in range(len(x)):
                    level, upper, lower = x[row], np.int32(h[row]), np.int32(w[row])
                    one, two = np.int32(level == 1), np.int32(level == 2)
                    three, four = np.int32(level == 3), np.int32(level == 4)
                    h1, w1 = np.int32(h1 + one * upper), np.int32(w1 + one * lower)
                    h2, w2 = np.int32(h2 + two * upper), np.int32(w2 + two * lower)
                    h3, w3 = np.int32(h3 + three * upper), np.int32(w3 + three * lower)
                    h4, w4 = np.int32(h4 + four * upper), np.int32(w4 + four * lower)
                sums[weight, 1, column] += (np.int64(h1) << LIMB) + w1
                sums[weight, 2, column] += (np.int64(h2) << LIMB) + w2
                sums[weight, 3, column] += (np.int64(h3) << LIMB) + w3
                sums[weight, 4, column] += (np.int64(h4) << LIMB) + w4
