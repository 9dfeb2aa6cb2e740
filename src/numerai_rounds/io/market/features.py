"""Features: five levels, each a copy of a hidden one in most rows, with the oddities of real ones."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from numerai_rounds.base.columns import FEATURE_LEVELS, FEATURE_MIDDLE
from numerai_rounds.io.market import sets
from numerai_rounds.io.market.draws import octets, words
from numerai_rounds.io.market.names import feature_names
from numerai_rounds.io.market.size import FEATURES, Era, Market
from numerai_rounds.io.market.stocks import LASTS, drawn_levels, order
from numerai_rounds.io.market.themes import HIDDEN, THEME_OF, THEMES

ALWAYS, AT_TIMES = 3, 4
"""Levels of a feature that never changes, and of one that does not in every thirteenth era."""

AT_TIMES_ERAS = 13

FIDELITIES = (253, 251, 215, 235, 190, 225, 200, 170)
"""In how many rows of 256 a feature is its hidden level, in turn: the first two are nearly one feature."""

COPIES = 3
"""A theme has a hidden level for so many of its features at least."""

NEGATED, LATE, DRIFTING = 3, 8, 8
"""One feature in so many is turned round, begins late, drifts."""

LATEST = 40
"""Percent of the train eras before which every feature has begun; the middle level stands for what was not there."""

FARTHEST = 80
"""In fewer rows of 256 than that, a feature that drifts is a level higher at the end of the train eras."""

DRAWS_OF_AN_ERA = 2**14
"""More than features of a market: an era and a feature make one key."""


@dataclass(frozen=True, eq=False)
class Panel:
    """All features of a market: their names, sorted, and arrays with an element for each."""

    names: list[str]
    sets: Mapping[str, list[str]]
    """The named sets."""
    source: NDArray[np.intp]
    """Hidden level; from `HIDDEN` on, turned round."""
    fidelity: NDArray[np.uint8]
    """Rows of 256 that repeat it; the others are noise."""
    start: NDArray[np.int64]
    """Percent of the train eras in which it is not there yet."""
    drift: NDArray[np.int64]
    """Rows of 256 in which it is a level higher at the end of the train eras."""
    constant: int
    """The feature that is constant everywhere."""
    at_times: int
    """The one that is constant in some eras."""
    shows: NDArray[np.intp]
    """For each hidden level the feature that repeats it best, -1 where none does."""


def panel(market: Market, names: Sequence[str] | None = None, given: Mapping[str, list[str]] | None = None) -> Panel:
    """The features of a market, with names and sets of its own or with given ones."""
    own = sorted(names) if names is not None else feature_names(market.features or FEATURES)
    found = sets.named(market.seed, own) if given is None else given
    theme, place = sets.themes(own, found)
    hidden, fidelity = _hidden(theme, place)
    turned, late, far = (words(market.seed, purpose, 0, len(own)) for purpose in ("turned", "late", "far"))
    drifting = np.where(far % DRIFTING == 0, (far >> np.uint64(8)) % np.uint64(FARTHEST), 0)
    start = np.where(late % LATE == 0, (late >> np.uint64(8)) % np.uint64(LATEST), 0)
    source = hidden + HIDDEN * (turned % NEGATED == 0)
    at_times, constant = _odd(own, found)
    poor = (drifting > 0) | (start > 0)
    poor[[at_times, constant]] = True
    return Panel(
        own,
        found,
        source,
        fidelity,
        start.astype(np.int64),
        drifting.astype(np.int64),
        constant,
        at_times,
        _shows(hidden, fidelity - 256 * poor),
    )


def _odd(names: Sequence[str], found: Mapping[str, list[str]]) -> tuple[int, int]:
    """A feature of `small`, and another one, of `medium` if there is one."""
    at_times = min(found.get("small") or names)
    constant = min(set(found.get("medium") or names) - {at_times} or set(names) - {at_times})
    return names.index(at_times), names.index(constant)


def _hidden(theme: NDArray[np.intp], place: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.uint8]]:
    """The hidden level of each feature and in how many rows of 256 it repeats it."""
    first = np.searchsorted(THEME_OF, np.arange(len(THEMES)))
    most = np.array([one.hidden for one in THEMES.values()])
    levels = np.clip(np.bincount(theme, minlength=len(THEMES)) // COPIES, 1, most)[theme]
    fidelity = np.array(FIDELITIES, dtype=np.uint8)[place // levels % len(FIDELITIES)]
    return first[theme] + place % levels, fidelity


def _shows(hidden: NDArray[np.intp], quality: NDArray[np.int64]) -> NDArray[np.intp]:
    """For each hidden level the feature of the best quality, -1 where no feature has it."""
    found = np.full(HIDDEN, -1)
    best_last = np.argsort(quality, kind="stable")
    found[hidden[best_last]] = best_last
    return found


def fill_features(market: Market, features: Panel, era: Era, into: NDArray[np.int8]) -> None:
    """Write the features of an era: int8 levels 0 to 4, a row of `into` for each feature."""
    _fill(market, features, era, range(len(features.names)), into)


def shown_levels(market: Market, features: Panel, era: Era) -> NDArray[np.int8]:
    """Hidden levels as features show them, the middle where none does; shape (HIDDEN, rows)."""
    shown = np.full((HIDDEN, era.rows), FEATURE_MIDDLE, dtype=np.int8)
    known = np.flatnonzero(features.shows >= 0)
    places = features.shows[known]
    levels = np.empty((len(known), era.rows), dtype=np.int8)
    _fill(market, features, era, places.tolist(), levels)
    turned = features.source[places] >= HIDDEN
    levels[turned] = FEATURE_LEVELS - 1 - levels[turned]
    shown[known] = levels
    return shown


def _fill(market: Market, features: Panel, era: Era, places: Iterable[int], into: NDArray[np.int8]) -> None:
    """Write some features, a row of `into` for each."""
    phases = range(min(LASTS, market.rows_per_era))
    blocks = [
        _drawn(features, market.seed, market.rows_per_era, phase, (era.number + phase) // LASTS) for phase in phases
    ]
    # Blocks lie beside each other, and the stocks of a phase in its block.
    starts = np.cumsum([0] + [block.shape[1] for block in blocks[:-1]])
    stocks = order(market, era)
    rows = starts[stocks % len(phases)] + stocks // len(phases)
    absent = era.number * 100 <= features.start * market.train_eras
    for place, levels in zip(places, into, strict=True):
        np.take(np.concatenate([block[place] for block in blocks]), rows, out=levels, mode="clip")
        if features.drift[place]:
            _drift(market, era, place, int(features.drift[place]), levels)
        if absent[place]:
            levels[:] = FEATURE_MIDDLE
        if place == features.constant:
            levels[:] = ALWAYS
        if place == features.at_times and era.number % AT_TIMES_ERAS == 0:
            levels[:] = AT_TIMES


@lru_cache(maxsize=LASTS)
def _drawn(features: Panel, seed: int, stocks: int, phase: int, block: int) -> NDArray[np.int8]:
    """All features of the stocks of a phase, for one block of eras; shape (features, stocks of that phase)."""
    hidden = drawn_levels(seed, stocks, phase, block)
    both = np.concatenate([hidden, FEATURE_LEVELS - 1 - hidden])
    draws = octets(seed, "features", block * LASTS + phase, (len(features.names), hidden.shape[1]))
    repeats = draws < features.fidelity[:, None]
    return np.where(repeats, both[features.source], (draws % np.uint8(FEATURE_LEVELS)).view(np.int8))


def _drift(market: Market, era: Era, place: int, rows: int, levels: NDArray[np.int8]) -> None:
    """Raise levels in `rows` of 256 at the end of the train eras: fewer before, up to twice as many after."""
    share = rows * min(era.number, 2 * market.train_eras) // market.train_eras
    raised = octets(market.seed, "drift of features", era.key * DRAWS_OF_AN_ERA + place, (1, era.rows))[0] < share
    np.minimum(levels + raised, FEATURE_LEVELS - 1, out=levels, casting="unsafe")
