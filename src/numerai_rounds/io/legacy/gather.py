"""The rows of a CSV in the order of their eras: on the disk in between, so that memory holds a few pieces."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc

from numerai_rounds.base import limits
from numerai_rounds.base.columns import ERA
from numerai_rounds.base.errors import DataError, some

ROWS = 32_768
"""Handed on together, at least, but at the end: whole eras."""


class Gathered:
    """Takes rows in any order, the rows of an era in any number of pieces, and gives whole eras in order."""

    def __init__(self, spill: BinaryIO) -> None:
        """`spill` is an empty file, open for writing and reading."""
        self._spill = spill
        self._pieces: dict[str, list[tuple[int, int]]] = defaultdict(list)
        """Where the pieces of each era begin and how long they are."""

    @property
    def eras(self) -> list[str]:
        """Every era so far, in order."""
        return sorted(self._pieces, key=lambda era: (len(era), era))

    def add(self, rows: pa.RecordBatch) -> None:
        """Take rows with a column `era`, of the same schema each time."""
        self._schema = rows.schema
        encoded = rows[ERA].dictionary_encode()
        for code, era in enumerate(encoded.dictionary.to_pylist()):
            piece = rows.filter(pc.equal(encoded.indices, pa.scalar(code, encoded.indices.type)))
            start = self._spill.tell()
            self._spill.write(piece.serialize())
            self._pieces[era].append((start, self._spill.tell() - start))
        if len(self._pieces) > limits.ERAS:
            raise DataError(
                f"there are more than {limits.ERAS:,} eras, such as {some(self._pieces)}: no tournament has as many. "
                "Get the file again from its source."
            )

    def tables(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """These columns of all rows, era by era; rows of an era stay in the order in which they came."""
        held: list[pa.RecordBatch] = []
        for era in self.eras:
            held += [self._read(start, size).select(list(columns)) for start, size in self._pieces[era]]
            if sum(batch.num_rows for batch in held) >= ROWS:
                yield pa.Table.from_batches(held).combine_chunks()
                held = []
        if held:
            yield pa.Table.from_batches(held).combine_chunks()

    def _read(self, start: int, size: int) -> pa.RecordBatch:
        self._spill.seek(start)
        return pa.ipc.read_record_batch(pa.py_buffer(self._spill.read(size)), self._schema)
