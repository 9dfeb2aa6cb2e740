"""DVC's own locks: whether a DVC that nobody here started is at work, and what dead ones left."""

import fcntl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from numerai_rounds.base.errors import BusyError
from numerai_rounds.io.files import json_files, paths

MUTEX = paths.DVC_TMP / "lock"
"""Held while DVC reads or writes anything of its own; not while a stage runs."""

RWLOCK = paths.DVC_TMP / "rwlock"
"""What running stages read and write, and who runs them."""

CHILD = "numerai_rounds.io.dvc.child"
"""The module that is DVC as a run starts it."""

PATIENCE = 3.0
"""Seconds that a DVC of another is given to end: many commands of it take a moment."""

PAUSE = 0.05

ELSEWHERE = {"--temp", "--queue", "--run-all"}
"""Options of `dvc exp run` with which it leaves this folder alone."""


def wait(patience: float | None = None, *, sparing: Callable[[int], bool] = lambda _: False) -> None:
    """Wait until no DVC is at work in this repository; BusyError where one still is after so many seconds.

    One whose number `sparing` answers for is left out.
    """
    deadline = time.monotonic() + (PATIENCE if patience is None else patience)
    while (found := _at_work()) is not None and not sparing(found):
        if time.monotonic() >= deadline:
            raise BusyError(f"{_sentence(found)} Wait for it, or stop it; then run the same again.")
        time.sleep(PAUSE)


def told() -> str | None:
    """The sentence that a DVC is at work here; None where none is."""
    found = _at_work()
    return None if found is None else _sentence(found)


def _sentence(number: int) -> str:
    return f"`{_command(number)}` is at work here (process {number})."


def release_dead() -> None:
    """Take dead processes out of DVC's list of locks: it keeps those whose number is still taken."""
    with _free() as free:
        if free and not any(map(_is_dvc, _running())):
            RWLOCK.unlink(missing_ok=True)


def is_sound() -> bool:
    """Whether DVC can read its list of locks, which it writes in place."""
    try:
        return not RWLOCK.exists() or isinstance(json_files.read(RWLOCK), dict)
    except ValueError:
        return False


def _at_work() -> int | None:
    """The number of a process of DVC that works here.

    Whoever runs a stage is in the list before it gives the lock away: looked at under the lock, none is missed. An
    experiment changes files before it asks for the lock, so its process is looked for.
    """
    with _free() as free:
        if not free:
            return _number(MUTEX)
        found = next(filter(_is_dvc, _running()), None)
        return next(_experiments(), None) if found is None else found


def _experiments() -> Iterator[int]:
    """Numbers of the processes that run an experiment in this folder, and not in a copy of it."""
    here = Path.cwd()
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            words = asked_of_dvc(process.cmdline())
            is_run = words[1:3] in (["exp", "run"], ["experiments", "run"]) and not ELSEWHERE.intersection(words)
            if is_run and Path(process.cwd()) == here and process.status() != psutil.STATUS_ZOMBIE:
                yield process.pid


@contextmanager
def _free() -> Iterator[bool]:
    """Whether nobody holds DVC's lock; nobody can take it meanwhile."""
    if not MUTEX.exists():
        yield True
        return
    with MUTEX.open("rb+") as file:  # NFS locks only what may be written
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True


def _running() -> list[int]:
    """Numbers of the processes that DVC's list names, dead ones too; none where it is broken."""
    try:
        locks: dict[str, Any] = json_files.read(RWLOCK)
        written = [*locks.get("write", {}).values()]
        read = [entry for entries in locks.get("read", {}).values() for entry in entries]
        return [int(entry["pid"]) for entry in (*written, *read) if entry]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


def _number(lock: Path) -> int:
    """The number of the process that holds a lock; 0 where it has not written it yet."""
    with suppress(OSError, ValueError):
        return int(lock.read_text(encoding="utf-8"))
    return 0


def _is_dvc(number: int) -> bool:
    return bool(_words(number))


def _command(number: int) -> str:
    return " ".join(_words(number)) or "dvc"


def _words(number: int) -> Sequence[str]:
    """`dvc` and what follows it in the command of a living process; empty where it is no DVC."""
    with suppress(psutil.Error, OverflowError):
        process = psutil.Process(number)
        return [] if process.status() == psutil.STATUS_ZOMBIE else asked_of_dvc(process.cmdline())
    return []


def asked_of_dvc(command: Sequence[str]) -> Sequence[str]:
    """`dvc` and what follows it in the words of a command; empty where it starts no DVC."""
    program = Path(command[0]).name if command else ""
    if program != "dvc" and not program.startswith("python"):
        return []
    place = next((place for place, word in enumerate(command) if word == CHILD or Path(word).name == "dvc"), None)
    return [] if place is None else ["dvc", *command[place + 1 :]]
