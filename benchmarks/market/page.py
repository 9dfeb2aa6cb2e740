"""What was measured, on the terminal and as benchmarks/RESULTS-market.md."""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.market.row import Figures, Row, figure
from benchmarks.market.statistics import STATISTICS
from benchmarks.report import markdown

RESULTS = Path(__file__).parents[1] / "RESULTS-market.md"

HEAD = """# A sample market beside the real one

What the embedded sample teaches, in numbers, and what the real market has. `python -m benchmarks.market --page` writes
this page; [README.md](README.md#a-sample-market-beside-the-real-one) has more of its commands. It measures the files
that the sample source makes, read back, so that `--files` measures a folder of real ones in the same way.

*Real* is from public studies and executed notebooks on v5.2 and v5.3. They mix versions, windows and horizons: take
orders of magnitude and orderings, not digits. *To reach* is what the sample is held to, as the mean over seeds; rows
without it are for information, and go on from the row above. A dash: there is no such figure.
"""

DEFINITIONS = """## Definitions

CORR, BMC, MMC, neutralisation, selection, purge and models are the project's own, with the parameters of conf/. Scores
are means over the resolved eras of data_type validation, on target_ender_60 unless another is named. *Default
LightGBM* is what `dvc repro` trains on the sample: conf/model/lightgbm.yaml on the features that
conf/select/top_k.yaml selects.
"""


@dataclass(frozen=True)
class Measured:
    """The figures of some markets of one size."""

    size: str
    title: str
    results: Mapping[str, Figures]
    """By a label for each market, such as its seed."""

    def lines(self, rows: Sequence[Row]) -> list[list[str]]:
        """Cells of the table of some rows, its head first."""
        table = [["", "real", "to reach", "reached", "mean", *self.results]]
        for row in rows:
            values = [found.get(row.key, float("nan")) for found in self.results.values()]
            mean = sum(values) / len(values)
            numbers = [figure(value) for value in (mean, *values)]
            table.append([row.what, row.real, row.reach(self.size), row.inside(mean, self.size), *numbers])
        return table


def rows_of(names: Sequence[str]) -> list[Row]:
    """The rows of some statistics."""
    return [row for name in names for row in STATISTICS[name].rows]


def plain(lines: Sequence[Sequence[str]]) -> str:
    """A table for the terminal."""
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def document(sizes: Sequence[Measured], generation: Figures, generation_rows: Sequence[Row]) -> str:
    """The page, in Markdown."""
    parts = [HEAD]
    for measured in sizes:
        parts += [f"## {measured.title}\n", _markdown(measured.lines(rows_of(list(STATISTICS)))) + "\n"]
    if generation:
        known = [row for row in generation_rows if row.key in generation]
        _, *lines = Measured("default", "", {"": generation}).lines(known)
        head = ["", "to reach", "reached", "measured"]
        parts += ["## Generation\n", _markdown([head, *(line[:1] + line[2:5] for line in lines)]) + "\n"]
    parts += [DEFINITIONS, *map(_definition, STATISTICS)]
    return "\n".join(parts)


def _definition(name: str) -> str:
    """The docstring of a statistic, which is its definition."""
    text = inspect.cleandoc(STATISTICS[name].function.__doc__ or "")
    return f"**{name}.** {text}\n"


def _markdown(lines: Sequence[Sequence[str]]) -> str:
    head, *rows = lines
    numbers = {place for place, name in enumerate(head) if name in {"mean", "measured"} or name.startswith("seed")}
    return markdown(head, rows, numbers)
