"""Names that a careless reader or writer of files would change, and names in the style of the tournament's."""

import hashlib
from typing import Any

REAL = ["feature_complemental_ok'd_prelateship", "feature_tetrastichic_algonquin_l'allegro"]
"""Of v5.2 and v5.3: the only ones there with a letter that is neither a letter of the alphabet nor `_`."""

FEATURES = [
    *REAL,
    *("feature_", "feature_1e5", "feature_nan", "feature_NA", "feature_ leading", "feature_trailing ", "feature_a  b"),
    *(
        'feature_"quoted"',
        "feature_one,two",
        "feature_[bold]red[/bold]",
        "feature_{x: 1}",
        "feature_%20",
        "feature_50%",
    ),
    *("feature_a.b", "feature_a=b", "feature_$HOME", "feature_`date`", "feature_\\n", "feature_#1", "feature_Größe"),
    *("feature_日本", "feature_a\tb", "feature_a\nb", "feature_a\rb", "feature_a\0b", "feature_a\u2028b", "feature_😀"),
    "feature_" + 300 * "long",
]
SETS = ["small's", "NA", "", "1e5", "null", " a ", "[red]", "a, b", "a: b", "yes", "0574", "é"]
"""Names of feature sets."""

SYLLABLES = ("ab", "ag", "ant", "ble", "ca", "de", "ger", "ic", "ism", "less", "lum", "ness", "o", "pre", "tri", "y")


def in_the_style_of_v5(count: int) -> list[str]:
    """`count` different names of three words each; which ones, hashes decide."""
    names: dict[str, None] = {}
    for number in range(2 * count):
        names["feature_" + "_".join(_word(number, place) for place in range(3))] = None
    return list(names)[:count]


def listed(count: int, targets: list[str]) -> dict[str, Any]:
    """The content of a features.json of so many features, all odd ones among them; `SETS` overlap."""
    names = [*FEATURES, *in_the_style_of_v5(count - len(FEATURES))]
    sets = {name: names[place::2] for place, name in enumerate(SETS)}
    return {
        "feature_sets": {**sets, "odd": FEATURES, "none": [], "fncv3_features": names[:20], "all": names},
        "targets": targets,
    }


def _word(number: int, place: int) -> str:
    digest = hashlib.sha256(f"{number} {place}".encode()).digest()
    return "".join(SYLLABLES[byte % len(SYLLABLES)] for byte in digest[: 2 + digest[-1] % 4])
