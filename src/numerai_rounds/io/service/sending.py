"""Uploads that end with the server's word that it has the file, or with a sentence."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import requests

from numerai_rounds.base.errors import ForbiddenError, ServiceError, TransientError
from numerai_rounds.io import console
from numerai_rounds.io.service import http
from numerai_rounds.io.service.http import Limits

Address = Callable[[], str]
"""Makes a fresh signed address: signatures expire, so every attempt asks for its own."""


def put(path: Path, address: Address, limits: Limits | None = None) -> None:
    """Send a file with PUT; ServiceError where the server does not take it."""
    with path.open("rb") as file:
        _put(path.name, file, path.stat().st_size, address, limits)


def put_bytes(name: str, content: bytes, address: Address, limits: Limits | None = None) -> None:
    """Send what is in memory with PUT, under a `name` that people are told; ServiceError as `put`."""
    _put(name, BytesIO(content), len(content), address, limits)


def fetch_bytes(address: Address, limits: Limits | None = None) -> bytes:
    """What a signed address holds; ServiceError where it is not served whole, soon where it is not there."""
    limits = limits or http.PATIENCE

    def attempt() -> bytes:
        with (
            http.Session() as session,
            http.send(session, "GET", address(), limits, headers=http.UNCHANGED) as answer,
        ):
            content = http.whole(answer, limits)
            if answer.status_code == requests.codes.forbidden:
                raise ForbiddenError(http.answered(answer), "Run the same command again later: it asks first.")
            _check_done(answer, "the service's copy", content)
            announced = answer.headers.get("Content-Length")
            if announced is not None and announced != str(len(content)):
                raise TransientError(f"the answer ended after {len(content):,} of {announced} bytes")
            return content

    return http.patiently(attempt, "reading back", limits, "Run the same command again.")


def _put(name: str, content: BinaryIO, size: int, address: Address, limits: Limits | None) -> None:
    limits = limits or http.PATIENCE

    def attempt() -> None:
        url = address()
        content.seek(0)
        with (
            console.progress(f"sending {name}", size, "bytes") as advance,
            http.Session() as session,
            http.send(session, "PUT", url, limits, data=_Body(content, size, advance), allow_redirects=False) as answer,
        ):
            said = http.whole(answer, limits)
            _check_done(answer, name, said)

    http.patiently(attempt, f"sending {name}", limits, "Nothing was submitted: run the same command again.")


class _Body:
    """A file as requests sends it: of a known size, each piece told as it leaves."""

    def __init__(self, file: BinaryIO, size: int, advance: Callable[[float], None]) -> None:
        self._file, self._size, self._advance = file, size, advance

    def __len__(self) -> int:
        return self._size

    def read(self, amount: int = -1) -> bytes:
        piece = self._file.read(amount)
        self._advance(len(piece))
        return piece


def _check_done(answer: requests.Response, name: str, said: bytes) -> None:
    """Refuse every answer but a bare success: a page of text is a proxy's, not the storage's."""
    if answer.status_code == requests.codes.forbidden:
        raise TransientError(http.answered(answer))
    if answer.status_code not in (requests.codes.ok, requests.codes.created, requests.codes.no_content):
        raise ServiceError(f"{name}: {http.answered(answer)}. Run the same command again.")
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if "html" in kind and said:
        raise TransientError(f"{http.answered(answer)}, but with {kind} in place of the storage's answer")
