"""Terms of the signal: functions of one hidden level of a stock, or of two, each of mean 0 and of one size."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from numerai_rounds.base.columns import FEATURE_LEVELS, FEATURE_MIDDLE
from numerai_rounds.io.market.draws import words
from numerai_rounds.io.market.themes import THEME_OF, THEMES

Integers = NDArray[np.int64]

UNIT = 64
"""Standard deviation of a term over levels that are uniform and independent."""

ACTIVE_THEMES, LEVELS_EACH = 4, 2
"""Hidden levels that matter: two in each of some themes, numbered one theme after the other."""

FEW = ("intelligence", "dexterity")
"""Themes that never matter: in a market of few features they have one hidden level."""

ALL = tuple(range(ACTIVE_THEMES * LEVELS_EACH))


@dataclass(frozen=True)
class Shape:
    """How a term depends on its levels, which run from -2 to 2 here."""

    weight: int
    """Of the first term of this shape; the others weigh less, one after the other, but more than 70 % of it."""
    value: Callable[[Integers, Integers], Integers]
    first: Sequence[int]
    """For each term its level, of those that matter."""
    second: Sequence[int]
    """For each term its other level, which lines, bends and tails do not look at."""


LINE = Shape(30, lambda one, _: one, ALL, ALL)
BEND = Shape(52, lambda one, _: one * one - 2, (3, 7), (3, 7))
TAIL = Shape(42, lambda one, _: 5 * (one == 2) - 1, (1, 6), (1, 6))
GATE = Shape(90, lambda one, other: (one * one - 2) * (other > 0), (0, 5), (1, 6))
CORNER = Shape(
    92,
    # Half of what each level says alone is taken out.
    lambda one, other: 10 * (one > 0) * (other > 0) - 2 * (one > 0) - 2 * (other > 0),
    (2, 7, 4, 5),
    (3, 1, 6, 0),
)

AWAKE = (1, -1, -1, 1)
"""For the terms of a shape in turn: 1 if it is strong in regimes of even number, -1 if it is in the others. Both
halves weigh about the same, so that no regime is the better one."""

SHAPES = (LINE, BEND, TAIL, GATE, CORNER)
"""About half of the signal is in what gates and corners say for pairs alone: within a theme and across."""


@dataclass(frozen=True)
class Terms:
    """The terms of a market; arrays with an element for each."""

    first: NDArray[np.intp]
    """Hidden level."""
    second: NDArray[np.intp]
    """Hidden level; lines, bends and tails do not look at it."""
    shape: NDArray[np.intp]
    """Place in `SHAPES`."""
    weight: Integers
    sign: Integers
    awake: Integers
    """As in `AWAKE`."""


@lru_cache(maxsize=4)
def terms(seed: int) -> Terms:
    """The terms of a market: the same weights for every seed, on other levels and with other signs."""
    active = _active(seed)
    draws = iter(words(seed, "signs", 0, sum(len(shape.first) for shape in SHAPES)).tolist())
    found = []
    for number, shape in enumerate(SHAPES):
        for place, (one, other) in enumerate(zip(shape.first, shape.second, strict=True)):
            weight = shape.weight * (100 - 30 * place // len(shape.first)) // 100
            sign, awake = 1 if next(draws) & 1 else -1, AWAKE[place % len(AWAKE)]
            found.append((active[one], active[other], number, weight, sign, awake))
    return Terms(*(np.array(column) for column in zip(*found, strict=True)))


def _active(seed: int) -> list[int]:
    """The hidden levels that matter."""
    themes = [place for place, name in enumerate(THEMES) if name not in FEW]
    order = np.argsort(words(seed, "active themes", 0, len(themes)), kind="stable")[:ACTIVE_THEMES]
    starts = [int(np.searchsorted(THEME_OF, themes[place])) for place in order]
    return [start + level for start in starts for level in range(LEVELS_EACH)]


def values(seed: int, levels: NDArray[np.int8]) -> Integers:
    """All terms in rows of hidden levels 0 to 4 (HIDDEN, rows): int64 (terms, rows), of deviation `UNIT`."""
    found = terms(seed)
    pairs = FEATURE_LEVELS * levels[found.first].astype(np.intp) + levels[found.second]
    return np.take_along_axis(_tables()[found.shape], pairs, axis=1)


@lru_cache(maxsize=1)
def _tables() -> Integers:
    """For each shape its value at each pair of levels: int64 (shapes, 25)."""
    one, other = (side.ravel() - FEATURE_MIDDLE for side in np.indices((FEATURE_LEVELS, FEATURE_LEVELS)))
    found = []
    for shape in SHAPES:
        value = FEATURE_LEVELS**2 * shape.value(one, other)
        value = value - value.sum() // FEATURE_LEVELS**2
        deviation = math.isqrt(int(value @ value) * 10**6) // FEATURE_LEVELS
        found.append(value * UNIT * 1000 // deviation)
    return np.stack(found)
