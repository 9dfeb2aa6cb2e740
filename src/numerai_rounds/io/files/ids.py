"""Whether every id is there and occurs once, in files too long to be held in memory."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from numerai_rounds.base.errors import DataError, some
from numerai_rounds.base.jit import compiled

Pieces = Callable[[], Iterator[pa.Array]]
"""Reads the ids of one file, a piece at a time; may be asked twice."""


def check_ids(files: Mapping[str, Pieces]) -> None:
    """Refuse missing, empty and repeated ids, within a file and across `files` (by the name to say).

    Memory holds 16 bytes an id: hashes are compared first, and only the ids that share one by their text.
    """
    hashes = np.concatenate([hashed for where, pieces in files.items() for _, hashed in _hashed(pieces, where)])
    hashes.sort()
    shared = np.unique(hashes[1:][hashes[1:] == hashes[:-1]])
    if shared.size:
        _refuse_repeated(files, shared)


def hashes(ids: pa.Array) -> np.ndarray:
    """A word of 64 bits for each id (FNV-1a of its text), shape (rows,); missing ids are as empty ones."""
    long = ids.cast(pa.large_string())
    _, offsets, data = long.buffers()
    bounds = np.frombuffer(offsets, np.int64)[long.offset : long.offset + len(long) + 1]
    words = np.empty(len(long), np.uint64)
    _fnv(np.frombuffer(data or b"", np.uint8), bounds, words)
    return words


@compiled
def _fnv(text: np.ndarray, bounds: np.ndarray, words: np.ndarray) -> None:
    for row in range(len(words)):
        word = np.uint64(0xCBF29CE484222325)
        for place in range(bounds[row], bounds[row + 1]):
            word = (word ^ np.uint64(text[place])) * np.uint64(0x100000001B3)
        words[row] = word


def _hashed(pieces: Pieces, where: str) -> Iterator[tuple[pa.Array, np.ndarray]]:
    for ids in pieces():
        missing = ids.null_count + pc.sum(pc.equal(ids, "")).as_py() if len(ids) else 0
        if missing:
            raise DataError(f"{where}: {missing:,} rows have no id. Every row needs its own.")
        yield ids, hashes(ids)


def _refuse_repeated(files: Mapping[str, Pieces], shared: np.ndarray) -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for where, pieces in files.items():
        for ids, hashed in _hashed(pieces, where):
            for name in ids.filter(pa.array(np.isin(hashed, shared))).to_pylist():
                places[name].append(where)
    repeated = {name: found for name, found in places.items() if len(found) > 1}
    if repeated:
        holders = dict.fromkeys(where for found in repeated.values() for where in found)
        raise DataError(
            f"{' and '.join(holders)}: {len(repeated):,} ids occur more than once ({some(repeated)}). "
            "An id stands for one stock in one era."
        )
