"""Trees over a block of rows, in compiled loops: which leaf each row falls into, and the sums of the leaves' values.

`columns` holds the features of a block as levels, one after another, each of `lanes` rows; `lanes` is a multiple of
`LANES`. `sums` has a number a row. Values are added to it in the order of the trees, as LightGBM does.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from numerai_rounds.base.jit import compiled

LANES = 64
"""Values that the widest processors take at once."""

LEAVES = 8
"""Of a plane: a bit each."""

ALL = 2**LEAVES - 1

Levels = NDArray[np.int8]
Bits = NDArray[np.uint8]
Floats = NDArray[np.float64]
Long = NDArray[np.int64]


class Planes(NamedTuple):
    """Trees as bits of their leaves: a plane is eight leaves of a tree, and some of its splits rule some of them out.

    The bit vectors of QuickScorer (Lucchese et al., SIGIR 2015). A tree has 256 planes at most.
    """

    column: Long
    """Of each split of each plane: the feature that it compares."""
    level: Levels
    above: Bits
    """Leaves that it leaves to rows above the level."""
    below: Bits
    """Leaves that it leaves to the other rows."""
    splits: Long
    """Where the splits of each plane begin, and where those of the last one end."""
    planes: Long
    """Where the planes of each tree begin, and where those of the last one end."""
    values: Floats
    """Of every leaf of every plane."""


class Nodes(NamedTuple):
    """Trees as splits that lead to one another; a leaf leads to itself."""

    node: Long
    """From the highest bit: 32 for where rows go that are not above the level (others go one further), 24 for the
    column, 8 for the level, counted from -128."""
    values: Floats
    """Of nodes that are leaves."""
    roots: Long


@compiled
def add_planes(trees: Planes, columns: Levels, lanes: int, sums: Floats) -> None:
    """Add the values of trees that are planes."""
    left, first, plane_of_first = np.empty(lanes, np.uint8), np.empty(lanes, np.uint8), np.empty(lanes, np.uint8)
    leaf = np.empty((4, lanes), np.uint16)
    count = len(trees.planes) - 1
    for tree in range(count):
        start = trees.planes[tree]
        # From the last to the first: what an earlier plane has left overrules the later ones.
        for plane in range(trees.planes[tree + 1] - 1, start - 1, -1):
            split, stop = trees.splits[plane], trees.splits[plane + 1]
            left[:] = ALL
            while split + 4 <= stop:
                _rule_out_four(trees, split, columns, left)
                split += 4
            while split < stop:
                _rule_out(trees, split, columns, left)
                split += 1
            _overrule(left, plane - start, first, plane_of_first)
        _number(first, plane_of_first, leaf[tree & 3])
        if tree & 3 == 3:
            _add_four(trees, tree - 3, leaf, sums)
    for tree in range(count - count % 4, count):
        _add(trees, tree, leaf[tree & 3], sums)


@compiled
def _rule_out(trees: Planes, split: int, columns: Levels, left: Bits) -> None:
    x, level, above, below = (
        _column(trees, split, columns, left),
        trees.level[split],
        trees.above[split],
        trees.below[split],
    )
    for row in range(len(left)):
        left[row] &= above if x[row] > level else below


@compiled
def _rule_out_four(trees: Planes, split: int, columns: Levels, left: Bits) -> None:
    """Four splits at once: `left` is read and written once."""
    x0, x1 = _column(trees, split, columns, left), _column(trees, split + 1, columns, left)
    x2, x3 = _column(trees, split + 2, columns, left), _column(trees, split + 3, columns, left)
    level0, level1, level2, level3 = _four(trees.level, split)
    above0, above1, above2, above3 = _four(trees.above, split)
    below0, below1, below2, below3 = _four(trees.below, split)
    for row in range(len(left)):
        left[row] &= (
            (above0 if x0[row] > level0 else below0)
            & (above1 if x1[row] > level1 else below1)
            & (above2 if x2[row] > level2 else below2)
            & (above3 if x3[row] > level3 else below3)
        )


@compiled
def _column(trees: Planes, split: int, columns: Levels, left: Bits) -> Levels:
    start = trees.column[split] * len(left)
    return columns[start : start + len(left)]


@compiled
def _four(values: NDArray[Any], place: int) -> tuple[Any, Any, Any, Any]:
    return values[place], values[place + 1], values[place + 2], values[place + 3]


@compiled
def _overrule(left: Bits, number: int, first: Bits, plane_of_first: Bits) -> None:
    plane = np.uint8(number)
    for row in range(len(left)):
        bits = left[row]
        first[row] = bits if bits != 0 else first[row]
        plane_of_first[row] = plane if bits != 0 else plane_of_first[row]


@compiled
def _number(first: Bits, plane_of_first: Bits, leaf: NDArray[np.uint16]) -> None:
    """The number of the lowest bit."""
    for row in range(len(first)):
        bits = first[row]
        bit = np.uint8(bits & -bits)
        four, two, one = np.uint8(bit & 0xF0) != 0, np.uint8(bit & 0xCC) != 0, np.uint8(bit & 0xAA) != 0
        place = np.uint8((four << 2) | (two << 1) | one)
        leaf[row] = np.uint16(plane_of_first[row]) * LEAVES + place


@compiled
def _add(trees: Planes, tree: int, leaf: NDArray[np.uint16], sums: Floats) -> None:
    values = trees.values[LEAVES * trees.planes[tree] :]
    for row in range(len(sums)):
        sums[row] += values[leaf[row]]


@compiled
def _add_four(trees: Planes, tree: int, leaf: NDArray[np.uint16], sums: Floats) -> None:
    """The same for four trees, one after another: `sums` is read and written once."""
    values0, values1 = trees.values[LEAVES * trees.planes[tree] :], trees.values[LEAVES * trees.planes[tree + 1] :]
    values2, values3 = trees.values[LEAVES * trees.planes[tree + 2] :], trees.values[LEAVES * trees.planes[tree + 3] :]
    leaf0, leaf1, leaf2, leaf3 = leaf[0], leaf[1], leaf[2], leaf[3]
    for row in range(len(sums)):
        total = sums[row] + values0[leaf0[row]]
        total = total + values1[leaf1[row]]
        total = total + values2[leaf2[row]]
        sums[row] = total + values3[leaf3[row]]


@compiled
def add_nodes(trees: Nodes, columns: Levels, lanes: int, sums: Floats) -> None:
    """Add the values of trees that are nodes: all rows go down a tree side by side, so that none waits for memory."""
    place = np.empty(lanes, np.int64)
    for tree in range(len(trees.roots)):
        place[:] = trees.roots[tree]
        moved = 1
        while moved != 0:
            moved = 0
            for row in range(lanes):
                node = trees.node[place[row]]
                level = columns[((node >> 8) & 0xFFFFFF) * lanes + row]
                following = (node >> 32) + np.int64(level > (node & 0xFF) - 128)
                moved |= following ^ place[row]
                place[row] = following
        for row in range(lanes):
            sums[row] += trees.values[place[row]]
