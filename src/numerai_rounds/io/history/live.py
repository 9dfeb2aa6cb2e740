"""The one reader of the live file."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa

from numerai_rounds.base import limits
from numerai_rounds.base.columns import ID
from numerai_rounds.base.errors import DataError, some
from numerai_rounds.io.files import parquet, paths, vouched


def table(columns: Sequence[str] | None = None) -> pa.Table:
    """Some columns of the live era, or all; DamagedError where the file is not what `fetch` wrote.

    DataError where it is no parquet file, or lacks columns.
    """
    return _table_of(paths.raw("live", "live"), columns)


def _table_of(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """The same of a live file in another place."""
    where, content = f"live ({path})", vouched.read(path)
    with parquet.opened(path, where, limits.LIVE_ROWS, content) as file:
        absent = set(columns or []).difference(file.schema_arrow.names)
        if absent:
            raise DataError(
                f"the live data lacks {len(absent):,} features that the model uses ({some(sorted(absent))}). "
                "Live and history must be of one data version: take both from one, then `rounds open` pins them."
            )
        parquet.check_texts(path, file.schema_arrow, [ID] if columns is None or ID in columns else [], where)
        return file.read(columns=None if columns is None else list(columns))


def ids(path: Path | None = None) -> "pd.Index[str]":
    """The ids of the live era, or of a live file in another place."""
    rows = table([ID]) if path is None else _table_of(path, [ID])
    found: pd.Index[str] = pd.Index(rows.column(ID).to_pylist(), name=ID, dtype="str")
    return found
