"""What rests on too few eras is told no finer than it is known."""

import math
from collections.abc import Hashable, Mapping
from typing import Any

DIGITS, DECIMALS = 2, 3
"""The most that is told of such a figure."""

Row = Mapping[Hashable, Any]
"""Of the table `summary`."""


def is_few(row: Row) -> bool:
    """Whether a score rests on too few eras: there are not enough independent pieces for an interval of its mean."""
    return bool(math.isnan(row["mean_low"]))


def rough(value: float) -> str:
    """Two digits, and at most three decimals."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    power = int(f"{value:.{DIGITS - 1}e}".partition("e")[2])
    return f"{value:z.{min(max(DIGITS - 1 - power, 0), DECIMALS)}f}"
