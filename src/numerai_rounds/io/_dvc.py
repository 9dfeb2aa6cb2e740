"""DVC as `rounds` starts it: where it meets a full disk, that is left as a stage leaves its words."""

import logging
import sys
from pathlib import Path

from dvc.cli import main

from numerai_rounds.io import atomic, failure

LOGGERS = ("dvc", "dvc_data", "dvc_objects")


class FullDisk(logging.Handler):
    """Looks through what DVC logs for an operating system that had no room; DVC says the rest itself."""

    named = False
    """Whether a file was named: what comes after it is about the same, in fewer words."""

    def emit(self, record: logging.LogRecord) -> None:
        """Leave the sentence, if this is one of a full disk."""
        error = record.exc_info[1] if record.exc_info else None
        while error is not None:
            if isinstance(error, OSError) and atomic.is_full(error):
                name = error.filename2 or error.filename
                told = atomic.machine_error(error, Path(name or "what DVC keeps in its cache"))
                if told is not None and not self.named:
                    failure.leave(told.exit_code, f"DVC stopped, as told above: {told}")
                    self.named = name is not None
                return
            error = error.__cause__ or error.__context__


if __name__ == "__main__":
    for name in LOGGERS:
        logging.getLogger(name).addHandler(FullDisk(logging.ERROR))
    sys.exit(main())
