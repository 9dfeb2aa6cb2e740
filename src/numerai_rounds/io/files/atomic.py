"""Files are written beside their place and renamed into it, so that nobody ever reads half of one."""

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from numerai_rounds.base.errors import MachineError
from numerai_rounds.io import console

BLOCK_BYTES = 1 << 20

NOTHING = 256 << 10
"""Bytes that are left on a disk at most where it is full: what failed there has removed its own last file."""

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""No room on the disk, none left of what the user may take, or none for a file of this size."""


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it into place on success, remove it on failure.

    Raises MachineError where the disk is full or the folder may not be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        if refusal := machine_error(error, path):
            raise refusal from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def writing_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder beside `path`; put it in place of it on success, remove it on failure.

    Raises MachineError as `writing`. A file in it whose name nobody told is called as the folder.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with naming(path):
            shutil.rmtree(temporary, ignore_errors=True)
            temporary.mkdir(parents=True)
            yield temporary
            shutil.rmtree(path, ignore_errors=True)
            temporary.replace(path)
    except MachineError as error:
        said = str(error).replace(str(temporary), str(path))
        if error.__cause__ is not None:
            raise MachineError(said) from None
        raise MachineError(f"{said} {path.parent} has {_free(path)} now.") from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Have it said that it was `path` which could not be written: the system itself does not name what it writes to."""
    try:
        yield
    except OSError as error:
        if refusal := machine_error(error, Path(error.filename or path)):
            raise refusal from error
        raise


def write_text(path: Path, text: str) -> None:
    """Write a text file (UTF-8, `\\n`) atomically."""
    with writing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def sha256(path: Path, copy: BinaryIO | None = None) -> str:
    """The hash of a file, in hex, with progress shown; exactly the bytes that it covers go to `copy`."""
    digest = hashlib.sha256()
    with path.open("rb") as file, console.progress(f"reading {path}", path.stat().st_size, "bytes") as advance:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
            if copy is not None:
                copy.write(block)
            advance(len(block))
    return digest.hexdigest()


EFFECTIVE = os.access in os.supports_effective_ids


def machine_error(error: OSError, path: Path, needed: int | None = None) -> MachineError | None:
    """The sentence for an operating system's refusal of a file; None for an error of another kind.

    `needed`: bytes that are still to be written, where that is known.
    """
    if is_full(error):
        takes = f", and {needed / 1e6:,.1f} MB are needed" if needed else ""
        return MachineError(
            f"the disk is full: {path} could not be written ({_room(error, path)}{takes}). Free some space and run "
            "again."
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        is_closed = os.path.lexists(path) and not os.access(path, os.R_OK, effective_ids=EFFECTIVE)
        done, where = ("read", "the file") if is_closed else ("written", path.parent)
        return MachineError(f"{path} may not be {done} ({error.strerror}). Check the permissions of {where}.")
    return None


def is_full(error: OSError) -> bool:
    """Whether the system refused because there is no room."""
    return error.errno in FULL


def shortage(path: Path) -> MachineError | None:
    """The sentence for a disk with next to nothing left, whatever was said of what failed there; None for another."""
    there = _disk(path)
    if there.f_bavail * there.f_frsize > NOTHING:
        return None
    return MachineError(f"the disk of {path.parent.absolute()} is full ({_free(path)} now). Free some and run again.")


def _room(error: OSError, path: Path) -> str:
    """What there is room for where a file could not be written."""
    if error.errno == errno.EFBIG:
        return "no file may be as large as that here: see `ulimit -f`"
    if error.errno == errno.EDQUOT:
        return "what you may take of this disk is used up"
    there = _disk(path)
    if there.f_files and not there.f_favail:
        return "it has room for no more files, however small: all its inodes are taken"
    return f"{_free(path)} now"


def _free(path: Path) -> str:
    there = _disk(path)
    return f"{there.f_bavail * there.f_frsize / 1e6:,.1f} MB free"


def _disk(path: Path) -> os.statvfs_result:
    """The disk that a file is to be on, which may not be there yet."""
    return os.statvfs(next(folder for folder in path.absolute().parents if folder.is_dir()))
