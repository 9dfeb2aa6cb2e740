"""How often intervals of 90 % hold the truth: `python -m benchmarks.coverage` writes RESULTS-intervals.md.

Histories are simulated whose scores share news over some eras; intervals are told that overlap, or a longer one.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from numerai_rounds.domain.judgement.intervals import Interval, estimated

SHARE = 0.9
HISTORIES, DRAWS = 4_000, 4_000
SHARPES = (0.3, 0.8, 1.5)
RESULTS = Path(__file__).with_name("RESULTS-intervals.md")

HEAD = f"""# How often intervals of 90 % hold the truth

`python -m benchmarks.coverage` writes this page: {HISTORIES:,} simulated histories a row, {DRAWS:,} draws behind the
critical values. News counts in 12 eras (60 days), in 4 (20 days) or in 1 (eras that share nothing); *told* is the
overlap that intervals reckon with. In brackets: how often the truth lies below and above, in percent, and the median
width in deviations of an era.

| eras | told | true | mean, any Sharpe ratio | {" | ".join(f"Sharpe ratio {sharpe:g}" for sharpe in SHARPES)} |
| --- | --- | --- | --- |{" --- |" * len(SHARPES)}
"""


class Setting(NamedTuple):
    """A length of history, the overlap that intervals are told, and the one that scores have."""

    eras: int
    told: int
    true: int

    def __str__(self) -> str:
        """For a row, and for the name of a test."""
        return f"{self.eras}-{self.told}-{self.true}"


class Missed(NamedTuple):
    """Shares of the histories whose truth lies below or above the interval, and the median width."""

    below: float
    above: float
    width: float

    @property
    def covered(self) -> float:
        """Share of the histories whose truth lies inside."""
        return 1 - self.below - self.above

    def __str__(self) -> str:
        """As a cell."""
        return f"{self.covered:.1%} ({100 * self.below:.1f}, {100 * self.above:.1f}; {self.width:.2f})"


SETTINGS = [
    Setting(eras, told, true) for eras in (52, 150, 650) for told in (12, 4, 1) for true in (12, 4, 1) if true <= told
]


def missed(setting: Setting, sharpe: float, histories: int, draws: int) -> tuple[Missed, Missed]:
    """What intervals of the mean, and of the Sharpe ratio, miss; scores have a deviation of 1."""
    found = [estimated(scores + sharpe, setting.told, SHARE, draws) for scores in _histories(setting, histories)]
    pairs = [(both.mean, both.sharpe) for both in found if both is not None and both.sharpe is not None]
    means, sharpes = zip(*pairs, strict=True)
    return _missed(means, sharpe), _missed(sharpes, sharpe)


def _missed(found: tuple[Interval, ...], truth: float) -> Missed:
    bounds = np.array(found)
    return Missed(
        float((truth < bounds[:, 0]).mean()),
        float((truth > bounds[:, 1]).mean()),
        float(np.median(bounds[:, 1] - bounds[:, 0])),
    )


def _histories(setting: Setting, count: int) -> Iterator[NDArray[np.float64]]:
    random = np.random.default_rng([setting.eras, setting.true])
    for _ in range(count):
        weeks = random.standard_normal(setting.eras + setting.true - 1) / math.sqrt(setting.true)
        yield np.convolve(weeks, np.ones(setting.true), mode="valid")


def main() -> None:
    """Measure every setting and write the page."""
    rows = []
    for setting in SETTINGS:
        found = [missed(setting, sharpe, HISTORIES, DRAWS) for sharpe in SHARPES]
        cells = [str(setting.eras), str(setting.told), str(setting.true), str(found[0][0])]
        rows.append("| " + " | ".join([*cells, *(str(of_sharpe) for _, of_sharpe in found)]) + " |")
        print(rows[-1], flush=True)  # noqa: T201
    RESULTS.write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
