"""Work in a process of its own: how long it takes, and the most memory that it holds.

The measuring process stays small: what it holds itself when it starts another counts as that one's peak.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from benchmarks.child import MARK

ROOT = Path(__file__).parents[1]
GB = 1e9
RSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in which the system counts the peak of a process."""

ROOM = 0.85
"""Share of the free memory that a work may be expected to need; more, and it is not begun."""

RESERVE = 0.03
"""Share of the machine's memory that stays free; a work that takes it is stopped, before the system stops something."""

TAIL = 25
"""Lines of a failed work's output that are shown."""


Measured = Generator[None, None, Any]
"""What a function returns that yields between its preparation and its work (see `child`)."""


class WorkError(Exception):
    """A process that is measured ended with an error."""


@dataclass(frozen=True)
class Work:
    """A command to measure, run in `folder`; `needs` is the memory that it is expected to need, in bytes."""

    command: tuple[str, ...]
    folder: Path = ROOT
    needs: float = 0.0


@dataclass(frozen=True)
class Run:
    """What a work took."""

    seconds: float
    """The work alone; of a command, the whole process."""
    process: float
    """The whole process: Python's start and its imports as well."""
    peak: float
    """Most memory that it, or any process that it waited for, held at once, in bytes."""
    answer: Any = None
    """What the function returned."""
    lines: list[tuple[float, str]] = field(default_factory=list)
    """What it printed, with the second in which each line came."""


@dataclass(frozen=True)
class Skipped:
    """A work that was not done, and why."""

    reason: str


def call(function: Callable[..., object], *arguments: object, folder: Path = ROOT, needs: float = 0.0) -> Work:
    """A function of this suite, run in a fresh process with arguments that JSON can hold."""
    name = f"{function.__module__}:{function.__qualname__}"
    parts = (sys.executable, "-m", "benchmarks.child", name, json.dumps(arguments, default=str))
    return Work(parts, folder, needs)


def race(works: Mapping[str, Work], repeats: int) -> dict[str, Run | Skipped]:
    """Run works in turn, again and again: the median of their times, the greatest of their peaks."""
    runs: dict[str, list[Run]] = {name: [] for name in works}
    skipped: dict[str, Skipped] = {}
    for _ in range(repeats):
        for name, work in works.items():
            if name not in skipped:
                outcome = run(work)
                if isinstance(outcome, Skipped):
                    skipped[name] = outcome
                else:
                    runs[name].append(outcome)
    return {name: skipped.get(name) or middle(runs[name]) for name in works}


def run(work: Work) -> Run | Skipped:
    """Run a work once; skipped where memory would not suffice, or a package that it uses is not installed.

    Raises WorkError with the end of its output.
    """
    available = psutil.virtual_memory().available
    if work.needs > ROOM * available:
        return Skipped(f"needs ~{work.needs / GB:,.0f} GB, {available / GB:,.0f} GB are free")
    started = time.perf_counter()
    process = subprocess.Popen(
        work.command,
        cwd=work.folder,
        env=_environment(work.folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None  # noqa: S101 - for the type checker
    with _guarded(process.pid) as stopped, process.stdout as output:
        lines = [(time.perf_counter() - started, line.rstrip("\n")) for line in output]
        _, status, usage = os.wait4(process.pid, 0)
    whole = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if stopped.is_set():
        return Skipped(f"stopped at {usage.ru_maxrss * RSS_UNIT / GB:,.0f} GB: the memory was full")
    if process.returncode:
        tail = "\n".join(line for _, line in lines[-TAIL:])
        raise WorkError(f"{' '.join(work.command)} ended with {process.returncode}:\n{tail}")
    result = _result(lines)
    if "absent" in result:
        return Skipped(f"{result['absent']} is not installed")
    peak = usage.ru_maxrss * RSS_UNIT
    return Run(result.get("seconds", whole), whole, peak, result.get("answer"), lines)


def done(work: Work) -> Run:
    """Run a work that must be done, for others build on it."""
    outcome = run(work)
    if isinstance(outcome, Skipped):
        raise WorkError(f"{' '.join(work.command)}: {outcome.reason}")
    return outcome


def _result(lines: list[tuple[float, str]]) -> dict[str, Any]:
    marked = [line.removeprefix(MARK) for _, line in lines if line.startswith(MARK)]
    return dict(json.loads(marked[-1])) if marked else {}


def middle(runs: list[Run]) -> Run:
    """The median of the times, the greatest of the peaks, the last of the rest."""
    return replace(
        runs[-1],
        seconds=median(run.seconds for run in runs),
        process=median(run.process for run in runs),
        peak=max(run.peak for run in runs),
    )


def _environment(folder: Path) -> dict[str, str]:
    """The programs of this Python, the code of `folder`, this suite, and output a line at a time."""
    return os.environ | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join([str(folder / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "PYTHONUNBUFFERED": "1",
    }


@contextmanager
def _guarded(leader: int) -> Iterator[threading.Event]:
    """Stop a process and its children when the memory runs out, which sets the event, or this one is interrupted."""
    ended, stopped = threading.Event(), threading.Event()
    reserve = RESERVE * psutil.virtual_memory().total

    def watch() -> None:
        while not ended.wait(0.1):
            if psutil.virtual_memory().available < reserve:
                stopped.set()
                os.killpg(leader, signal.SIGKILL)
                return

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield stopped
    except BaseException:
        os.killpg(leader, signal.SIGKILL)
        os.waitpid(leader, 0)
        raise
    finally:
        ended.set()
        watcher.join()
