"""Reading a side of the history, a chunk at a time."""

import sys
from collections.abc import Sequence
from itertools import compress
from pathlib import Path

import numpy as np
import pyarrow as pa

from numerai_rounds.base.columns import FEATURE_MIDDLE
from numerai_rounds.base.errors import DataError
from numerai_rounds.io.history import manifest, packed, targets
from numerai_rounds.io.history.packed import Levels


class Reader:
    """The store in a folder, as its manifest tells of it."""

    def __init__(self, side: manifest.Side, folder: Path, missing_features: str) -> None:
        """Read `side` in `folder`; absent features become the middle level or are refused: `missing_features`."""
        self.side = side
        self._folder = folder
        self._missing = missing_features
        self._places = {name: place for place, name in enumerate(self.side.features)}
        self._buffers: list[Levels] = []

    def table(self, chunk: manifest.Chunk, columns: Sequence[str]) -> pa.Table:
        """Ids, eras or targets of a chunk."""
        return targets.read(self._folder, chunk, columns)

    def features(self, chunk: manifest.Chunk, names: Sequence[str], rows: np.ndarray) -> Levels:
        """Features of a chunk, int8 (features, rows), none absent; a DataError where any of `rows` must not be."""
        places = [self._places[name] for name in names]
        matrix = self._buffer(len(places), chunk.rows)
        path = manifest.features_path(self._folder, chunk.name)
        packed.read(path, len(self._places), places, chunk.features, matrix)
        for number, name in enumerate(names if chunk.absent else []):
            if name in chunk.absent:
                absent = matrix[number] == packed.ABSENT
                refuse_absent(name, int(absent[rows].sum()), f"eras {chunk.name}", self._missing)
                matrix[number][absent] = FEATURE_MIDDLE
        return matrix

    def _buffer(self, features: int, rows: int) -> Levels:
        """An array of this shape, in memory of an earlier chunk that nobody looks at any more.

        Memory fresh from the system costs as much time as unpacking into it.
        """
        size = features * rows
        free = [count == ONLY_OURS for count in _references(self._buffers)]
        for buffer in compress(self._buffers, free):
            if buffer.size >= size:
                return buffer[:size].reshape(features, rows)
        self._buffers = [buffer for buffer, unused in zip(self._buffers, free, strict=True) if not unused]
        self._buffers.append(np.empty(size, np.int8))
        return self._buffers[-1].reshape(features, rows)


def _references(buffers: list[Levels]) -> list[int]:
    """How often each is referred to, by views of it too."""
    return [sys.getrefcount(buffer) for buffer in buffers]


ONLY_OURS = _references([np.empty(0, np.int8)])[0]
"""References to a buffer that nobody but a list holds."""


def refuse_absent(name: str, rows: int, where: str, missing_features: str) -> None:
    """DataError where a feature is absent in some `rows` and must not be."""
    if rows and missing_features == "refuse":
        raise DataError(
            f"{name} is missing in {rows:,} rows of {where}. Set missing_features=middle "
            f"to read them as {FEATURE_MIDDLE}, Numerai's level for an absent feature."
        )
