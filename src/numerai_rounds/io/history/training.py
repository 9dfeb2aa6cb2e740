"""The rows to train on, read a part at a time."""

from collections.abc import Iterator, Sequence

import numpy as np

from numerai_rounds.io.history import manifest
from numerai_rounds.io.history.chunks import Chunks
from numerai_rounds.io.history.prefetch import ahead


class TrainingRows:
    """The rows of some eras of a side whose target is known: see `models.contract.Rows`.

    Arrays are turned here, for models take what every library takes: a row of an array for each row.
    """

    def __init__(self, chunks: Chunks, eras: Sequence[str], names: list[str], target: str) -> None:
        """Read the target; features are read when they are asked for."""
        self.names = names
        self._all = chunks
        self._chunks: list[tuple[manifest.Chunk, np.ndarray]] = []
        """Chunks with any of the rows, and which of their rows those are."""
        pieces, wanted = [np.empty(0, np.float32)], set(eras)
        for chunk in chunks.side.chunks:
            if wanted.isdisjoint(era.era for era in chunk.eras):
                continue
            values = chunks.table(chunk, [target])[target].to_numpy()
            kept = np.repeat([era.era in wanted for era in chunk.eras], [era.rows for era in chunk.eras])
            rows = np.flatnonzero(kept & np.isfinite(values))
            if rows.size:
                self._chunks.append((chunk, rows))
            pieces.append(values[rows])
        self.target: np.ndarray = np.concatenate(pieces)

    def columns(self, start: int, stop: int) -> np.ndarray:
        """Some features of all rows: int8 (rows, stop - start), columns contiguous."""
        matrix = np.empty((stop - start, len(self.target)), np.int8)
        first = 0
        for block in ahead(self._levels(self.names[start:stop])):
            matrix[:, first : first + block.shape[1]] = block
            first += block.shape[1]
        return matrix.T

    def blocks(self) -> Iterator[np.ndarray]:
        """All features of some rows at a time, in order: int8 (some rows, features), columns contiguous."""
        for block in ahead(self._levels(self.names)):
            yield block.T

    def _levels(self, names: list[str]) -> Iterator[np.ndarray]:
        for chunk, rows in self._chunks:
            block = self._all.features(chunk, names, rows)
            yield block if len(rows) == chunk.rows else np.take(block, rows, axis=1)
