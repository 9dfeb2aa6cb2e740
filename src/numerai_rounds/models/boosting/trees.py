"""What LightGBM's text says of its trees, where it is of the one form that is predicted without LightGBM."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

HEADER = re.compile(
    r"tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=(\d{1,7})\n"
    r"objective=([^\n]*)\nfeature_names=[^\n]*\n(?:monotone_constraints=[^\n]*\n)?feature_infos=[^\n]*\n"
    r"tree_sizes=((?:\d{1,9} ?)*+)\n\n"
)
"""How the text begins. What is averaged (`average_output`) has one line more, and is none of ours."""

END = "end of trees\n"

LINES = [
    *("Tree=", "num_leaves=", "num_cat=", "split_feature=", "split_gain=", "threshold=", "decision_type="),
    *("left_child=", "right_child=", "leaf_value=", "leaf_weight=", "leaf_count="),
    *("internal_value=", "internal_weight=", "internal_count=", "is_linear=", "shrinkage=", "", ""),
]
"""How each line of a tree begins. Categorical splits and linear leaves have more of them."""

WHOLE = ("split_feature=", "decision_type=", "left_child=", "right_child=")
"""Lines with a whole number a split."""

INTEGERS = re.compile(r"-?\d{1,9}(?: -?\d{1,9})*+")
FLOATS = re.compile(r"-?\d++(?:\.\d++)?(?:e[-+]\d++)?(?: -?\d++(?:\.\d++)?(?:e[-+]\d++)?)*+")

BY_VALUE = (0, 2, 8, 10)
"""Decisions that compare numbers, and send no number but NaN elsewhere: bits say categorical, default left, zero is
missing, NaN is missing."""

LOWEST, HIGHEST = -128, 127
"""Of features."""

LARGEST = 1e290
"""Of leaves, so that no sum is infinite: of such numbers, functions are not to be relied on."""

Numbers = NDArray[Any]
Long = NDArray[np.int64]


@dataclass(frozen=True)
class Trees:
    """All trees, one after another."""

    features: int
    """Columns that are predicted from."""
    objective: str
    leaves: Long
    """Of each tree: one more than splits."""
    roots: Long
    """Of each tree: a split, or the complement of a leaf where it has no split; counted through all trees."""
    feature: Long
    """Of each split, as the next three."""
    level: Long
    """Rows go left up to it: from one below `LOWEST` (none does) to `HIGHEST` (all do)."""
    left: Long
    """A later split or the complement of a leaf, as `roots`."""
    right: Long
    values: NDArray[np.float64]
    """Of each leaf."""


class OtherFormError(Exception):
    """The text is of another form."""


def read(text: str) -> Trees:
    """The trees; OtherFormError where LightGBM might do anything else than compare, look up and add."""
    header = HEADER.match(text)
    if not header:
        raise OtherFormError
    last, objective, listed = header.groups()
    sizes = np.array(listed.split(), np.int64)
    end = header.end() + int(sizes.sum())
    _expect(text.startswith(END, end))
    lines = _lines(text[header.end() : end], sizes)
    leaves = _integers(lines["num_leaves="], np.ones_like(sizes))
    _expect((leaves > 0).all())
    # The only leaf of a tree without a split has the lines of splits, but nothing in them.
    each = leaves[leaves > 1] - 1
    split = {name: list(compress(lines[name], leaves > 1)) for name in (*WHOLE, "threshold=")}
    feature, decision, left, right = (_integers(split[name], each) for name in WHOLE)
    threshold, values = _floats(split["threshold="], each), _floats(lines["leaf_value="], leaves)
    _expect(((feature >= 0) & (feature <= int(last))).all() and np.isin(decision, BY_VALUE).all())
    _expect((np.abs(values) < LARGEST).all())
    roots, left, right = _linked(leaves, left, right)
    # A whole number is at most the threshold where it is at most the next whole number below.
    level = np.clip(np.floor(threshold), LOWEST - 1, HIGHEST).astype(np.int64)
    return Trees(int(last) + 1, objective, leaves, roots, feature, level, left, right, values)


def starts(counts: Numbers) -> Long:
    """Where each of stretches of these lengths begins, and where the last one ends."""
    return np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])


def _lines(body: str, sizes: Long) -> dict[str, list[str]]:
    """What follows the beginning of each line, by it: an entry a tree."""
    every = body.split("\n")
    _expect(body.isascii() and len(every) == len(sizes) * len(LINES) + 1)
    lengths = np.fromiter(map(len, every[:-1]), np.int64).reshape(-1, len(LINES))
    _expect(((lengths + 1).sum(axis=1) == sizes).all())
    found = {}
    for place, name in enumerate(LINES):
        lines = every[place : -1 : len(LINES)]
        _expect(all(line.startswith(name) for line in lines) if name else not any(lines))
        found[name] = [line[len(name) :] for line in lines]
    _expect(found["Tree="] == [str(number) for number in range(len(sizes))])
    _expect({*found["num_cat="], *found["is_linear="]} <= {"0"})
    return found


def _integers(lines: Sequence[str], counts: Long) -> Long:
    """The numbers of all lines, so many in each."""
    _expect(all(map(INTEGERS.fullmatch, lines)))
    return _numbers(lines, counts, np.int64)


def _floats(lines: Sequence[str], counts: Long) -> NDArray[np.float64]:
    _expect(all(map(FLOATS.fullmatch, lines)))
    return _numbers(lines, counts, np.float64)


def _numbers(lines: Sequence[str], counts: Long, dtype: type) -> Numbers:
    _expect([line.count(" ") + 1 for line in lines] == counts.tolist())
    return np.fromstring(" ".join(lines), dtype, sep=" ")


def _linked(leaves: Long, left: Long, right: Long) -> tuple[Long, Long, Long]:
    """Roots and children, counted through all trees, if there is one way to every split and every leaf."""
    splits = leaves - 1
    own = np.arange(splits.sum()) - np.repeat(starts(splits)[:-1], splits)
    first_split, first_leaf = np.arange(len(own)) - own, np.repeat(starts(leaves)[:-1], splits)
    count = np.repeat(leaves, splits)
    for child in (left, right):
        _expect(np.where(child < 0, ~child < count, (child > own) & (child < count - 1)).all())
    left, right = (np.where(child < 0, ~(first_leaf + ~child), first_split + child) for child in (left, right))
    roots = np.where(splits > 0, starts(splits)[:-1], ~starts(leaves)[:-1])
    _expect((np.sort(np.concatenate([left, right, roots])) == np.arange(-leaves.sum(), splits.sum())).all())
    return roots, left, right


def _expect(condition: object) -> None:
    if not condition:
        raise OtherFormError
