"""Names of features, in the style of the tournament's: `feature_<word>_<word>_<word>`, without meaning.

Two have an apostrophe, as there.
"""

from itertools import product

from numerai_rounds.base.columns import FEATURE_PREFIX

_FIRST = (
    "amber ancient balanced brisk candid coastal daring dusty earnest fabled gentle hollow "
    "idle jovial kindred lucid mellow nimble opaque placid quiet rustic silent tidal"
)
_SECOND = (
    "alpine boreal braided cobalt crimson diurnal ebony feathered frosted gilded humid ivory "
    "jagged lateral marbled molten nocturnal ochre pelagic russet scarlet tangled umber woven"
)
_THIRD = (
    "anchor beacon canyon cedar delta ember falcon garnet harbour island juniper kestrel "
    "lantern meadow nettle orchard pebble quarry raven saddle thicket upland vessel willow"
)

APOSTROPHES = ("complemental_ok'd_prelateship", "tetrastichic_algonquin_l'allegro")
"""Two names of v5.3, which has no more of the kind; every market has both."""

_STRIDE = 7_919
"""A prime: stepping by it visits every combination of words once, and neighbours share none."""


def feature_names(count: int) -> list[str]:
    """`count` different names, sorted. There are 13,824."""
    combinations = list(product(_FIRST.split(), _SECOND.split(), _THIRD.split()))
    chosen = (combinations[number * _STRIDE % len(combinations)] for number in range(len(APOSTROPHES), count))
    return sorted(FEATURE_PREFIX + name for name in (*APOSTROPHES, *map("_".join, chosen)))
