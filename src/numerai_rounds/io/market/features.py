"""Features: five levels, correlated in groups, in named sets that overlap.

A row has 26 hidden levels, two for each of the thematic sets. A feature repeats one of them in a share of
its rows, its strength, and is noise in the others.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from numerai_rounds.base.columns import FEATURE_LEVELS, FEATURE_MIDDLE
from numerai_rounds.io.market.draws import octets, words
from numerai_rounds.io.market.names import feature_names
from numerai_rounds.io.market.size import FEATURES, Era, Market

THEMES = {
    "intelligence": 35,
    "charisma": 290,
    "strength": 135,
    "dexterity": 51,
    "constitution": 335,
    "wisdom": 140,
    "agility": 145,
    "serenity": 95,
    "sunshine": 325,
    "rain": 666,
    "midnight": 244,
    "faith": 372,
    "quantum": 807,
}
"""Thematic sets and their sizes where there are 3,555 features."""

REAL_FEATURES = 3555
SMALL = 42
HIDDEN = 2 * len(THEMES)
"""Hidden levels of a row."""

LATE_THEME = list(THEMES).index("faith")
"""The data of this theme begins late: its features are the middle level in the first fifth of the train eras."""

ALWAYS, AT_TIMES = 3, 4
"""Levels of a feature that never changes, and of one that does not in every thirteenth era."""

AT_TIMES_ERAS = 13

WEAKEST, STRENGTHS = 30, 124
"""A feature repeats its hidden level in 30 to 153 rows of 256."""


@dataclass(frozen=True)
class Panel:
    """All features of a market."""

    names: list[str]
    """Sorted; their places are the features' numbers."""
    order: NDArray[np.intp]
    """Features side by side by theme; the thematic sets are cut from it."""
    picked: NDArray[np.intp]
    """Features in the order in which `small`, `medium` and the like take them."""
    followers: list[NDArray[np.intp]]
    """For each hidden level, the features that repeat it."""
    strength: NDArray[np.uint8]
    """For each feature, in how many rows of 256 it repeats its hidden level."""

    @property
    def at_times(self) -> int:
        """The feature, of `small`, that is constant in some eras."""
        return int(self.picked[0])

    @property
    def constant(self) -> int:
        """The feature, of `medium`, that is constant everywhere."""
        return int(self.picked[_scaled(SMALL, len(self.names))])


def panel(market: Market, given: list[str] | None = None) -> Panel:
    """The features of a market; they depend on its seed and on how many there are, whatever names they are given."""
    names = feature_names(market.features or FEATURES) if given is None else given
    count = len(names)
    order = np.argsort(words(market.seed, "order of features", 0, count), kind="stable")
    picked = np.argsort(words(market.seed, "picked features", 0, count), kind="stable")
    place = np.arange(count)
    theme = np.searchsorted(_theme_starts(count), place, side="right") - 1
    hidden = 2 * theme + place % 2
    strength = WEAKEST + words(market.seed, "strength", 0, count) % STRENGTHS
    followers = [order[hidden == level] for level in range(HIDDEN)]
    return Panel(names, order, picked, followers, strength.astype(np.uint8))


def feature_sets(features: Panel) -> dict[str, list[str]]:
    """Every named set, in the order and proportions of v5.3: sizes are exact where there are 3,555 features.

    `small` is in `medium` is in `all`; `v2`, `fncv3` and `v3` equivalents share features with both; each
    thematic set takes a few features of the next one.
    """
    count, picked = len(features.names), features.picked

    def names(indices: NDArray[np.intp]) -> list[str]:
        return [features.names[index] for index in np.sort(indices)]

    def size(real: int) -> int:
        return _scaled(real, count)

    sets = {
        "small": picked[: size(SMALL)],
        "medium": picked[: size(780)],
        "all": picked,
        "v2_equivalent_features": picked[: size(304)],
        "v3_equivalent_features": np.r_[picked[: size(400)], picked[size(780) :][: size(1000) - size(400)]],
        "fncv3_features": picked[: size(400)],
    }
    around = np.r_[features.order, features.order]
    for (theme, real), start in zip(THEMES.items(), _theme_starts(count), strict=True):
        sets[theme] = around[start : start + size(real)]
    return {name: names(indices) for name, indices in sets.items()}


def _scaled(real: int, features: int) -> int:
    """The size of a set that has `real` features where there are 3,555."""
    return max(1, (2 * real * features + REAL_FEATURES) // (2 * REAL_FEATURES))


def _theme_starts(features: int) -> NDArray[np.intp]:
    """Where each theme begins in the order of features; set a little closer than the sets are long."""
    lengths = np.array(list(THEMES.values()))
    starts: NDArray[np.intp] = (np.cumsum(lengths) - lengths) * features // lengths.sum()
    return starts


def hidden_levels(market: Market, era: Era) -> NDArray[np.int8]:
    """Hidden levels 0 to 4, uniform and independent; shape (26, rows)."""
    draws = octets(market.seed, "hidden levels", era.key, (HIDDEN, era.rows)).astype(np.uint16)
    return (draws * FEATURE_LEVELS >> 8).astype(np.int8)


def fill_features(market: Market, features: Panel, era: Era, into: NDArray[np.int8]) -> None:
    """Write the features of an era: int8 levels 0 to 4, a row of `into` for each feature."""
    hidden = hidden_levels(market, era)
    draws = octets(market.seed, "features", era.key, (len(features.names), era.rows))
    noise = (draws % np.uint8(FEATURE_LEVELS)).view(np.int8)
    absent = era.number <= market.train_eras // 5
    start = 0
    for level, members in enumerate(features.followers):
        part = slice(start, start + len(members))
        start += len(members)
        repeats = draws[part] < features.strength[members, None]
        into[members] = np.where(repeats, hidden[level], noise[part])
        if absent and level // 2 == LATE_THEME:
            into[members] = FEATURE_MIDDLE
    into[features.constant] = ALWAYS
    if era.number % AT_TIMES_ERAS == 0:
        into[features.at_times] = AT_TIMES
