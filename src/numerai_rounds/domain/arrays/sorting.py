"""Ranking by radix sort: what scoring does more often than anything else, several times as fast as by comparisons."""

import numpy as np
from numpy.typing import NDArray

from numerai_rounds.base.jit import compiled

BITS = 11
BUCKETS = 1 << BITS
DIGITS = -(-64 // BITS)


def twice_ranks(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Twice the rank of each value, from 2 where nothing ties; ties share their mean rank. Shape (rows,), finite."""
    ranks = np.empty(len(values), np.int64)
    _twice_ranks(np.ascontiguousarray(values), ranks)
    return ranks


@compiled
def _twice_ranks(values: NDArray[np.float64], ranks: NDArray[np.int64]) -> None:
    order = _order(values)
    start = 0
    while start < len(order):
        stop = start + 1
        while stop < len(order) and values[order[stop]] == values[order[start]]:
            stop += 1
        for place in range(start, stop):
            ranks[order[place]] = start + stop + 1
        start = stop


@compiled
def _order(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """The places of the values in ascending order, from the lowest digit of their bits to the highest."""
    rows = len(values)
    counts = np.zeros((DIGITS, BUCKETS), np.int64)
    keys, places = np.empty(rows, np.uint64), np.arange(rows)
    bits = values.view(np.uint64)
    sign = np.uint64(1) << np.uint64(63)
    for row in range(rows):
        # Ordered as the values are: negative ones with all bits turned, the others above them.
        key = ~bits[row] if bits[row] & sign else bits[row] | sign
        keys[row] = key
        for digit in range(DIGITS):
            counts[digit, (key >> np.uint64(digit * BITS)) & np.uint64(BUCKETS - 1)] += 1
    next_keys, next_places = np.empty_like(keys), np.empty_like(places)
    for digit in range(DIGITS):
        shift, count = np.uint64(digit * BITS), counts[digit]
        if rows == 0 or count[(keys[0] >> shift) & np.uint64(BUCKETS - 1)] == rows:
            continue
        total = 0
        for bucket in range(BUCKETS):
            total, count[bucket] = total + count[bucket], total
        for row in range(rows):
            bucket = (keys[row] >> shift) & np.uint64(BUCKETS - 1)
            place = count[bucket]
            count[bucket] = place + 1
            next_keys[place], next_places[place] = keys[row], places[row]
        keys, next_keys, places, next_places = next_keys, keys, next_places, places
    return places
