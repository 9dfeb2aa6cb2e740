"""Looking into parquet files without loading them: footers, ranges of values, runs of labels."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from math import isnan
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from numerai_rounds.base.errors import DataError

MAGIC = b"PAR1"
BATCH_ROWS = 65_536
BATCH_COLUMNS = 64

Range = tuple[float, float]


@contextmanager
def opened(path: Path, where: str) -> Iterator[pq.ParquetFile]:
    """Open a parquet file; a DataError beginning with `where` if it is none, or breaks while it is read."""
    _refuse_foreign(path, where)
    try:
        with pq.ParquetFile(path) as file:
            yield file
    except pa.ArrowException as error:
        raise _broken(error, where) from None
    except OSError as error:
        # Arrow reports broken pages as an OSError without a number; the system's own errors have one.
        if error.errno is not None:
            raise
        raise _broken(error, where) from None


def batches(file: pq.ParquetFile, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Stream a few columns; memory holds one batch."""
    return iter(file.iter_batches(BATCH_ROWS, columns=list(columns)))


def runs(file: pq.ParquetFile, columns: Sequence[str]) -> Iterator[tuple[str | None, ...]]:
    """The labels in `columns`, once for each run of equal rows, in the order of the rows."""
    return (row for row, _ in groupby(_run_starts(file, columns)))


def ranges(file: pq.ParquetFile, columns: Sequence[str]) -> dict[str, Range]:
    """Least and greatest value of each column, missing values apart; a column without values is left out.

    Taken from the statistics of the file, and from the values themselves where there are none.
    """
    found, unproven = _recorded(file, columns)
    for start in range(0, len(unproven), BATCH_COLUMNS):
        for batch in batches(file, unproven[start : start + BATCH_COLUMNS]):
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                _widen(found, name, *pc.min_max(column).as_py().values())
    return found


def _refuse_foreign(path: Path, where: str) -> None:
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(40)
        file.seek(max(0, size - len(MAGIC)))
        tail = file.read()
    if not head.startswith(MAGIC):
        found = f"it begins with {head.decode('ascii', 'replace')!r}" if head else "it is empty"
        raise DataError(f"{where} is no parquet file: {found}. Get it again from its source.")
    if size <= 2 * len(MAGIC) or tail != MAGIC:
        raise DataError(
            f"{where} has no parquet footer at its end ({size:,} bytes): it was cut short, or something was "
            "appended. Get it again from its source."
        )


def _broken(error: Exception, where: str) -> DataError:
    return DataError(f"{where} cannot be read as parquet: {error}. Get it again from its source.")


def _run_starts(file: pq.ParquetFile, columns: Sequence[str]) -> Iterator[tuple[str | None, ...]]:
    for batch in batches(file, columns):
        encoded = [pc.run_end_encode(batch.column(name)) for name in columns]
        starts = sorted({0}.union(*(column.run_ends.to_pylist()[:-1] for column in encoded)))
        yield from zip(*(batch.column(name).take(pa.array(starts)).to_pylist() for name in columns), strict=True)


def _recorded(file: pq.ParquetFile, columns: Sequence[str]) -> tuple[dict[str, Range], list[str]]:
    """Ranges by the statistics of every row group, and the columns that lack statistics in one of them."""
    places = {file.schema.column(number).path: number for number in range(len(file.schema))}
    found: dict[str, Range] = {}
    unproven = set()
    for number in range(file.num_row_groups):
        group = file.metadata.row_group(number)
        for name in columns:
            statistics = group.column(places[name]).statistics
            if statistics is not None and statistics.has_min_max:
                _widen(found, name, statistics.min, statistics.max)
            elif statistics is None or statistics.null_count != group.num_rows:
                unproven.add(name)
    return found, [name for name in columns if name in unproven]


def _widen(found: dict[str, Range], name: str, low: float | None, high: float | None) -> None:
    """Extend a range; None and NaN, which a batch without values has, change nothing."""
    if low is None or high is None or isnan(low):
        return
    before = found.get(name, (low, high))
    found[name] = min(before[0], low), max(before[1], high)
