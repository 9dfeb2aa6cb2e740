"""Reading a side of the history, a chunk at a time."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from numerai_rounds.base.columns import FEATURE_MIDDLE
from numerai_rounds.base.errors import DataError
from numerai_rounds.io.history import manifest, packed, targets
from numerai_rounds.io.history.packed import Levels


class Chunks:
    """The store in a folder, as its manifest tells of it."""

    def __init__(self, side: manifest.Side, folder: Path, missing_features: str) -> None:
        """Read `side` in `folder`; absent features become the middle level or are refused: `missing_features`."""
        self.side = side
        self._folder = folder
        self._missing = missing_features
        self._places = {name: place for place, name in enumerate(self.side.features)}

    def table(self, chunk: manifest.Chunk, columns: Sequence[str]) -> pa.Table:
        """Ids, eras or targets of a chunk."""
        return targets.read(self._folder, chunk, columns)

    def features(self, chunk: manifest.Chunk, names: Sequence[str], rows: np.ndarray) -> Levels:
        """Features of a chunk, int8 (features, rows), none absent; a DataError where any of `rows` must not be."""
        matrix = np.empty((len(names), chunk.rows), np.int8)
        packed.read(self._path(chunk), len(self._places), self._at(names), chunk.features, matrix)
        for number, name in self._absent(chunk, names):
            absent = matrix[number] == packed.ABSENT
            refuse_absent(name, int(absent[rows].sum()), f"eras {chunk.name}", self._missing)
            matrix[number][absent] = FEATURE_MIDDLE
        return matrix

    def eras(
        self, wanted: Sequence[tuple[manifest.Chunk, Sequence[tuple[int, int]]]], names: Sequence[str]
    ) -> Iterator[Levels]:
        """Features of eras, one at a time: int8 (features, rows), none absent; refused as by `features`.

        `wanted`: chunks, each with the first row of every wanted era and the one after its last. Memory holds one
        chunk, packed, and the era.
        """
        widths = [packed.packed_width(chunk.rows) for chunk, _ in wanted]
        room = np.empty(len(names) * max(widths, default=0), np.uint8)
        for (chunk, bounds), width in zip(wanted, widths, strict=True):
            held = room[: len(names) * width].reshape(len(names), width)
            if names:
                packed.load(self._path(chunk), chunk.rows, len(self._places), self._at(names), chunk.features, held)
            self._refuse(chunk, names, held, bounds)
            for start, stop in bounds:
                levels = np.empty((len(names), stop - start), np.int8)
                packed.unpack_rows(held, chunk.rows, start, levels)
                for number, _ in self._absent(chunk, names):
                    levels[number][levels[number] == packed.ABSENT] = FEATURE_MIDDLE
                yield levels

    def _refuse(
        self, chunk: manifest.Chunk, names: Sequence[str], held: packed.Bytes, bounds: Sequence[tuple[int, int]]
    ) -> None:
        """DataError where a feature is absent in any wanted era and must not be."""
        for number, name in self._absent(chunk, names) if self._missing == "refuse" else ():
            levels = np.empty((1, chunk.rows), np.int8)
            packed.unpack(held[number : number + 1], chunk.rows, 0, levels)
            absent = sum(int((levels[0, start:stop] == packed.ABSENT).sum()) for start, stop in bounds)
            refuse_absent(name, absent, f"eras {chunk.name}", self._missing)

    def _absent(self, chunk: manifest.Chunk, names: Sequence[str]) -> list[tuple[int, str]]:
        """Those of the features that have absent values in a chunk, and their numbers."""
        return [(number, name) for number, name in enumerate(names) if name in chunk.absent] if chunk.absent else []

    def _at(self, names: Sequence[str]) -> list[int]:
        return [self._places[name] for name in names]

    def _path(self, chunk: manifest.Chunk) -> Path:
        return manifest.features_path(self._folder, chunk.name)


def refuse_absent(name: str, rows: int, where: str, missing_features: str) -> None:
    """DataError where a feature is absent in some `rows` and must not be."""
    if rows and missing_features == "refuse":
        raise DataError(
            f"{name} is missing in {rows:,} rows of {where}. Set missing_features=middle "
            f"to read them as {FEATURE_MIDDLE}, Numerai's level for an absent feature."
        )
