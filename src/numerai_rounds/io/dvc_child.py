"""DVC, as a run starts it: where another DVC is in its way, it waits or ends with the code of BusyError.

DVC's own words for it advise to delete its lock by hand; whether somebody holds it is for the run to say.
"""

import logging
import sys

from dvc.cli import main
from dvc.lock import LockError

from numerai_rounds.base.errors import BusyError


class _Silence(logging.Filter):
    """Lets through every message but that of a lock which another process holds, which it remembers."""

    met = False

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a message is to be shown."""
        error = record.exc_info[1] if record.exc_info else None
        while error is not None:
            if isinstance(error, LockError):
                self.met = True
                return False
            error = error.__cause__
        return True


def run(arguments: list[str]) -> int:
    """Run DVC; its exit code, or that of BusyError."""
    silence = _Silence()
    for handler in logging.getLogger("dvc").handlers:
        handler.addFilter(silence)
    code = int(main(["--wait-for-lock", *arguments]) or 0)
    return BusyError.exit_code if silence.met and code else code


if __name__ == "__main__":
    sys.argv[0] = "dvc"
    sys.exit(run(sys.argv[1:]))
