"""A chunk's ids, eras and targets, as a parquet file of its own: targets resolve weeks after their features."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import xxhash

from numerai_rounds.base.columns import ERA, ID, TARGET_DTYPE, is_target
from numerai_rounds.io.files import atomic
from numerai_rounds.io.history import manifest

COMPRESSION = "zstd"


def rechunked(batches: Iterator[pa.RecordBatch], names: Sequence[str], rows: Sequence[int]) -> Iterator[pa.Table]:
    """Tables of ids, eras and the targets `names`, with these numbers of rows, from batches of any size."""
    schema = _schema(names)
    pending = pa.Table.from_batches([], schema)
    for wanted in rows:
        while pending.num_rows < wanted:
            pending = pa.concat_tables([pending, _as(next(batches), schema)])
        yield pending.slice(0, wanted).combine_chunks()
        pending = pending.slice(wanted)


def write(table: pa.Table, path: Path) -> None:
    """Write a chunk's table; pandas reads it with the index `id`."""
    with atomic.writing(path) as temporary:
        pq.write_table(
            table,
            temporary,
            compression=COMPRESSION,
            use_dictionary=[name for name in table.column_names if name != ID],
            write_page_checksum=True,
        )


def read(folder: Path, chunk: manifest.Chunk, columns: Sequence[str]) -> pa.Table:
    """Some columns of a chunk's table; DataError where the file is not the one that the manifest tells of."""
    content = manifest.checked_targets(folder, chunk)
    return pq.read_table(pa.BufferReader(content), columns=list(columns))


def ids(folder: Path, side: manifest.Side) -> Iterator[pa.Array]:
    """All ids of a side, a chunk at a time."""
    for chunk in side.chunks:
        yield read(folder, chunk, [ID])[ID].combine_chunks()


def digest(table: pa.Table) -> str:
    """A digest of the values of all targets, column by column."""
    hashed = xxhash.xxh3_128()
    for name in filter(is_target, table.column_names):
        hashed.update(np.ascontiguousarray(table.column(name).to_numpy()).data)
    return hashed.hexdigest()


def of_type(column: pa.Array | pa.ChunkedArray, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    """A column in a type; one without any value may have been of any other."""
    return pa.nulls(len(column), kind) if column.null_count == len(column) else column.cast(kind)


def _schema(names: Sequence[str]) -> pa.Schema:
    """Columns as pandas stores a table of them with the index `id`."""
    empty = pd.DataFrame({ERA: pd.Series(dtype=str)} | dict.fromkeys(names, pd.Series(dtype=TARGET_DTYPE)))
    schema = pa.Schema.from_pandas(empty.set_index(pd.Index([], name=ID, dtype=str)))
    for name in (ID, ERA):
        schema = schema.set(schema.get_field_index(name), pa.field(name, pa.string()))
    return schema


def _as(batch: pa.RecordBatch, schema: pa.Schema) -> pa.Table:
    """A batch in the types of the store; an unknown target is NaN, and one without any value may be of any type."""
    columns = []
    for field in schema:
        column = of_type(batch.column(field.name), field.type)
        columns.append(column.fill_null(float("nan")) if pa.types.is_floating(field.type) else column)
    return pa.Table.from_arrays(columns, schema=schema)
