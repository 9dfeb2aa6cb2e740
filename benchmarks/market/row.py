"""A figure beside the real market's, and the range that a sample is to reach."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Figures = dict[str, float]


@dataclass(frozen=True)
class Row:
    """A figure on the page."""

    key: str
    what: str
    real: str = ""
    """The real market's, in orders of magnitude; empty where nobody has published it."""
    low: float = -math.inf
    high: float = math.inf
    sizes: tuple[str, ...] = ("default", "mid")
    """Sizes of the sample at which the range is to be reached."""

    def reach(self, size: str) -> str:
        """The range to reach, in words; empty where there is none."""
        bounds = [f"{bound:g}".removeprefix("0") if math.isfinite(bound) else "" for bound in (self.low, self.high)]
        bounds = [bound.replace("-0.", "-.") for bound in bounds]
        if size not in self.sizes or not any(bounds):
            return ""
        if all(bounds):
            return " to ".join(bounds)
        return f"at least {bounds[0]}" if bounds[0] else f"at most {bounds[1]}"

    def inside(self, value: float, size: str) -> str:
        """Whether a figure reaches it; empty where nothing is to be reached."""
        return ("yes" if self.low <= value <= self.high else "no") if self.reach(size) else ""


@dataclass(frozen=True)
class Statistic:
    """A function of a study, whose docstring is the definition, and the rows that its figures become."""

    function: Callable[[Any], Figures]
    rows: tuple[Row, ...]


def figure(value: float) -> str:
    """A number with about three digits that matter, without a leading zero; a dash where there is none."""
    if not math.isfinite(value):
        return "-"
    size = abs(value)
    if size >= 100 or value == int(value):
        return f"{value:,.0f}"
    digits = next((digits for digits, bound in ((4, 0.1), (3, 1)) if size < bound), 2)
    text = f"{value:.{digits}f}"
    return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text
