"""One at a time in a repository: a lock that the operating system takes back from whoever dies."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import psutil
from filelock import FileLock, Timeout

from numerai_rounds.io.files import atomic, paths
from numerai_rounds.io.machine import dvc_locks, failure, holding, leftovers, root
from numerai_rounds.io.machine.holding import HELD, HOLDER

FAILED = paths.DVC_TMP / "rounds.failure.json"
"""Where a stage that the holder started leaves its words."""

MOMENT = 0.1
"""Seconds to wait for the lock: a stage that looks whether it is held takes it for an instant."""

GRACE = 10.0
"""Seconds that what a dead run left behind is given to stop by itself."""


@contextmanager
def only_one(command: str, *, sweeps: bool = True) -> Iterator[None]:
    """Hold the repository's lock; BusyError where another process does, or a DVC that no run of ours started.

    What a run that was killed left running is stopped first: it would write to the same files. What it left half
    written is removed, if the holder `sweeps`.
    """
    root.check_conf(paths.CONF)
    HELD.parent.mkdir(parents=True, exist_ok=True)
    # Before the lock is taken: a stage that started meanwhile would find it held, and its DVC would stop.
    dvc_locks.wait(sparing=_is_started_by_us)
    try:
        with FileLock(HELD, timeout=MOMENT):
            atomic.write_text(HOLDER, json.dumps({"command": command, "process": os.getpid(), "since": _now()}))
            try:
                _stop_orphans()
                dvc_locks.wait()
                if sweeps:
                    leftovers.clear()
                yield
            finally:
                HOLDER.unlink(missing_ok=True)
    except Timeout:
        raise holding.busy() from None


def mark() -> dict[str, str]:
    """What the holder puts into the environment of what it starts: by this it is known again, by nothing else."""
    return {failure.VARIABLE: str(FAILED.resolve())}


def _stop_orphans() -> None:
    """Stop the processes that a dead holder of this repository's lock started."""
    orphans = [process for process in psutil.process_iter() if process.pid != os.getpid() and _is_marked(process)]
    for process in orphans:
        with suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(orphans, timeout=GRACE)
    for process in alive:
        with suppress(psutil.Error):
            process.kill()


def _is_started_by_us(number: int) -> bool:
    """Whether a holder of the lock, alive or dead, started a process."""
    with suppress(psutil.Error):
        return _is_marked(psutil.Process(number))
    return False


def _is_marked(process: psutil.Process) -> bool:
    with suppress(OSError, psutil.Error):
        marked: bool = mark().items() <= process.environ().items()
        return marked
    return False


def _now() -> str:
    return datetime.now(UTC).strftime("%H:%M:%S UTC")
