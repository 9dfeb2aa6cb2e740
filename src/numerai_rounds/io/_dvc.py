"""DVC as `rounds` starts it: where it meets a full disk, that is left as a stage leaves its words."""

import logging
import sys
from pathlib import Path
from typing import Any

from dvc.cli import main

from numerai_rounds.io import atomic, failure


class Record(logging.LogRecord):
    """What DVC logs, looked through for an operating system that had no room; DVC says the rest itself."""

    named = False
    """Whether a file was named: what comes after it is about the same, in fewer words."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Leave the sentence, if this is of a full disk."""
        super().__init__(*arguments, **options)
        error = self.exc_info[1] if self.exc_info else None
        while error is not None and not (isinstance(error, OSError) and atomic.is_full(error)):
            error = error.__cause__ or error.__context__
        if error is not None and not Record.named:
            name = error.filename2 or error.filename
            told = atomic.machine_error(error, Path(name or "what DVC keeps in its cache"))
            if told is not None:
                failure.leave(told.exit_code, f"DVC stopped, as told above: {told}")
                Record.named = name is not None


if __name__ == "__main__":
    logging.setLogRecordFactory(Record)
    sys.exit(main())
