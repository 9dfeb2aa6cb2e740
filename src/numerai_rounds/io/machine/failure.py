"""Why a stage stopped, left for the run that started it: DVC itself always ends with 255."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

VARIABLE = "NUMERAI_ROUNDS_FAILURE"
"""Names the file where a stage leaves its exit code and words."""

ROOM = 1 << 14
"""Bytes that are kept free for the words: a stage that stops because the disk is full can still leave them."""


def prepare(path: Path) -> None:
    """Take the room for the words of what is started next, and forget those of what was started before."""
    path.write_bytes(b" " * ROOM)


class Told(NamedTuple):
    """Why a process ended."""

    exit_code: int
    words: str
    damaged: bool = False
    """Whether a file is not what its stage wrote, which `rounds mend` may restore."""


def leave(told: Told) -> None:
    """Leave why this process ends; nothing where nobody waits for it, or where there is no room for it."""
    if VARIABLE not in os.environ:
        return
    content = json.dumps(told._asdict()).encode()
    with suppress(OSError):
        # In place: a new file would need room of its own.
        file = os.open(os.environ[VARIABLE], os.O_WRONLY | os.O_CREAT, 0o666)
        try:
            os.pwrite(file, content.ljust(ROOM), 0)
            os.truncate(file, max(len(content), ROOM))
        finally:
            os.close(file)


def left(path: Path) -> Told | None:
    """What was left; None where nothing was."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        told = json.loads(path.read_text(encoding="utf-8"))
        return Told(int(told["exit_code"]), str(told["words"]), bool(told["damaged"]))
    return None
