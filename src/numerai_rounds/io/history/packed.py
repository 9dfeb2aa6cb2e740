"""A chunk's features as a file: feature after feature, three values to a byte, then a checksum of each feature.

A byte holds the rows j, j + n and j + 2 n of a feature, where n is a third of the rows, rounded up, as a + 6 b + 36 c.
The sixth digit stands for an absent value. It unpacks at the speed of memory, is smaller than compressed parquet,
and its bytes follow from the values alone, whatever the version of any library.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import xxhash
from numpy.typing import NDArray

from numerai_rounds.base.columns import FEATURE_LEVELS
from numerai_rounds.base.errors import DamagedError
from numerai_rounds.io.files import atomic

ABSENT = FEATURE_LEVELS
"""Digit of a value that is absent."""

BASE = FEATURE_LEVELS + 1
PER_BYTE = 3
CHECKSUM = np.dtype("<u8")
TOGETHER = 32
"""Features unpacked at a time: few enough that they stay in the processor's cache."""

THREADS = 2
"""Threads that unpack; more would wait for the memory."""

RESTORE = "`rounds mend` restores it from DVC's cache or remote; `dvc repro --force fetch@history` fetches it again."
"""What to do about a file of a store that is not what it should be."""

Levels = NDArray[np.int8]
Bytes = NDArray[np.uint8]


class Writer:
    """A chunk's features on their way to the disk, some at a time, in order."""

    def __init__(self, path: Path, rows: int, written: int = 0) -> None:
        """Go on after the first `written` features that the file already holds; whatever follows them is cut off."""
        self._path = path
        self._width = packed_width(rows)
        if not written:  # never in place: the file may be a link to one that is in use
            path.unlink(missing_ok=True)
        self._file = path.open("r+b" if written else "wb")
        kept = np.fromfile(path, np.uint8, written * self._width).reshape(-1, self._width)
        self._checksums = _checksums(kept)
        self._file.truncate(kept.size)
        self._file.seek(kept.size)

    def write(self, levels: Levels) -> None:
        """Append features, shape (features, rows), digits 0 to 5."""
        packed = pack(levels)
        with atomic.naming(self._path):
            self._file.write(packed.data)
        self._checksums += _checksums(packed)

    def flush(self) -> None:
        """Have on the disk what was written so far."""
        with atomic.naming(self._path):
            self._file.flush()
            os.fsync(self._file.fileno())

    def finish(self) -> str:
        """Append the checksums; the digest of the file."""
        table = np.array(self._checksums, CHECKSUM).tobytes()
        with atomic.naming(self._path):
            self._file.write(table)
        self.flush()
        return _digest(table)

    def __enter__(self) -> "Writer":
        """The writer itself."""
        return self

    def __exit__(self, *problem: object) -> None:
        """Close the file; what is on the disk stays, to be continued."""
        with atomic.naming(self._path):
            self._file.close()


def read(path: Path, features: int, places: Sequence[int], digest: str, into: Levels) -> None:
    """Unpack the features at `places` of a file of `features` into `into`, shape (places, rows); absent values are 5.

    DamagedError where the file is missing, is not the one that `digest` tells of, or one of these features is damaged.
    """
    rows = into.shape[1]

    def unpacked(start: int, stop: int) -> None:
        room = np.empty((TOGETHER, packed_width(rows)), np.uint8)
        for packed in _checked(path, rows, features, places[start:stop], digest, room):
            unpack(packed, rows, 0, into[start : start + len(packed)])
            start += len(packed)

    _in_parts(unpacked, len(places))


def load(path: Path, rows: int, features: int, places: Sequence[int], digest: str, into: Bytes) -> None:
    """Read the features at `places` as they are packed, shape (places, packed width); refused as by `read`.

    They take a third of the memory: rows are unpacked from here as they are needed.
    """

    def loaded(start: int, stop: int) -> None:
        for _ in _checked(path, rows, features, places[start:stop], digest, into[start:stop]):
            pass

    _in_parts(loaded, len(places))


def unpack_rows(packed: Bytes, rows: int, start: int, into: Levels) -> None:
    """Unpack the rows from `start` on of what `load` gave into `into`, shape (features, some rows)."""

    def unpacked(first: int, last: int) -> None:
        for feature in range(first, last, TOGETHER):
            part = slice(feature, min(feature + TOGETHER, last))
            unpack(packed[part], rows, start, into[part])

    _in_parts(unpacked, len(packed))


def _in_parts(work: Callable[[int, int], None], count: int) -> None:
    """Do some work on each of as many parts as there are threads."""
    bounds = np.linspace(0, count, THREADS + 1).astype(int).tolist()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, bounds[:-1], bounds[1:]))


def verify(path: Path, rows: int, features: int, digest: str) -> None:
    """Read the whole file and unpack nothing; a DamagedError where anything is not as `digest` tells."""
    for _ in _checked(
        path, rows, features, range(features), digest, np.empty((TOGETHER, packed_width(rows)), np.uint8)
    ):
        pass


def _checked(path: Path, rows: int, features: int, places: Sequence[int], digest: str, room: Bytes) -> Iterator[Bytes]:
    """Packed features, a few at a time, each compared with its checksum.

    `room` has rows for all of them, or for `TOGETHER`, which then hold the next few once they are asked for.
    """
    whole = len(room) >= len(places)
    try:
        with path.open("rb", buffering=0) as file:
            checksums = _table(file.fileno(), path, features, packed_width(rows), digest)
            for start in range(0, len(places), TOGETHER):
                wanted = places[start : start + TOGETHER]
                packed = room[start : start + len(wanted)] if whole else room[: len(wanted)]
                _fill(packed, file.fileno(), wanted)
                wrong = [
                    place for place, found in zip(wanted, _checksums(packed), strict=True) if found != checksums[place]
                ]
                if wrong:
                    raise DamagedError(
                        f"{path} is damaged: its feature number {wrong[0] + 1} has another checksum. {RESTORE}"
                    )
                yield packed
    except FileNotFoundError:
        raise DamagedError(f"{path} is missing, which its manifest.json names. {RESTORE}") from None


def packed_width(rows: int) -> int:
    """Bytes of one feature."""
    return -(-rows // PER_BYTE)


def pack(levels: Levels) -> Bytes:
    """Three digits to a byte; shape (features, rows) becomes (features, packed width)."""
    width = packed_width(levels.shape[1])
    digits = levels.view(np.uint8)
    packed = digits[:, :width].copy()
    for place, weight in ((1, BASE), (2, BASE * BASE)):
        part = digits[:, place * width : (place + 1) * width]
        packed[:, : part.shape[1]] += part * np.uint8(weight)
    return packed


def unpack(packed: Bytes, rows: int, start: int, into: Levels) -> None:
    """The inverse of `pack`, of the rows from `start` on: `into` has shape (features, some rows)."""
    width, base, stop = packed.shape[1], np.uint8(BASE), start + into.shape[1]
    for place in range(PER_BYTE):
        first, last = max(start, place * width), min(stop, (place + 1) * width, rows)
        if first < last:
            digits = into[:, first - start : last - start].view(np.uint8)
            left = packed[:, first - place * width : last - place * width]
            if place == PER_BYTE - 1:
                np.floor_divide(left, np.uint8(BASE * BASE), out=digits)
            else:
                if place:
                    left = left // base
                np.floor_divide(left, base, out=digits)
                np.multiply(digits, base, out=digits)
                np.subtract(left, digits, out=digits)


def _fill(packed: Bytes, file: int, places: Sequence[int]) -> None:
    """Read the bytes of some features, neighbours together."""
    width, start = packed.shape[1], 0
    for stop in range(1, len(places) + 1):
        if stop == len(places) or places[stop] != places[stop - 1] + 1:
            os.preadv(file, [packed[start:stop].data], places[start] * width)
            start = stop


def _table(file: int, path: Path, features: int, width: int, digest: str) -> NDArray[np.uint64]:
    size = features * (width + CHECKSUM.itemsize)
    table = os.pread(file, features * CHECKSUM.itemsize, features * width)
    if os.fstat(file).st_size != size or _digest(table) != digest:
        raise DamagedError(f"{path} is not the file that its manifest.json tells of: cut short, or foreign. {RESTORE}")
    return np.frombuffer(table, CHECKSUM)


def _checksums(packed: Bytes) -> list[int]:
    return [xxhash.xxh3_64_intdigest(feature) for feature in packed]


def _digest(table: bytes) -> str:
    return hashlib.sha256(table).hexdigest()
