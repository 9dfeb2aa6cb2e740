"""Looking into parquet files without loading them: ranges of values, runs of labels."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from itertools import groupby
from math import isnan
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from numerai_rounds.base import limits
from numerai_rounds.base.errors import DataError
from numerai_rounds.io import console
from numerai_rounds.io.files import extent

MAGIC = b"PAR1"
"""What every parquet file begins and ends with."""

BATCH_ROWS = 65_536
BATCH_COLUMNS = 64

Range = tuple[float, float]


@contextmanager
def opened(
    path: Path, where: str, most_rows: int = limits.ROWS, content: bytes | None = None
) -> Iterator[pq.ParquetFile]:
    """Open a parquet file, or its `content`; a DataError beginning with `where` if it is none, or breaks while read.

    So is one that claims to hold more than any file of a tournament does, before anything of it is unpacked.
    """
    with path.open("rb") if content is None else BytesIO(content) as head:
        size = _refuse_foreign(head, where)
    source = path if content is None else pa.BufferReader(content)
    try:
        with pq.ParquetFile(source, page_checksum_verification=True) as file:
            extent.check(file.metadata, size, most_rows, where)
            yield file
    except (pa.ArrowException, UnicodeDecodeError) as error:  # a name, or a label, may be no text
        raise _broken(error, where) from None
    except OSError as error:
        # Arrow reports broken pages as an OSError without a number; the system's own errors have one.
        if error.errno is not None:
            raise
        raise _broken(error, where) from None


def batches(file: pq.ParquetFile, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Stream a few columns, text in one type whatever type of text the file has; memory holds one batch."""
    plain: pa.Schema | None = None
    for batch in file.iter_batches(BATCH_ROWS, columns=list(columns)):
        if plain is None:
            plain = _plain(batch.schema)
            same = plain == batch.schema
        yield batch if same else batch.cast(plain)


def column(file: pq.ParquetFile, name: str) -> Iterator[pa.Array]:
    """Stream one column."""
    return (batch.column(0) for batch in batches(file, [name]))


def is_text(kind: pa.DataType) -> bool:
    """Whether a column holds text: as strings of any kind, or as numbers of strings in a dictionary."""
    if pa.types.is_dictionary(kind):
        return is_text(kind.value_type)
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def check_texts(path: Path, schema: pa.Schema, columns: Sequence[str], where: str) -> None:
    """Refuse ids and labels longer than any: a page of one long text, said again and again, unpacks to any size.

    Each different text is looked at once; none is copied to its rows. A DataError also where there are fewer rows than
    the footer tells of, and where a column holds lists or the like.
    """
    for field in map(schema.field, columns):
        if pa.types.is_nested(field.type):
            raise DataError(f"{where}: `{field.name}` must be text (got {field.type}). Get it again from its source.")
    rows = 0
    with pq.ParquetFile(path, page_checksum_verification=True, read_dictionary=list(columns)) as file:
        extent.check_texts(file.metadata, columns, where)
        for batch in file.iter_batches(BATCH_ROWS, columns=list(columns)):
            rows += batch.num_rows
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                texts = column.dictionary if pa.types.is_dictionary(column.type) else column
                texts.validate(full=True)  # Arrow takes any bytes for text, and finds out when they are read as such
                longest = pc.max(pc.binary_length(texts.cast(pa.large_string()))).as_py() if is_text(column.type) else 0
                if longest is not None and longest > limits.TEXT:
                    raise DataError(
                        f"{where}: `{name}` holds a text of {longest:,} letters, and at most {limits.TEXT} are taken. "
                        "Get it again from its source."
                    )
        if rows != file.metadata.num_rows:
            raise DataError(
                f"{where} is damaged: its footer tells of {file.metadata.num_rows:,} rows, and it holds {rows:,}. Get "
                "it again from its source."
            )


def is_empty(file: pq.ParquetFile, name: str) -> bool:
    """Whether a column holds no value at all."""
    return all(values.null_count == len(values) for values in column(file, name))


def run_lengths(file: pq.ParquetFile, columns: Sequence[str]) -> Iterator[tuple[tuple[str | None, ...], int]]:
    """The labels in `columns`, once for each run of equal rows, in the order of the rows, and its number of rows."""
    for labels, pieces in groupby(_pieces(file, columns), key=itemgetter(0)):
        yield labels, sum(rows for _, rows in pieces)


def runs(file: pq.ParquetFile, columns: Sequence[str]) -> Iterator[tuple[str | None, ...]]:
    """The labels in `columns`, once for each run of equal rows, in the order of the rows."""
    return (labels for labels, _ in run_lengths(file, columns))


def ranges(file: pq.ParquetFile, columns: Sequence[str], where: str) -> dict[str, Range]:
    """Least and greatest value of each column, missing values apart; a column without values is left out.

    Every value is decoded, which finds damaged pages too: the statistics of a file may be sound where its pages
    are not. Memory holds one batch of rows of a few columns.
    """
    found: dict[str, Range] = {}
    with console.progress(f"checking {where}", len(columns) * file.metadata.num_rows, "values") as advance:
        for start in range(0, len(columns), BATCH_COLUMNS):
            for batch in batches(file, columns[start : start + BATCH_COLUMNS]):
                for name, column in zip(batch.schema.names, batch.columns, strict=True):
                    _widen(found, name, *pc.min_max(column).as_py().values())
                advance(batch.num_rows * batch.num_columns)
    return found


def _plain(schema: pa.Schema) -> pa.Schema:
    """The schema with its text as strings."""
    return pa.schema([field.with_type(pa.string()) if is_text(field.type) else field for field in schema])


def _refuse_foreign(file: BinaryIO, where: str) -> int:
    """Refuse what does not begin and end as parquet does; how many bytes it has."""
    head, size = file.read(40), file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 2 * len(MAGIC)))
    tail = file.read()
    if not head.startswith(MAGIC):
        found = f"it begins with {head.decode('ascii', 'replace')!r}" if head else "it is empty"
        raise DataError(f"{where} is no parquet file: {found}. Get it again from its source.")
    if size <= 2 * len(MAGIC) or not tail.endswith(MAGIC):
        raise DataError(
            f"{where} has no parquet footer at its end ({size:,} bytes): it was cut short, or something was "
            "appended. Get it again from its source."
        )
    extent.check_footer(int.from_bytes(tail[:-4], "little"), size, where)
    return size


def _broken(error: Exception, where: str) -> DataError:
    return DataError(
        f"{where} is damaged: it cannot be read as parquet ({' '.join(str(error).split())}). Run again to fetch it "
        "afresh; if it stays so, get it again from its source."
    )


def _pieces(file: pq.ParquetFile, columns: Sequence[str]) -> Iterator[tuple[tuple[str | None, ...], int]]:
    """Runs within batches: labels and number of rows."""
    for batch in batches(file, columns):
        encoded = [pc.run_end_encode(batch.column(name)) for name in columns]
        starts = sorted({0}.union(*(column.run_ends.to_pylist()[:-1] for column in encoded)))
        labels = zip(*(batch.column(name).take(pa.array(starts)).to_pylist() for name in columns), strict=True)
        yield from zip(labels, np.diff([*starts, batch.num_rows]).tolist(), strict=True)


def _widen(found: dict[str, Range], name: str, low: float | None, high: float | None) -> None:
    """Extend a range; None and NaN, which a batch without values has, change nothing."""
    if low is None or high is None or isnan(low):
        return
    before = found.get(name, (low, high))
    found[name] = min(before[0], low), max(before[1], high)
