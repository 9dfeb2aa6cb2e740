"""Files are written beside their place and renamed into it, so that nobody ever reads half of one."""

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from numerai_rounds.base.errors import MachineError
from numerai_rounds.io import console

BLOCK_BYTES = 1 << 20


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


def machine_error(error: OSError, path: Path) -> MachineError | None:
    """The sentence for an operating system's refusal to write; None for an error of another kind."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return MachineError(f"the disk is full: {path} could not be written. Free some space and run again.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return MachineError(f"{path} may not be written ({error.strerror}). Check the permissions of {path.parent}.")
    return None
