"""How a stage or command ends: one sentence and an exit code, never a traceback for a user's mistake."""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from numerai_rounds.base.errors import MachineError, RefusedError, RoundsError
from numerai_rounds.io import atomic, console

TERMINATED = 128 + signal.SIGTERM

FAILURE = "NUMERAI_ROUNDS_FAILURE"
"""Names the file where a stage leaves its exit code and words: DVC itself always ends with 255."""


def run(main: Callable[[], None]) -> None:
    """Run `main` and leave the process with the exit code of what happened.

    SIGTERM ends it as an exception would, so that what it started is stopped and what it holds is given back.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    try:
        main()
    except RoundsError as error:
        _end(error)
    except OSError as error:
        if error.errno is None:
            raise
        path = Path(error.filename or "a file")
        _end(
            atomic.machine_error(error, path) or MachineError(f"{path}: {error.strerror}. Put it right and run again.")
        )
    except KeyboardInterrupt:
        console.complain("stopped.")
        sys.exit(130)


def cores(threads: int) -> int:
    """How many threads `threads` stands for: every core where it is 0."""
    return threads or (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def _end(error: RoundsError) -> None:
    words = f"{error}. Try again later; check the API keys where it is about them." if _is_bare(error) else str(error)
    if FAILURE in os.environ:
        told = {"exit_code": error.exit_code, "message": words}
        atomic.write_text(Path(os.environ[FAILURE]), json.dumps(told))
    console.complain(f"error: {words}")
    sys.exit(error.exit_code)


def _is_bare(error: RoundsError) -> bool:
    """Whether an error is no more than what the service said."""
    return isinstance(error, RefusedError) and not str(error).endswith(".")
