"""How much a parquet file claims to hold: told by its footer, and refused where no tournament has such a file."""

from collections.abc import Sequence

import pyarrow.parquet as pq

from numerai_rounds.base import limits
from numerai_rounds.base.errors import DataError

AFRESH = "Run again to fetch it afresh; if it stays so, get it again from its source."


def check_footer(length: int, size: int, where: str) -> None:
    """Refuse a footer that is larger than the file, or than any; reading it takes many times its length of memory."""
    most = min(size, limits.FOOTER_BYTES)
    if length > most:
        raise DataError(f"{where} is damaged: it claims a footer of {length:,} bytes, of {most:,} at most. {AFRESH}")


def check(about: pq.FileMetaData, size: int, most_rows: int, where: str) -> None:
    """Refuse more rows, columns or row groups than any file has, or more values than `size` bytes can hold."""
    for what, count, most in (
        ("rows", about.num_rows, most_rows),
        ("columns", about.num_columns, limits.COLUMNS),
        ("row groups", about.num_row_groups, limits.ROW_GROUPS),
        ("values", about.num_rows * about.num_columns, limits.FREE_VALUES + limits.DENSEST * size),
    ):
        if not 0 <= count <= most:
            raise DataError(
                f"{where} claims to have {count:,} {what} in {size:,} bytes, and no such file of the tournament has "
                f"more than {most:,}. {AFRESH}"
            )
    long = next((name for name in about.schema.names if len(name) > limits.NAME), None)
    if long is not None:
        raise DataError(f"{where}: the name of a column has {len(long):,} letters, beginning {long[:40]!r}. {AFRESH}")
    _check_groups(about, where)


def check_texts(about: pq.FileMetaData, columns: Sequence[str], where: str) -> None:
    """Refuse columns of ids and labels whose pages unpack to more than such texts take."""
    places = [number for number, name in enumerate(about.schema.names) if name in columns]
    for group in map(about.row_group, range(about.num_row_groups)):
        most = limits.PAGES + group.num_rows * 4 * limits.TEXT
        for column in map(group.column, places):
            if column.total_uncompressed_size > most:
                raise DataError(
                    f"{where}: `{column.path_in_schema}` unpacks to {column.total_uncompressed_size:,} bytes for "
                    f"{group.num_rows:,} rows, and ids and labels have at most {limits.TEXT} letters. {AFRESH}"
                )


def _check_groups(about: pq.FileMetaData, where: str) -> None:
    """Refuse row groups that do not add up to the rows, or that unpack to more than their values take."""
    rows = 0
    for group in map(about.row_group, range(about.num_row_groups)):
        rows += group.num_rows
        most = group.num_rows * (limits.VALUE_BYTES * group.num_columns + limits.ROW_BYTES)
        most += group.num_columns * limits.PAGES
        if not 0 <= group.total_byte_size <= most or group.num_rows < 0:
            raise DataError(
                f"{where} claims to unpack to {group.total_byte_size:,} bytes for {group.num_rows:,} rows of "
                f"{group.num_columns:,} columns, of {most:,} at most. {AFRESH}"
            )
    if rows != about.num_rows:
        raise DataError(
            f"{where} is damaged: its footer tells of {about.num_rows:,} rows, its row groups have {rows:,}. {AFRESH}"
        )
