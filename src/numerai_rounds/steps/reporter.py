"""Who is told how far a step is, and what it found out on its way."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol


class Reporter(Protocol):
    """Somebody who listens; `io.console` does."""

    def say(self, text: str) -> None:
        """Take in a sentence."""

    def progress(
        self, description: str, total: float | None, unit: str
    ) -> AbstractContextManager[Callable[[float], None]]:
        """Follow a task of a size, `total` in `unit`; gives a function that takes what was done since its last call."""
