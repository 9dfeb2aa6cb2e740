"""Whether a served file is one that was seen before, told from a small part of it: docs/decisions/0011 has the reasons.

The proof of a file of at most `WHOLE` bytes is the hash of all of it. That of a larger one is the hash of its parquet
footer, of its targets, and of samples spread over it: the places follow from the size and the footer alone.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
import requests

from numerai_rounds.base.columns import TARGET_PREFIX
from numerai_rounds.base.errors import TransientError
from numerai_rounds.base.params import Pin
from numerai_rounds.io.download import served
from numerai_rounds.io.files.parquet import MAGIC
from numerai_rounds.io.service import http
from numerai_rounds.io.service.http import Limits

WHOLE = 16 << 20
"""Bytes up to which a file is hashed whole: live files, and lists of features."""
FOOTER_MOST = 64 << 20
TARGETS_MOST, EXTENTS_MOST = 128 << 20, 128
"""Bytes, and places in the file, up to which targets are read whole; beyond, they are sampled."""
SAMPLES, SAMPLE = 16, 64 << 10
"""Number of samples, and bytes of each."""
Extent = tuple[int, int]
"""Where a run of bytes begins, and how many there are."""
Read = Callable[[int, int], bytes]
"""The bytes of an extent: exactly as many as asked for."""


def of_file(path: Path, name: str) -> str | None:
    """The proof of a file here, which is called `name` where it is served; None where it is no such file."""
    with path.open("rb") as file, suppress(_UnreadableError):
        return _proof(name, path.stat().st_size, lambda start, length: _bytes_at(file, start, length))
    return None


def of_served(pin: Pin, address: Callable[[], str], limits: Limits | None = None) -> str | None:
    """The proof of the file that a pin names, while it is served with this size and identity.

    None where the server does not serve parts of it, or where it is replaced meanwhile. ServiceError where it does not
    answer.
    """
    with http.Session() as session:
        reader = _Reader(session, pin, address, limits or http.PATIENCE)
        try:
            return _proof(pin.name, pin.size or 0, reader.read)
        except _UnreadableError:
            return None


class _UnreadableError(Exception):
    """The server gives the whole file where a part was asked for, or another one; or it is not what its name says."""


class _Reader:
    """Parts of one version of a served file, over one connection while it lasts."""

    def __init__(self, session: http.Session, pin: Pin, address: Callable[[], str], limits: Limits) -> None:
        self._session, self._pin, self._address, self._limits = session, pin, address, limits
        self._url: str | None = None

    def read(self, start: int, length: int) -> bytes:
        return http.patiently(lambda: self._attempt(start, length), self._pin.name, self._limits, "Try again later.")

    def _attempt(self, start: int, length: int) -> bytes:
        url, self._url = self._url or self._address(), None
        headers = http.UNCHANGED | {"Range": f"bytes={start}-{start + length - 1}"}
        with http.send(self._session, "GET", url, self._limits, headers=headers) as head:
            served.check(head, self._pin.name, "Try again later.")
            if (served.total(head), served.identity(head, self._pin.name)) != (self._pin.size, self._pin.identity):
                raise _UnreadableError
            if head.status_code == requests.codes.ok and length != self._pin.size:
                raise _UnreadableError
            if head.status_code != requests.codes.ok and not served.begins_at(head, start):
                raise TransientError(f"{http.answered(head)}, but with another range than asked for")
            content = http.whole(head, self._limits, length)
        if len(content) != length:
            raise TransientError(f"the answer ended after {len(content):,} of {length:,} bytes")
        self._url = url
        return content


def _bytes_at(file: BinaryIO, start: int, length: int) -> bytes:
    file.seek(start)
    return file.read(length)


def _proof(name: str, size: int, read: Read) -> str:
    if size <= WHOLE:
        content = read(0, size)
        _check_end(name, content)
        return f"whole:{hashlib.sha256(content).hexdigest()}"
    footer = _footer(name, size, read)
    targets = _targets(footer, size)
    if len(targets) > EXTENTS_MOST or sum(length for _, length in targets) > TARGETS_MOST:
        targets = list(_samples(targets, size))
    digest = hashlib.sha256(footer)
    for start, length in [*targets, *_samples([(0, size)], size)]:
        for begin in range(start, start + length, WHOLE):
            digest.update(read(begin, min(WHOLE, start + length - begin)))
    return f"sampled:{digest.hexdigest()}"


def _footer(name: str, size: int, read: Read) -> bytes:
    """The end of a file, with all of a parquet file's footer: sizes, places and ranges of all that it holds."""
    length = SAMPLE
    if name.endswith(".parquet"):
        tail = read(size - 8, 8)
        _check_end(name, tail)
        length = min(int.from_bytes(tail[:4], "little") + 8, FOOTER_MOST, size)
    parts = range(size - length, size, WHOLE)
    return b"".join(read(start, min(WHOLE, size - start)) for start in parts)


def _check_end(name: str, end: bytes) -> None:
    """Let nothing become a proof that cannot be the file: a proxy's page, or zeros."""
    if name.endswith(".parquet") and not end.endswith(MAGIC):
        raise _UnreadableError


def _targets(footer: bytes, size: int) -> list[Extent]:
    """Where a parquet file has its targets; nowhere, if its footer does not tell."""
    try:
        about = pq.read_metadata(pa.BufferReader(footer))
        names = [about.schema.column(number).path for number in range(about.num_columns)]
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        return []
    numbers = [number for number, name in enumerate(names) if name.startswith(TARGET_PREFIX)]
    found: list[Extent] = []
    for group in range(about.num_row_groups):
        chunks = about.row_group(group)
        for chunk in (chunks.column(number) for number in numbers):
            start = min(place for place in (chunk.dictionary_page_offset, chunk.data_page_offset) if place is not None)
            if not 0 <= start <= start + chunk.total_compressed_size <= size:
                return []
            found.append((start, chunk.total_compressed_size))
    return list(_joined(sorted(found)))


def _joined(extents: list[Extent]) -> Iterator[Extent]:
    """Extents that touch, as one."""
    begin = end = 0
    for start, length in extents:
        if start > end:
            if end > begin:
                yield begin, end - begin
            begin = start
        end = max(end, start + length)
    if end > begin:
        yield begin, end - begin


def _samples(extents: list[Extent], size: int) -> Iterator[Extent]:
    """Samples spread over the bytes of some extents: one in each equal part of them, anywhere within it."""
    stride = max(1, sum(length for _, length in extents) // SAMPLES)
    for number in range(SAMPLES):
        drawn = hashlib.sha256(f"{size} {number}".encode()).digest()
        place = number * stride + int.from_bytes(drawn[:8], "big") % max(1, stride - SAMPLE)
        for start, length in extents:
            if place < length:
                yield start + place, min(SAMPLE, size - start - place)
                break
            place -= length
