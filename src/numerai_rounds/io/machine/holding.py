"""The lock of a repository: who holds it, and that no stage runs beside a command that nobody told it of.

Apart from `exclusive`, which takes it: a stage starts without what only that needs.
"""

import fcntl
from contextlib import suppress

from numerai_rounds.base.errors import BusyError
from numerai_rounds.io.files import json_files, paths

HELD = paths.DVC_TMP / "rounds.lock"
"""Locked while a command works; the file itself stays."""

HOLDER = paths.DVC_TMP / "rounds.json"
"""Who holds the lock."""


def busy() -> BusyError:
    """The error of whoever finds the lock held."""
    holder = _holder()
    return BusyError(
        f"`{holder.get('command', 'rounds')}` is at work here (process {holder.get('process', 'unknown')}, since "
        f"{holder.get('since', 'just now')}). Wait for it, or stop it: what it has done is kept."
    )


def refuse_beside() -> None:
    """BusyError where a process holds the lock; a stage asks that no such process has started."""
    if not HELD.exists():
        return
    with HELD.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            raise busy() from None


def _holder() -> dict[str, object]:
    with suppress(OSError, ValueError):
        found = json_files.read(HOLDER)
        return found if isinstance(found, dict) else {}
    return {}
