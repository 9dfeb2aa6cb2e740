"""The one reader of the live file."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from numerai_rounds.base import limits
from numerai_rounds.base.columns import FEATURE_MIDDLE, ID
from numerai_rounds.base.errors import DataError, some
from numerai_rounds.io.files import parquet, paths, vouched
from numerai_rounds.io.history.chunks import refuse_absent
from numerai_rounds.io.history.packed import Levels
from numerai_rounds.io.history.targets import of_type

PATH = paths.raw("live", "live")


class Live:
    """The live era, as `fetch` wrote it, or in a live file in another place."""

    def __init__(self, path: Path = PATH, missing_features: str = "middle") -> None:
        """Read a file; absent features become the middle level, or are refused: `missing_features`."""
        self.path = path
        self._missing = missing_features

    def table(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Some columns, or all; DamagedError where the file is not what `fetch` wrote.

        DataError where it is no parquet file, or lacks columns.
        """
        where, content = f"live ({self.path})", vouched.read(self.path)
        with parquet.opened(self.path, where, limits.LIVE_ROWS, content) as file:
            absent = set(columns or []).difference(file.schema_arrow.names)
            if absent:
                raise DataError(
                    f"the live data lacks {len(absent):,} features that the model uses ({some(sorted(absent))}). "
                    "Live and history must be of one data version: take both from one, then `rounds open` pins them."
                )
            texts = [ID] if columns is None or ID in columns else []
            parquet.check_texts(self.path, file.schema_arrow, texts, where)
            return file.read(columns=None if columns is None else list(columns))

    def ids(self) -> "pd.Index[str]":
        """The ids of the live era."""
        found: pd.Index[str] = pd.Index(self.table([ID]).column(ID).to_pylist(), name=ID, dtype="str")
        return found

    def rows(self, features: Sequence[str]) -> tuple["pd.Index[str]", Levels]:
        """Ids, and features of shape (features, rows), in the order of the file.

        DataError where features are absent that must not be.
        """
        table = self.table([ID, *features])
        matrix = np.empty((len(features), table.num_rows), dtype=np.int8)
        for number, name in enumerate(features):
            column = of_type(table.column(name), pa.int8())
            if column.null_count:
                refuse_absent(name, column.null_count, "the live era", self._missing)
                column = pc.fill_null(column, pa.scalar(FEATURE_MIDDLE, column.type))
            matrix[number] = column.to_numpy()
        return pd.Index(table.column(ID).to_pylist(), name=ID), matrix
