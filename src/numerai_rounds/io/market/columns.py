"""How the writers of the tournament's files keep labels, ids and features: not all alike, and any of them is right."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from numerai_rounds.base.columns import DATA_TYPE, ERA, ID, LIVE, TRAIN

TEXT = pa.string()

ORIGIN = "origin"
"""A column that no reader knows."""

LONGEST_ID = 16
"""Hex digits of an id. The first is left out where it is 0, which is so in a sixteenth of the rows."""


@dataclass(frozen=True)
class Style:
    """How a file keeps what it holds."""

    ids: pa.DataType = TEXT
    labels: pa.DataType = TEXT
    features: str = "int8"
    """Type of a feature as pandas calls it."""
    unknown: Sequence[str] = ()
    """Columns of text that nobody knows."""


PLAIN = Style()
STYLES = {
    TRAIN: Style(pa.large_string(), pa.dictionary(pa.int32(), pa.string()), unknown=(ORIGIN,)),
    LIVE: Style(features="Int8"),
}
"""Of the roles whose files differ from `PLAIN` ones."""


def schema(style: Style, *, labels: bool, features: Sequence[str], numbers: Sequence[str]) -> pa.Schema:
    """Text, int8 and float32 columns, then the index as pandas stores it."""
    fields = [
        *((name, style.labels) for name in (ERA, DATA_TYPE) if labels),
        *((name, style.labels) for name in style.unknown),
        *((name, pa.int8()) for name in features),
        *((name, pa.float32()) for name in numbers),
        (ID, style.ids),
    ]
    columns = [_column(ID, "unicode", "object"), *(_column(name, "int8", style.features) for name in features)]
    if style.features == "int8":  # as pandas reads it without being told
        columns = columns[:1]
    pandas = {"index_columns": [ID], "column_indexes": [], "columns": columns}
    return pa.schema(fields, metadata={"pandas": json.dumps(pandas)})


def text(values: Sequence[str], rows: Sequence[int], kind: pa.DataType) -> pa.Array:
    """Each value in so many rows."""
    # Each value once in the dictionary: with repeated ones, Arrow writes bytes that are not the same every time.
    return pa.array(np.repeat(values, rows), TEXT).dictionary_encode().cast(kind)


def ids(words: NDArray[np.uint64], kind: pa.DataType) -> pa.Array:
    """`n` and 15 or 16 hex digits for each word."""
    letters = np.full((len(words), 1 + LONGEST_ID), ord("n"), dtype=np.uint8)
    digits = np.frombuffer(words.astype(">u8").tobytes().hex().encode(), dtype=np.uint8)
    letters[:, 1:] = digits.reshape(-1, LONGEST_ID)
    kept = np.ones(letters.shape, dtype=bool)
    kept[:, 1] = letters[:, 1] != ord("0")
    offsets = np.zeros(len(words) + 1, dtype=np.int32)
    np.cumsum(kept.sum(axis=1), out=offsets[1:])
    found = pa.StringArray.from_buffers(len(words), pa.py_buffer(offsets), pa.py_buffer(letters[kept]))
    return found.cast(kind)


def _column(name: str, pandas_type: str, numpy_type: str) -> dict[str, object]:
    return {
        "name": name,
        "field_name": name,
        "pandas_type": pandas_type,
        "numpy_type": numpy_type,
        "metadata": None,
    }
