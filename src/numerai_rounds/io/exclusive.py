"""One at a time in a repository: a lock that the operating system takes back from whoever dies."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import psutil
from filelock import FileLock, Timeout

from numerai_rounds.base.errors import BusyError
from numerai_rounds.io import atomic, paths
from numerai_rounds.io.compose import check_folder

LOCK = paths.DVC_TMP / "rounds.lock"
HOLDER = paths.DVC_TMP / "rounds.json"
"""Who holds the lock, or held it last, and the process that it started."""

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
            _stop_orphans(_holder())
            _write_holder({"command": command, "process": os.getpid(), "since": _now()})
            yield
            HOLDER.unlink(missing_ok=True)
    except Timeout:
        holder = _holder()
        raise BusyError(
            f"`{holder.get('command', 'rounds')}` is at work here (process {holder.get('process', 'unknown')}, since "
            f"{holder.get('since', 'just now')}). Wait for it, or stop it: what it has done is kept."
        ) from None


def started(group: int) -> None:
    """Note the process group of what the holder of the lock has started."""
    _write_holder({**_holder(), "group": group, "group_since": time.time()})


def _write_holder(holder: dict[str, object]) -> None:
    atomic.write_text(HOLDER, json.dumps(holder))


def _holder() -> dict[str, object]:
    with suppress(OSError, ValueError):
        found = json.loads(HOLDER.read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else {}
    return {}


def _stop_orphans(holder: dict[str, object]) -> None:
    """Stop the processes of a group that a dead holder started; numbers that were given anew are left alone."""
    group, since = holder.get("group"), holder.get("group_since")
    if not (isinstance(group, int) and isinstance(since, float)) or not hasattr(os, "getpgid"):
        return
    orphans = [process for process in psutil.process_iter() if _belongs(process, group, since)]
    for process in orphans:
        with suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(orphans, timeout=GRACE)
    for process in alive:
        with suppress(psutil.Error):
            process.kill()


def _belongs(process: psutil.Process, group: int, since: float) -> bool:
    with suppress(OSError, psutil.Error):
        inside: bool = os.getpgid(process.pid) == group and process.create_time() >= since - 1
        return inside
    return False


def _now() -> str:
    return datetime.now(UTC).strftime("%H:%M:%S UTC")
