"""What there is to learn: hidden levels and products of pairs of them, with weights that drift from era to era.

The unit is that of `noise`. The noise of the main target is 3.6 `NOISE_STD`, so the lasting signal explains
about a thousandth of its variance.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from numerai_rounds.base.columns import FEATURE_MIDDLE
from numerai_rounds.io.market.draws import NOISE_STD, noise, words
from numerai_rounds.io.market.features import HIDDEN, hidden_levels
from numerai_rounds.io.market.size import Era, Market

STRONGEST_LEVEL, STRONGEST_PAIR = 1450, 500
"""Largest lasting weights, of single levels and of pairs of levels; the others fall off as a parabola."""

DRIFT, SHOCK = 300, 900
"""Standard deviations of the weights' drift over the years and of their part in one era alone."""

KNOT_ERAS = 52
"""The drift turns once a year and is linear between."""


@dataclass(frozen=True)
class Signal:
    """What moves the scores of one era's rows, each int64 of shape (rows,)."""

    lasting: NDArray[np.int64]
    """Could be known before: the base and drift of the weights."""
    surprise: NDArray[np.int64]
    """Could not: the part of this era alone."""


def signal(market: Market, era: Era) -> Signal:
    """The signal in the rows of an era."""
    levels = hidden_levels(market, era).astype(np.int64) - FEATURE_MIDDLE
    lasting = _lasting(market, "levels", HIDDEN, STRONGEST_LEVEL) + _drift(market, era.number)
    surprise = _random(market, "shock", era.number, SHOCK)
    pairs = levels[0::2] * levels[1::2]
    pair_weights = _lasting(market, "pairs", len(pairs), STRONGEST_PAIR)
    return Signal(lasting @ levels + pair_weights @ pairs, surprise @ levels)


def _lasting(market: Market, purpose: str, count: int, strongest: int) -> NDArray[np.int64]:
    """Weights of the same sizes for every seed, in random order and with random signs: no market is easier."""
    draws = words(market.seed, f"lasting weights of {purpose}", 0, count)
    signs = np.where(draws & np.uint64(1), 1, -1)
    return signs * strongest * (1 + np.argsort(draws, kind="stable")) ** 2 // count**2


def _drift(market: Market, era: int) -> NDArray[np.int64]:
    """Piecewise linear in time."""
    knot, beyond = divmod(era, KNOT_ERAS)
    before, after = (_random(market, "drift", key, DRIFT) for key in (knot, knot + 1))
    return ((KNOT_ERAS - beyond) * before + beyond * after) // KNOT_ERAS


def _random(market: Market, purpose: str, key: int, size: int) -> NDArray[np.int64]:
    return noise(market.seed, f"{purpose} of weights", key, (HIDDEN,)) * size // NOISE_STD
