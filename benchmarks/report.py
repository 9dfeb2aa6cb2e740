"""What the steps found, on the terminal and as a document."""

import os
import platform
import shlex
import sys
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import psutil

from benchmarks.measure import GB, Run, Skipped
from benchmarks.targets import TARGETS
from numerai_rounds.io import console

OURS, LIMIT = "ours", "the limit"
"""Names that a comparison reads: what the others are compared with, and what nothing can be faster than."""

PACKAGES = ("lightgbm", "numpy", "pandas", "pyarrow", "polars", "numba", "dvc", "numerai-tools")


@dataclass(frozen=True)
class Table:
    """Figures of any kind."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: bool = False
    """Whether the cells are words rather than numbers."""

    def markdown(self) -> str:
        """The table in Markdown."""
        return markdown(self.columns, self.rows, () if self.words else range(1, len(self.columns)))


@dataclass(frozen=True)
class Comparison:
    """The same work done in several ways, in turn; OURS among them, and LIMIT where there is one."""

    title: str
    runs: dict[str, Run | Skipped]
    volume: float = 0.0
    """Bytes of int8 values that each of them goes through; 0 where their speed says nothing."""

    def __getitem__(self, name: str) -> Run | None:
        """A run; None where it was skipped, or there is none of that name."""
        run = self.runs.get(name)
        return run if isinstance(run, Run) else None

    def times(self, name: str, of: str = OURS) -> float | None:
        """How many times as long `name` takes as `of`; None where one of them was skipped."""
        one, other = self[name], self[of]
        return one.seconds / other.seconds if one and other else None

    def memory(self, name: str, of: str = OURS) -> float | None:
        """How many times as much memory `name` holds as `of`; None where one of them was skipped."""
        one, other = self[name], self[of]
        return one.peak / other.peak if one and other else None

    @property
    def table(self) -> Table:
        """A row for each way."""
        rows = [self._cells(name) for name in self.runs]
        columns = list(dict.fromkeys(column for row in rows for column in row))
        return Table(self.title, columns, [[row.get(column, "") for column in columns] for row in rows])

    def _cells(self, name: str) -> dict[str, str]:
        """By column."""
        run = self.runs[name]
        if isinstance(run, Skipped):
            return {"": name, "time, s": run.reason}
        ours, limit = self[OURS], self[LIMIT]
        cells = {"": name, "time, s": figure(run.seconds), "process, s": figure(run.process)}
        cells["peak, GB"] = figure(run.peak / GB)
        if ours:
            cells["time / ours"] = figure(run.seconds / ours.seconds)
            cells["peak / ours"] = figure(run.peak / ours.peak)
        if self.volume:
            cells["values, GB/s"] = figure(self.volume / GB / run.seconds)
        if limit:
            cells["of the limit"] = f"{100 * limit.seconds / run.seconds:.0f} %"
        return cells


@dataclass(frozen=True)
class Finding:
    """A figure that a target is about; None where it could not be measured, for a reason."""

    target: str
    value: float | None
    reason: str = "not measured: what it is compared with was skipped"


Result = Comparison | Table | Finding


@dataclass
class Report:
    """Everything found so far."""

    data: str
    steps: dict[str, list[Table]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def add(self, step: str, result: Result) -> None:
        """Take in a result of a step, whose title is `step`, and show it."""
        if isinstance(result, Finding):
            self.findings.append(result)
            return
        table = result.table if isinstance(result, Comparison) else result
        self.steps.setdefault(step, []).append(table)
        console.table(table.title, table.columns, table.rows)
        console.say("")

    def show_targets(self) -> None:
        """Show which targets are reached."""
        table = self._targets()
        console.table(table.title, table.columns, table.rows)

    def write(self, path: Path) -> None:
        """Write the document."""
        tables = [self._machine(), self._targets()]
        parts = ["# Results", "Written by the command below; [README.md](README.md) says how to read it."]
        parts += [f"## {table.title}\n\n{table.markdown()}" for table in tables if table.rows]
        for step, found in self.steps.items():
            parts += [f"## {step}", *(f"### {table.title}\n\n{table.markdown()}" for table in found)]
        path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")

    def _targets(self) -> Table:
        rows = []
        for finding in self.findings:
            target, value = TARGETS[finding.target], finding.value
            measured = finding.reason if value is None else f"{value:.3g} {target.unit}".rstrip()
            reached = "" if value is None else "yes" if target.reached(value) else "no"
            rows.append([target.text, target.reach, measured, reached])
        return Table("Targets", ["what", "reach", "measured", "reached"], rows, words=True)

    def _machine(self) -> Table:
        memory = psutil.virtual_memory().total / 2**30
        rows = [
            ["command", f"`python -m benchmarks {shlex.join(sys.argv[1:])}`".replace(" `", "`")],
            ["date", f"{datetime.now(UTC):%Y-%m-%d}"],
            ["data", self.data],
            ["processor", f"{_processor()}, {os.cpu_count()} cores"],
            ["memory", f"{memory:,.0f} GiB"],
            ["system", f"{platform.system()}, Python {platform.python_version()}"],
            ["packages", ", ".join(f"{name} {_version(name)}" for name in PACKAGES)],
        ]
        return Table("What was measured", ["", ""], rows, words=True)


def figure(value: float) -> str:
    """A number with about three digits that matter."""
    decimals = next((digits for digits, bound in ((3, 1), (2, 10), (1, 100)) if value < bound), 0)
    return f"{value:,.{decimals}f}"


def markdown(columns: Sequence[str], rows: Sequence[Sequence[str]], numbers: Container[int]) -> str:
    """A table in Markdown; columns at the places in `numbers` are aligned to the right."""
    rule = ["---:" if place in numbers else "---" for place in range(len(columns))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [columns, rule, *rows])


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "(not installed)"
