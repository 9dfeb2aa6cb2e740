"""What can go wrong with a request, and what is kept of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request; what is not set stays healthy."""

    status: int | None = None
    headers: Mapping[str, str | None] = field(default_factory=dict)
    """Headers to replace; None leaves one out."""
    body: bytes | None = None
    extra: bytes = b""
    """Sent after the body, whose length is then not announced."""
    cut: int | None = None
    """Hang up after so many bytes of the body; -1 before the status line."""
    hold: int | None = None
    """Fall silent after so many bytes of the body, until the stand-in closes; -1 before the status line."""
    drip: float | None = None
    """Seconds between single bytes of the body."""
    ignore_range: bool = False
    undone: bool = False
    """What was asked for is not done. Without a status or a body the answer is then 500, and `cut` and `hold` come
    before the status line: what is not done is never confirmed."""
    cut_request: int | None = None
    """Hang up after reading so many bytes of the body of a PUT; a query is read, then not done and not answered."""

    @property
    def prevents(self) -> bool:
        """Whether what was asked for is not done."""
        return self.undone or self.cut_request is not None

    @property
    def is_mute(self) -> bool:
        """Whether not even a status line is sent."""
        breaks = self.cut is not None or self.hold is not None
        unsaid = self.undone and self.status is None and self.body is None
        return -1 in (self.cut, self.hold) or self.cut_request is not None or (unsaid and breaks)


@dataclass(frozen=True)
class Request:
    """One request as it came; the body of a query is parsed."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any = None
