"""Terms of the signal: functions of one hidden level of a stock, or of two, each of mean 0 and of one size."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from numerai_rounds.base.columns import FEATURE_LEVELS, FEATURE_MIDDLE
from numerai_rounds.io.market.draws import words
from numerai_rounds.io.market.stocks import THEME_OF
from numerai_rounds.io.market.themes import HIDDEN

Integers = NDArray[np.int64]

UNIT = 64
"""Standard deviation of a term over levels that are uniform and independent."""

ACTIVE = 12
"""Hidden levels that matter."""


@dataclass(frozen=True)
class Shape:
    """How a term depends on its levels, which run from -2 to 2 here."""

    name: str
    count: int
    """Terms of this shape in a market."""
    weight: int
    """Of the first of them; the last has 70 % of it."""
    value: Callable[[Integers, Integers], Integers]


SHAPES = (
    Shape("line", 12, 30, lambda one, _: one),
    Shape("bend", 3, 60, lambda one, _: one * one - 2),
    Shape("tail", 2, 42, lambda one, _: 5 * (one == 2) - 1),
    Shape("gate", 2, 97, lambda one, other: (one * one - 2) * (other > 0)),
    # Half of what each level says alone is taken out.
    Shape("corner", 3, 105, lambda one, other: 10 * (one > 0) * (other > 0) - 2 * (one > 0) - 2 * (other > 0)),
)
"""More than half of the signal is in gates and corners, which say something for pairs of levels alone."""


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
    """1 for terms that are strong in odd regimes, -1 for those that are in even ones."""


@lru_cache(maxsize=4)
def terms(seed: int) -> Terms:
    """The terms of a market: the same weights for every seed, on other levels and with other signs."""
    active = np.argsort(words(seed, "active hidden levels", 0, HIDDEN), kind="stable")[:ACTIVE].tolist()
    draws = iter(words(seed, "terms", 0, 3 * sum(shape.count for shape in SHAPES)).tolist())
    found = []
    for number, shape in enumerate(SHAPES):
        for place in range(shape.count):
            one = active[place] if shape.name == "line" else active[next(draws) % ACTIVE]
            other = _partner(one, active, near=place % 2 == 0, draw=next(draws))
            weight = shape.weight * (100 - 30 * place // shape.count) // 100
            sign = 1 if next(draws) & 1 else -1
            found.append((one, other, number, weight, sign, 1 if (place + number) % 2 else -1))
    return Terms(*(np.array(column) for column in zip(*found, strict=True)))


def _partner(one: int, active: list[int], *, near: bool, draw: int) -> int:
    """Another level that matters; of the same theme, if one is wanted and there is one."""
    others = [level for level in active if level != one]
    mates = [level for level in others if THEME_OF[level] == THEME_OF[one]]
    pool = mates if near and mates else others
    return pool[draw % len(pool)]


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
