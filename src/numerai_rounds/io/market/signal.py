"""What there is to learn: weights of the terms, which drift over the years and change with the regime."""

import numpy as np
from numpy.typing import NDArray

from numerai_rounds.io.market.draws import NOISE_STD, noise, words
from numerai_rounds.io.market.terms import terms
from numerai_rounds.io.market.themes import HIDDEN

LASTING, SLOW, REGIME = 100, 130, 100
"""Percent of a term's weight: what never changes, the deviation of what drifts, and what a regime adds or takes."""

SLOW_ERAS = 104
"""The drift takes a new direction every two years; it is linear between."""

REGIME_ERAS, LATE_ERAS, TURN_ERAS = 60, 20, 8
"""A regime lasts so many eras, but that its turn is up to twenty late, and takes eight. Half of the terms are strong in
it, the others have lost their weight; in the next one it is the other way round."""

MEMORY, LAG = 156, 20
"""Eras that a model of the house learns from, and eras until it knows them."""


def weights(seed: int, era: int) -> NDArray[np.int64]:
    """Weights of the terms in an era, in hundredths: int64 (terms,)."""
    found = terms(seed)
    return found.weight * (LASTING * found.sign + _change(seed, era))


def known_weights(seed: int, era: int) -> NDArray[np.int64]:
    """What can be known of an era's weights, in hundredths: their mean over three years that ended before it."""
    found, steps = terms(seed), 12
    past = sum(_change(seed, max(era - LAG - MEMORY // steps * back, 0)) for back in range(steps))
    return found.weight * (LASTING * found.sign + past // steps)


def _change(seed: int, era: int) -> NDArray[np.int64]:
    """What drift and regime add, in percent of a term's weight."""
    found = terms(seed)
    knot, beyond = divmod(era, SLOW_ERAS)
    before, after = (
        noise(seed, "drift of weights", key, found.weight.shape) * SLOW // NOISE_STD for key in (knot, knot + 1)
    )
    slow = ((SLOW_ERAS - beyond) * before + beyond * after) // SLOW_ERAS
    regime, beyond = _regime(seed, era)
    turned = 2 * min(beyond, TURN_ERAS) - TURN_ERAS
    strong = found.sign * found.awake * (-1 if regime % 2 else 1)
    return slow + strong * REGIME * turned // TURN_ERAS


def _regime(seed: int, era: int) -> tuple[int, int]:
    """The number of an era's regime, and how many eras ago that one began."""
    phase = int(words(seed, "phase of regimes", 0, 1)[0] % np.uint64(REGIME_ERAS))
    at = era + phase + REGIME_ERAS
    regime = at // REGIME_ERAS
    if at < _turn(seed, regime):
        regime -= 1
    return regime, at - _turn(seed, regime)


def _turn(seed: int, regime: int) -> int:
    late = int(words(seed, "turns of regimes", regime, 1)[0] % np.uint64(LATE_ERAS))
    return regime * REGIME_ERAS + late


def surprises(seed: int, era: int, weeks: int) -> NDArray[np.int64]:
    """What nobody could know of the terms' weights in the weeks after an era, of deviation sqrt(weeks) * NOISE_STD."""
    return _summed(seed, "surprises", era, weeks, terms(seed).weight.size)


def returns(seed: int, era: int, weeks: int) -> NDArray[np.int64]:
    """Returns of the hidden levels in the weeks after an era, each of deviation sqrt(weeks) * NOISE_STD."""
    return _summed(seed, "returns", era, weeks, HIDDEN)


def _summed(seed: int, purpose: str, era: int, weeks: int, count: int) -> NDArray[np.int64]:
    total = np.zeros(count, dtype=np.int64)
    for week in range(era, era + weeks):
        total += noise(seed, purpose, week, (count,))
    return total
