"""What there is to learn: weights of the terms, which drift over the years and change with the regime."""

import numpy as np
from numpy.typing import NDArray

from numerai_rounds.io.market.draws import NOISE_STD, noise, words
from numerai_rounds.io.market.terms import terms
from numerai_rounds.io.market.themes import HIDDEN

LASTING, SLOW, REGIME = 86, 130, 100
"""Percent of a term's weight: what never changes, the deviation of what drifts, and what a regime adds or takes."""

SLOW_ERAS = 104
"""The drift takes a new direction every two years; it is linear between."""

REGIME_ERAS, LATE_ERAS, TURN_ERAS = 60, 20, 8
"""Eras from one regime to the next; how late one begins, less than that many; how long it takes to come. In a regime
half of the terms are strong and the others have lost their weight; in the next one it is the other way round."""

MEMORY, LOOKS, LAG = 156, 12, 20
"""Eras that the benchmarks and the meta model learn from, how many of them they look at, evenly apart, and after how
many eras the newest of them is known."""


def weights(seed: int, era: int) -> NDArray[np.int64]:
    """Weights of the terms in an era: int64 (terms,).

    Their unit is a hundredth of that of `Terms.weight`. It has no meaning beside the targets: those size the sum.
    """
    found = terms(seed)
    return found.weight * (LASTING * found.sign + _change(seed, era))


def known_weights(seed: int, era: int) -> NDArray[np.int64]:
    """What can be known of an era's weights, in the same unit: their mean over three years that ended before it."""
    found = terms(seed)
    past = sum(_change(seed, max(era - LAG - MEMORY // LOOKS * back, 0)) for back in range(LOOKS))
    return found.weight * (LASTING * found.sign + past // LOOKS)


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
    """The number of an era's regime, and how many eras ago it began."""
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
