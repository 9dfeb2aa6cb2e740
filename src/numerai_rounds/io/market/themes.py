"""Themes of features, as v5.3 has them: how large they are, how many hidden levels they have, how alike these are."""

from dataclasses import dataclass

import numpy as np

REAL_FEATURES = 3555


@dataclass(frozen=True)
class Theme:
    """A thematic set."""

    size: int
    """Features where there are 3,555."""
    hidden: int
    """Different hidden levels that its features repeat, at most."""
    tightness: int
    """In how many stocks of 256 a hidden level is that of the whole theme."""


THEMES = {
    "intelligence": Theme(35, 2, 130),
    "charisma": Theme(290, 4, 120),
    "strength": Theme(135, 3, 130),
    "dexterity": Theme(51, 2, 170),
    "constitution": Theme(335, 4, 110),
    "wisdom": Theme(140, 3, 150),
    "agility": Theme(145, 3, 140),
    "serenity": Theme(95, 3, 110),
    "sunshine": Theme(325, 5, 30),
    "rain": Theme(666, 5, 90),
    "midnight": Theme(244, 4, 120),
    "faith": Theme(372, 4, 100),
    "quantum": Theme(807, 4, 80),
}

HIDDEN = sum(theme.hidden for theme in THEMES.values())
"""Hidden levels of a stock, all themes together."""

THEME_OF = np.repeat(np.arange(len(THEMES)), [theme.hidden for theme in THEMES.values()])
TIGHTNESS = np.repeat([theme.tightness for theme in THEMES.values()], [theme.hidden for theme in THEMES.values()])
"""For each hidden level the number of its theme, and how tight that one is."""


def scaled(real: int, features: int) -> int:
    """The size of a set that has `real` features where there are 3,555; one at least."""
    return max(1, (2 * real * features + REAL_FEATURES) // (2 * REAL_FEATURES))
