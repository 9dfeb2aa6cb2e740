"""Random integers that are the same on every machine and for every version of numpy.

Only the raw output of a bit generator is used: numpy guarantees that stream, not the one of its distributions.
"""

import math

import numpy as np
from numpy.typing import NDArray

NOISE_STD = 37_837
"""Standard deviation of `noise`."""


def words(seed: int, purpose: str, key: int, count: int) -> NDArray[np.uint64]:
    """`count` random words of 64 bits for one purpose and one key (an era, say)."""
    entropy = np.random.SeedSequence([seed, int.from_bytes(purpose.encode(), "big"), key])
    return np.random.SFC64(entropy).random_raw(count).astype("<u8", copy=False)


def octets(seed: int, purpose: str, key: int, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Random bytes of a two-dimensional shape."""
    count = shape[0] * shape[1]
    return words(seed, purpose, key, -(-count // 8)).view(np.uint8)[:count].reshape(shape)


def noise(seed: int, purpose: str, key: int, shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Integers of nearly normal distribution, mean 0: each the sum of four uniform ones of 16 bits."""
    quarters = words(seed, purpose, key, int(np.prod(shape))).view(np.uint16).reshape(*shape, 4)
    total: NDArray[np.int64] = quarters.sum(axis=-1, dtype=np.int64)
    return total - 2 * 0xFFFF


def deviation_of_sum(count: int, of_one: int) -> int:
    """Standard deviation of a sum of `count` independent draws, each of deviation `of_one`."""
    return math.isqrt(count * 10**6) * of_one // 1000


def identifiers(seed: int, key: int, rows: int) -> NDArray[np.uint64]:
    """One word a row that no other row of any era has: a one-to-one scrambling (splitmix64) of key and row."""
    word = (np.uint64(key) << np.uint64(32)) + np.arange(rows, dtype=np.uint64)
    word ^= words(seed, "identifiers", 0, 1)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        word ^= word >> np.uint64(shift)
        word *= np.uint64(factor)
    return word ^ (word >> np.uint64(31))
