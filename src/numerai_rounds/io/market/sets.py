"""Named sets of features, as v5.3 has them: their sizes in proportion, and how they overlap."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from numerai_rounds.io.market.draws import words
from numerai_rounds.io.market.themes import THEMES, scaled

SMALL, LEAST_SMALL = 42, 20
"""Features of `small` where there are 3,555, and the least of any market."""

IN_MEDIUM, IN_RAIN = 11, 20
"""How many of the 42 are also in `medium`, and in `rain`."""

MEDIUM, FNCV3, V2, V3 = 780, 400, 304, 1000
"""Features of these sets where there are 3,555."""

NOT_IN_MEDIUM = ("rain", "quantum")

SHARED = {("sunshine", "charisma"): 55, ("sunshine", "serenity"): 20, ("sunshine", "intelligence"): 5}
SHARED |= {("constitution", "charisma"): 5, ("constitution", "strength"): 5}
"""Features of another theme that a theme holds beside its own, where there are 3,555."""

NAMES = list(THEMES)


def named(seed: int, names: Sequence[str]) -> dict[str, list[str]]:
    """Every named set of a market's features, each sorted."""
    count = len(names)
    theme = _shuffled_themes(seed, count)
    picked = np.argsort(words(seed, "picked features", 0, count), kind="stable")

    def size(real: int) -> int:
        return scaled(real, count)

    apart = np.isin(theme[picked], [NAMES.index(name) for name in NOT_IN_MEDIUM])
    medium, beyond = np.split(picked[~apart], [size(MEDIUM)])
    found = {
        "small": _small(picked, theme, medium, beyond),
        "medium": medium,
        "all": picked,
        "v2_equivalent_features": medium[: size(V2)],
        "v3_equivalent_features": np.r_[medium[: size(FNCV3)], beyond[: size(V3) - size(FNCV3)]],
        "fncv3_features": medium[: size(FNCV3)],
    }
    for number, name in enumerate(NAMES):
        own = picked[theme[picked] == number]
        found[name] = own if own.size else picked[number % count :][:1]  # a market of few features
    for (name, other), real in SHARED.items():
        lent = found[other][: size(real)]
        found[name] = np.union1d(found[name], lent)
    return {name: [names[place] for place in np.sort(places)] for name, places in found.items()}


def _shuffled_themes(seed: int, count: int) -> NDArray[np.intp]:
    """The number of each feature's theme; themes are as large as their own features are in v5.3."""
    lengths = np.array([theme.size for theme in THEMES.values()])
    for (name, _), real in SHARED.items():
        lengths[NAMES.index(name)] -= real
    ends = np.cumsum(lengths) * count // lengths.sum()
    ordered = np.searchsorted(ends, np.arange(count), side="right")
    theme = np.empty(count, dtype=np.intp)
    theme[np.argsort(words(seed, "order of features", 0, count), kind="stable")] = ordered
    return theme


def _small(
    picked: NDArray[np.intp], theme: NDArray[np.intp], medium: NDArray[np.intp], beyond: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Features of `small`: a quarter from medium, a half from rain."""
    count = min(max(LEAST_SMALL, scaled(SMALL, len(picked))), len(picked))
    rain = picked[theme[picked] == NAMES.index("rain")]
    inside, rainy = medium[: count * IN_MEDIUM // SMALL], rain[: count * IN_RAIN // SMALL]
    rest = np.setdiff1d(picked, np.r_[inside, rainy, medium], assume_unique=True)
    if len(rest) < count - len(inside) - len(rainy):  # a market of few features
        rest = np.setdiff1d(picked, np.r_[inside, rainy], assume_unique=True)
    first = beyond[np.isin(beyond, rest)]
    order = np.r_[first, rest[~np.isin(rest, first)]]
    found: NDArray[np.intp] = np.r_[inside, rainy, order[: count - len(inside) - len(rainy)]]
    return found


def themes(names: Sequence[str], sets: Mapping[str, list[str]]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The number of each feature's theme, and its place among the features of that theme.

    A feature in several themes belongs to the first; one in none, as in sets without these themes, to the next in turn.
    """
    number = {name: place for place, name in enumerate(names)}
    theme = np.arange(len(names), dtype=np.intp) % len(THEMES)
    for place, name in reversed(list(enumerate(NAMES))):
        theme[[number[feature] for feature in sets.get(name, [])]] = place
    order = np.argsort(theme, kind="stable")
    starts = np.searchsorted(theme[order], np.arange(len(THEMES)))
    within = np.empty(len(names), dtype=np.intp)
    within[order] = np.arange(len(names)) - starts[theme[order]]
    return theme, within
