"""What a person sees while a stage runs: progress, sentences and tables."""

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper

from rich.console import Console, RenderableType
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


def _open_all() -> None:
    """Have all three standard streams: what is opened next would otherwise take the place of one that is closed.

    A program that is started from here would then write its words into that file.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # noqa: FBT003 - the lowest number is taken
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8", closefd=False))  # noqa: SIM115
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name may have letters that this terminal lacks


_open_all()


class Voice(Console):
    """A stream that may be lost: nobody reads it any more, or its disk is full. Work goes on without it."""

    lost: OSError | None = None
    """Why what was said did not arrive, but for a reader who went away."""

    def on_broken_pipe(self) -> None:
        """Go on without a reader."""
        self._give_up()

    def tell(self, said: RenderableType) -> None:
        """Print something, if anybody can still hear it."""
        try:
            self.print(said)
        except OSError as error:
            self.lost = error
            self._give_up()

    def _give_up(self) -> None:
        """Say nothing more; what Python itself still holds back goes nowhere."""
        self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.file.fileno())
        os.close(nowhere)


_console = Voice(
    markup=False, emoji=False, highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else PAGE
)
_errors = Voice(stderr=True, markup=False, emoji=False, highlight=False, soft_wrap=True)

LOG_STEPS = 4
"""Lines that a progress bar becomes where the output is no terminal."""

PATIENCE = 2.0
"""Seconds without a word that a person puts up with."""


def say(text: str) -> None:
    """Print one line."""
    _console.tell(text)


def complain(text: str) -> None:
    """Print one line on standard error."""
    _errors.tell(text)


def lost() -> OSError | None:
    """Why something that was to be said never arrived; None where all did, or the reader went away."""
    return _console.lost


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; the first column to the left, the others to the right."""
    grid = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        grid.add_column(column, justify="left" if number == 0 else "right", no_wrap=True)
    for row in rows:
        grid.add_row(*row)
    needed = Measurement.get(_console, _console.options.update(max_width=WIDEST), grid).maximum
    grid.width = needed if needed > _console.width else None  # cut figures would be other figures
    _console.tell(grid)


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
