"""Files are written beside their place and renamed into it, so that nobody ever reads half of one."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from numerai_rounds.base.errors import MachineError


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
        raise machine_error(error, path) from error
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file (UTF-8, `\\n`) atomically."""
    with writing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def check_room(folder: Path, needed: int, what: str) -> None:
    """Refuse to begin what the disk has no room for; `needed` in bytes."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise MachineError(
            f"{what} needs {needed / 1e9:,.2f} GB more, but the disk of {folder} has {free / 1e9:,.2f} GB free. "
            "Nothing was downloaded: free some space and run again."
        )


def machine_error(error: OSError, path: Path) -> Exception:
    """The sentence for an operating system's refusal; the error itself where it is of another kind."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return MachineError(f"the disk is full: {path} could not be written. Free some space and run again.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return MachineError(f"{path} may not be written ({error.strerror}). Check the permissions of {path.parent}.")
    return error
