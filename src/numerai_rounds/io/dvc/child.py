"""DVC, as a run starts it: it leaves word of a full disk, and ends with the code of BusyError beside another DVC.

DVC's own words for the latter advise to delete its lock by hand; whether somebody holds it is for the run to say.
"""

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

from dvc.cli import main
from dvc.lock import LockError

from numerai_rounds.base.errors import BusyError
from numerai_rounds.io.files import atomic
from numerai_rounds.io.machine import failure


class _Listener(logging.Filter):
    """Hears whatever DVC says, and lets through every message but that of a lock which another process holds."""

    met = False
    """Whether there was such a message."""

    named = False
    """Whether a full disk was told with a file's name: what comes after it is about the same, in fewer words."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a message is to be shown."""
        for error in _errors(record):
            if isinstance(error, LockError):
                self.met = True
                return False
            if isinstance(error, OSError) and atomic.is_full(error) and not self.named:
                self._tell(error)
        return True

    def _tell(self, error: OSError) -> None:
        name = error.filename2 or error.filename
        told = atomic.machine_error(error, Path(name or "what DVC keeps in its cache"))
        if told is not None:
            failure.leave(failure.Told(told.exit_code, f"DVC stopped, as told above: {told}"))
            self.named = name is not None


def run(arguments: list[str]) -> int:
    """Run DVC; its exit code, or that of BusyError."""
    listener = _Listener()
    for handler in logging.getLogger("dvc").handlers:
        handler.addFilter(listener)
    code = int(main(["--wait-for-lock", *arguments]) or 0)
    return BusyError.exit_code if listener.met and code else code


def _errors(record: logging.LogRecord) -> Iterator[BaseException]:
    """What a message is about: the exception of its record, and what that came of."""
    error = record.exc_info[1] if record.exc_info else None
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


if __name__ == "__main__":
    sys.argv[0] = "dvc"
    sys.exit(run(sys.argv[1:]))
