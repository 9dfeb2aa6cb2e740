"""One at a time in a repository: a lock that the operating system takes back from whoever dies."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import psutil
from filelock import FileLock, Timeout

from numerai_rounds.base.errors import BusyError
from numerai_rounds.io import atomic, failure, json_files, paths
from numerai_rounds.io.compose import check_folder

LOCK = paths.DVC_TMP / "rounds.lock"
HOLDER = paths.DVC_TMP / "rounds.json"
"""Who holds the lock."""

FAILED = paths.DVC_TMP / "rounds.failure.json"
"""Where a stage that the holder started leaves its words."""

GRACE = 10.0
"""Seconds that what a dead run left behind is given to stop by itself."""


@contextmanager
def only_one(command: str) -> Iterator[None]:
    """Hold the repository's lock; BusyError where another process does.

    What a run that was killed left running is stopped first: it would write to the same files.
    """
    check_folder(paths.CONF)
    LOCK.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(LOCK, timeout=0):
            _stop_orphans()
            atomic.write_text(HOLDER, json.dumps({"command": command, "process": os.getpid(), "since": _now()}))
            try:
                yield
            finally:
                HOLDER.unlink(missing_ok=True)
    except Timeout:
        holder = _holder()
        raise BusyError(
            f"`{holder.get('command', 'rounds')}` is at work here (process {holder.get('process', 'unknown')}, since "
            f"{holder.get('since', 'just now')}). Wait for it, or stop it: what it has done is kept."
        ) from None


def mark() -> dict[str, str]:
    """What the holder puts into the environment of what it starts: by this it is known again, by nothing else."""
    return {failure.VARIABLE: str(FAILED.resolve())}


def _holder() -> dict[str, object]:
    with suppress(OSError, ValueError):
        found = json_files.read(HOLDER)
        return found if isinstance(found, dict) else {}
    return {}


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


def _is_marked(process: psutil.Process) -> bool:
    with suppress(OSError, psutil.Error):
        marked: bool = mark().items() <= process.environ().items()
        return marked
    return False


def _now() -> str:
    return datetime.now(UTC).strftime("%H:%M:%S UTC")
