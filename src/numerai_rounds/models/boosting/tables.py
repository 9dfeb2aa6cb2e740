"""The tables that compiled loops predict from, made of the trees of a text."""

import numpy as np
from numpy.typing import NDArray

from numerai_rounds.base.jit import compiled
from numerai_rounds.models.boosting.kernels import ALL, LEAVES, Long, Nodes, Planes
from numerai_rounds.models.boosting.trees import HIGHEST, LOWEST, Trees, starts


def planes(trees: Trees, column: Long) -> Planes:
    """Trees as planes; `column` is the place of the feature of each split."""
    begins = starts(-(-trees.leaves // LEAVES))
    place, first, count, turned = _in_order(trees.roots, trees.left, trees.right, LEAVES * begins)
    values = np.zeros(LEAVES * begins[-1])
    values[place] = trees.values
    # A split has an entry in each plane of which it rules out any leaf.
    lowest, highest = first // LEAVES, (first + count - 1) // LEAVES
    entries = highest - lowest + 1
    split = np.repeat(np.arange(len(first)), entries)
    plane = lowest[split] + np.arange(len(split)) - np.repeat(starts(entries)[:-1], entries)
    order = np.argsort(plane, kind="stable")
    split, plane = split[order], plane[order]
    begin = np.maximum(first[split] - LEAVES * plane, 0)
    end = np.minimum(first[split] + count[split] - LEAVES * plane, LEAVES)
    kept = ALL ^ ((1 << end) - (1 << begin))
    # Where no row goes left, what holds for rows above the level holds for all.
    never = trees.level[split] < LOWEST
    return Planes(
        column=column[split],
        level=np.maximum(trees.level[split], LOWEST).astype(np.int8),
        above=np.where(turned[split], ALL, kept).astype(np.uint8),
        below=np.where(turned[split] == never, ALL, kept).astype(np.uint8),
        splits=starts(np.bincount(plane, minlength=begins[-1])),
        planes=begins,
        values=values,
    )


def nodes(trees: Trees, column: Long) -> Nodes:
    """Trees as nodes; `column` as above."""
    roots = starts(2 * trees.leaves - 1)
    splits = trees.leaves - 1
    own = np.arange(len(column)) - np.repeat(starts(splits)[:-1], splits)
    # The children of a tree's n-th split lie side by side, at 2n + 1.
    below = np.repeat(roots[:-1], splits) + 2 * own + 1
    # Where no row goes left: to the right, and no further.
    never = trees.level < LOWEST
    leads = (below + never) << 32 | column << 8 | (np.where(never, HIGHEST, trees.level) - LOWEST)
    node, values = np.arange(roots[-1]) << 32 | (HIGHEST - LOWEST), np.zeros(roots[-1])
    for child, place in ((trees.roots, roots[:-1]), (trees.left, below), (trees.right, below + 1)):
        node[place[child >= 0]] = leads[child[child >= 0]]
        values[place[child < 0]] = trees.values[~child[child < 0]]
    return Nodes(node, values, roots[:-1])


@compiled
def _in_order(roots: Long, left: Long, right: Long, begins: Long) -> tuple[Long, Long, Long, NDArray[np.bool_]]:
    """An order of each tree's leaves in which every subtree is one stretch, and the smaller side of a split is first.

    The place of each leaf, counted from where its tree begins; for each split, where its smaller side begins, how many
    leaves that has, and whether it is the right one.
    """
    splits = len(left)
    first, size, count = np.zeros(splits, np.int64), np.ones(splits, np.int64), np.zeros(splits, np.int64)
    place, turned = np.zeros(splits + len(roots), np.int64), np.zeros(splits, np.bool_)
    for split in range(splits - 1, -1, -1):
        a, b = left[split], right[split]
        size_a, size_b = size[a] if a >= 0 else 1, size[b] if b >= 0 else 1
        size[split], count[split], turned[split] = size_a + size_b, min(size_a, size_b), size_a > size_b
    for tree in range(len(roots)):
        if roots[tree] >= 0:
            first[roots[tree]] = begins[tree]
        else:
            place[~roots[tree]] = begins[tree]
    for split in range(splits):
        smaller, larger = (right[split], left[split]) if turned[split] else (left[split], right[split])
        for child, start in ((smaller, first[split]), (larger, first[split] + count[split])):
            if child >= 0:
                first[child] = start
            else:
                place[~child] = start
    return place, first, count, turned
