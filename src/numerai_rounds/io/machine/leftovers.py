"""What killed processes leave beside the files that they were writing: removed when a run starts."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from numerai_rounds.io.files import paths

OURS = re.compile(r"\..+\.(\d+)\.tmp")
"""A temporary file of `io.atomic`, with the number of the process that writes it."""

DVCS = re.compile(r"\.[\w-]{22}\.tmp")
"""A file that DVC was bringing into place."""

FLAT = (Path(), paths.DVC_TMP, paths.RECEIPTS, paths.DATA)
DEEP = (
    paths.CONF,
    paths.METRICS,
    paths.MODELS,
    paths.HISTORY.parent,
    paths.STAGING,
    paths.DOWNLOADS,
    paths.BINNED,
    paths.SELECTED.parent,
    paths.PREDICTIONS.parent,
    paths.SUBMISSION.parent,
    paths.PACKAGE.parent,
    paths.ERAS["train"].parent,
)
"""Folders in which we write, or DVC does for us: alone, and with all that is in them."""

WORDS = ("python", "rounds")
"""One of these is in the command of every process that writes a file of ours."""


def clear() -> list[Path]:
    """Remove the temporary files of processes that are no more; those that were there.

    Only for who holds the lock of the repository, while no DVC is at work in it: nobody else's is touched.
    """
    gone = found()
    for path in gone:
        path.unlink(missing_ok=True)
    return gone


def found() -> list[Path]:
    """The temporary files of processes that are no more."""
    return sorted(path for path in _temporary() if not _is_being_written(path))


def _temporary() -> Iterator[Path]:
    deep = [path for folder in DEEP for path in folder.rglob(".*.tmp")]
    flat = [path for folder in FLAT for path in folder.glob(".*.tmp")]
    receipts = paths.RECEIPTS.glob("*/.*.tmp")
    for path in {*deep, *flat, *receipts}:
        if path.is_file() and (OURS.fullmatch(path.name) or DVCS.fullmatch(path.name)):
            yield path


def _is_being_written(path: Path) -> bool:
    """Whether the process that a temporary file names is the one that wrote it: its number may be another's by now."""
    number = OURS.fullmatch(path.name)
    if number is None:
        return False
    with suppress(psutil.Error, OSError, OverflowError):
        process = psutil.Process(int(number[1]))
        is_older = process.create_time() <= path.stat().st_mtime + 1
        is_alike = any(word in part for part in process.cmdline() for word in WORDS)
        return is_older and is_alike and process.status() != psutil.STATUS_ZOMBIE
    return False
