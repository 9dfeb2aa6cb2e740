"""Predictions of any origin, looked up by id: a person's own file, the meta model, the benchmark models."""

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from textwrap import shorten
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from numerai_rounds.base.columns import DATA_TYPE, ERA, ID, is_feature, is_target
from numerai_rounds.base.errors import ConfigurationError, DataError, MachineError, one_of, some
from numerai_rounds.io.files import ids as hashing
from numerai_rounds.io.files import vouched

LABELS = (ID, ERA, DATA_TYPE)
"""Columns that are no predictions."""

UNNAMED = ("__index_level_", "Unnamed: ")
"""How the names begin that pandas gives to an index without one."""

LARGEST = 1e150
"""Size that predictions stay below: their squares are finite."""

EXAMPLES = 3
"""Of what is wrong, in a sentence."""


class Columns(Protocol):
    """A table, or what gives its columns one at a time."""

    def __getitem__(self, name: str) -> pa.ChunkedArray:
        """The column of this name."""


class Predictions:
    """Columns of predictions, found again by the ids of their rows."""

    def __init__(self, table: Columns, columns: Sequence[str], where: str, *, gaps: bool) -> None:
        """Take a table with `id` and `columns` of numbers, one at a time; `where` is what messages call it.

        DataError where ids are missing, repeated or no text, or a value is no number of a size below `LARGEST`; with
        `gaps`, missing values are let through as NaN.
        """
        self.where = where
        self.columns = list(columns)
        self.ids: pa.Array = _texts(table[ID], where)
        hashing.check_ids({where: partial(iter, [self.ids])})
        self.values = np.empty((len(self.columns), len(self.ids)))
        for name, values in zip(self.columns, self.values, strict=True):
            values[:] = _numbers(table[name], name, self, gaps=gaps)
        words = hashing.hashes(self.ids)
        self._order = np.argsort(words, kind="stable").astype(np.int32)
        self._words = words[self._order]

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.ids)

    def places(self, ids: pa.Array) -> np.ndarray:
        """Row of each id, shape (rows,); -1 where there is none."""
        words = hashing.hashes(ids)
        near = np.minimum(np.searchsorted(self._words, words), len(self._words) - 1)
        found = np.where(self._words[near] == words, self._order[near], -1)
        there = np.flatnonzero(found >= 0)
        if not self.ids.take(pa.array(found[there])).equals(ids.take(pa.array(there)).cast(pa.large_string())):
            # Two ids of one hash: looked up by their text, as slow as that is.
            found = pc.fill_null(pc.index_in(ids.cast(pa.large_string()), value_set=self.ids), -1).to_numpy()
        return found

    def of(self, ids: pa.Array) -> np.ndarray:
        """Predictions of these ids: float64, shape (columns, rows), NaN where there are none."""
        return self.at(self.places(ids))

    def at(self, places: np.ndarray) -> np.ndarray:
        """Predictions at these places, as `of` gives them: no copy of rows that lie here as they are asked for."""
        if len(places) and places[0] >= 0 and (np.diff(places) == 1).all():
            return self.values[:, places[0] : places[-1] + 1]
        return np.where(places >= 0, self.values[:, places], np.nan)


def read(path: Path, columns: Sequence[str] | None = None, *, gaps: bool = False) -> Predictions:
    """Predictions in a parquet or CSV file with the column or index `id`.

    `columns`: those to read, or all that hold numbers and are named neither as features nor as targets; of a parquet
    file, no others are read. DataError for what is no such file, or no longer what a stage wrote; ConfigurationError
    for a file or a column that there is not; MachineError for a file that may not be read.
    """
    where = str(path)
    try:
        if path.is_file():
            vouched.check(path)
        with ExitStack() as stack:
            table, names = _table(path, columns, stack)
            return Predictions(table, names, where, gaps=gaps)
    except FileNotFoundError:
        raise ConfigurationError(f"there is no file {path}.") from None
    except PermissionError as error:
        raise MachineError(f"{path} may not be read ({error.strerror}). Check its permissions.") from None
    except (pa.ArrowException, UnicodeDecodeError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise DataError(
            f"{where} cannot be read ({_printable(error)}). It must be a whole parquet file, or a CSV in UTF-8 with "
            "commas between its columns."
        ) from None


class _Parquet:
    """Columns of a file, each read when it is asked for: all at once they would be held twice."""

    def __init__(self, file: pq.ParquetFile) -> None:
        self._file = file

    def __getitem__(self, name: str) -> pa.ChunkedArray:
        return self._file.read(columns=[name])[name]


def _table(path: Path, columns: Sequence[str] | None, stack: ExitStack) -> tuple[Columns, list[str]]:
    """A table with the ids and at least the columns of predictions, and the names of the latter."""
    kind = path.suffix.lower()
    if path.is_dir():
        raise ConfigurationError(f"{path} is a folder: name a .parquet or a .csv file.")
    if kind not in (".parquet", ".csv"):
        raise ConfigurationError(f"{path} is neither a .parquet nor a .csv file.")
    if kind == ".parquet":
        file = stack.enter_context(pq.ParquetFile(path))
        return _Parquet(file), _chosen(file.schema_arrow, file.metadata.num_rows, columns, str(path))
    types = {ID: pa.string(), ERA: pa.string()}
    table = pa.csv.read_csv(path, convert_options=pa.csv.ConvertOptions(column_types=types))
    return table, _chosen(table.schema, table.num_rows, columns, str(path))


def _chosen(schema: pa.Schema, rows: int, columns: Sequence[str] | None, where: str) -> list[str]:
    """The named columns of a file, each once, or all of predictions."""
    names = schema.names
    if ID not in names:
        raise DataError(
            f"{where} has no column `{ID}`: its columns are {some(map(repr, names))}. Call the column or index of ids "
            f"`{ID}`; a CSV needs a line of names, and commas between columns."
        )
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise DataError(f"{where} has several columns {some(map(repr, repeated))}. A name stands for one column.")
    if not rows:
        raise DataError(f"{where} holds no rows.")
    there = [name for name in names if name not in LABELS and _is_number(schema.field(name).type)]
    for name in columns or []:
        if name not in names:
            raise ConfigurationError(f"{where} has no column {name!r}; {one_of(name, there)}")
        if name not in there:
            raise ConfigurationError(f"{where}: {name!r} holds {schema.field(name).type}. Predictions are numbers.")
    chosen = list(dict.fromkeys(columns)) if columns else [name for name in there if _is_prediction(name)]
    if not chosen:
        held = some(f"{name!r} holds {schema.field(name).type}" for name in names)
        raise DataError(
            f"{where} has no column of predictions: {held}. Predictions are numbers; a feature or a target counts as "
            "them only if it is named."
        )
    return chosen


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind))


def _is_prediction(name: str) -> bool:
    return bool(name) and not (is_feature(name) or is_target(name) or name.startswith(UNNAMED))


def _texts(column: pa.ChunkedArray, where: str) -> pa.Array:
    """Ids of any type as text; a missing one is empty."""
    try:
        return column.cast(pa.large_string()).combine_chunks().fill_null("")
    except pa.ArrowException:
        raise DataError(f"{where}: `{ID}` holds {column.type}. Ids are text.") from None


def _numbers(column: pa.ChunkedArray, name: str, table: Predictions, *, gaps: bool) -> np.ndarray:
    # Whole numbers beyond 2**53 are rounded: what is left of their order is scored.
    values: np.ndarray = column.cast(pa.float64(), safe=False).to_numpy()
    sizes = np.abs(values)
    wrong = np.flatnonzero(sizes >= LARGEST if gaps else ~(sizes < LARGEST))
    if wrong.size:
        examples = ", ".join(f"{table.ids[row].as_py()}: {values[row]:g}" for row in wrong[:EXAMPLES].tolist())
        raise DataError(
            f"{table.where}: {len(wrong):,} of {len(values):,} values of `{name}` are no numbers below {LARGEST:g} in "
            f"size, such as {examples}. Every prediction must be finite."
        )
    return values


def _printable(error: Exception) -> str:
    """What a library says, on one line; it may quote the bytes of a file."""
    text = "".join(letter if letter.isprintable() else " " for letter in str(error))
    return shorten(text, 200, placeholder=" ...")
