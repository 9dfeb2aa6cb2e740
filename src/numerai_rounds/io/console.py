"""What a person sees while a stage runs: progress, sentences and tables."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.measure import Measurement
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

PAGE = 120
"""Characters on a line where the output is no terminal."""

WIDEST = 10_000
"""Characters that no table needs."""

_console = Console(
    markup=False, emoji=False, highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else PAGE
)
_errors = Console(stderr=True, markup=False, emoji=False, highlight=False, soft_wrap=True)

LOG_STEPS = 4
"""Lines that a progress bar becomes where the output is no terminal."""

PATIENCE = 2.0
"""Seconds without a word that a person puts up with."""


def say(text: str) -> None:
    """Print one line."""
    _console.print(text)


def complain(text: str) -> None:
    """Print one line on standard error."""
    _errors.print(text)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; the first column to the left, the others to the right."""
    grid = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        grid.add_column(column, justify="left" if number == 0 else "right", no_wrap=True)
    for row in rows:
        grid.add_row(*row)
    needed = Measurement.get(_console, _console.options.update(max_width=WIDEST), grid).maximum
    grid.width = needed if needed > _console.width else None  # cut figures would be other figures
    _console.print(grid)


@contextmanager
def progress(description: str, total: float | None, unit: str) -> Iterator[Callable[[float], None]]:
    """Show how far a task is; yields a function that takes the amount done since its last call.

    `total` in `unit` (`bytes` are shown as such); None where it is not known. Where the output is no
    terminal, a task of more than `PATIENCE` prints a line for each quarter.
    """
    if not sys.stderr.isatty():
        yield _lines(description, total)
        return
    columns = [DownloadColumn(), TransferSpeedColumn()] if unit == "bytes" else [TaskProgressColumn()]
    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        *columns,
        TimeRemainingColumn(),
        console=_errors,
        transient=True,
    ) as bar:
        task = bar.add_task(description, total=total)
        yield lambda amount: bar.advance(task, amount)


def _lines(description: str, total: float | None) -> Callable[[float], None]:
    started, done, printed = time.monotonic(), 0.0, 0

    def advance(amount: float) -> None:
        nonlocal done, printed
        done += amount
        step = int(LOG_STEPS * done / total) if total else 0
        if step > printed and time.monotonic() - started > PATIENCE:
            printed = step
            complain(f"{description}: {100 * step // LOG_STEPS} %")

    return advance
