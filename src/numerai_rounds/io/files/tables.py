"""How tables and metrics are written: the same values give the same bytes."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from numerai_rounds.base.columns import ERA, ID, PREDICTION
from numerai_rounds.base.errors import DataError
from numerai_rounds.io.files import atomic, json_files, paths, vouched

DECIMALS = 6
"""Of a published score: far finer than its uncertainty, coarser than a processor's rounding."""

ERA_COLUMNS = (ERA, "first_era", "last_era", "worst_era")
"""Columns of our tables that hold eras."""

TEXT_COLUMNS = ("feature", "group", "what", "why")
"""Columns that hold text of any kind: a feature set may be called NA."""

GROUP_ROWS = 65_536
"""Of a row group of predictions, at least, but for the last."""

PREDICTION_COLUMNS = pa.Schema.from_pandas(
    pd.DataFrame({ERA: pd.Series(dtype="str"), PREDICTION: pd.Series(dtype="float64")}).set_axis(
        pd.Index([], dtype="str", name=ID)
    )
)
"""Columns of predictions; pandas finds its index again."""


def write_csv(table: pd.DataFrame, path: Path, decimals: int | None = None) -> None:
    """Write a table; `decimals` rounds its floats, None keeps them exact. NaN is an empty cell."""
    content = table.round(decimals) if decimals is not None else table
    atomic.write_text(path, _csv(content))


def read_csv(path: Path) -> pd.DataFrame:
    """Read a table of ours; eras and names stay the text they are. DamagedError where it is not what a stage wrote."""
    types = dict.fromkeys((*ERA_COLUMNS, *TEXT_COLUMNS), str)
    table = pd.read_csv(BytesIO(vouched.read(path)), dtype=types, keep_default_na=False, na_values=[""])
    return table.fillna({name: "" for name in TEXT_COLUMNS if name in table})


def read_side(side: str) -> pd.DataFrame:
    """The eras that `split` put on a side (`train`, `validation`), in order, with their `rows` and `resolved` rows."""
    eras = read_csv(paths.ERAS[side])
    return eras[eras["side"] == side].reset_index(drop=True)


def read_selected() -> list[str]:
    """The chosen features, in the order of choice."""
    return list(read_csv(paths.SELECTED)["feature"])


def write_metrics(metrics: Mapping[str, float], path: Path) -> None:
    """Write headline figures, all finite, as sorted, rounded JSON, one a line."""
    rounded = {name: value if isinstance(value, int) else round(value, DECIMALS) for name, value in metrics.items()}
    atomic.write_text(path, json.dumps(rounded, indent=2, sort_keys=True, allow_nan=False) + "\n")


def read_metrics(path: Path) -> dict[str, float]:
    """Headline figures as written by `write_metrics`; DataError where the file holds something else."""
    try:
        return {name: value + 0 for name, value in json_files.parsed(vouched.read(path)).items()}
    except (ValueError, AttributeError, TypeError):
        raise DataError(f"{path} does not hold scores. `dvc repro` makes it again.") from None


def write_submission(submission: pd.DataFrame, path: Path) -> None:
    """Write a submission; what is read back from the disk must be what was written."""
    with atomic.writing(path) as temporary:
        temporary.write_text(_csv(submission), encoding="utf-8", newline="")
        back = pd.read_csv(temporary, dtype={ID: str}, keep_default_na=False)
        if not (back[ID].eq(submission[ID]).all() and back[PREDICTION].eq(submission[PREDICTION]).all()):
            raise DataError(f"{path} does not read back as it was written. Check the disk and run again.")


@contextmanager
def writing_predictions(path: Path) -> Iterator[Callable[[str, pa.Array, np.ndarray], None]]:
    """Yield a function that appends an era: its label, its ids (text) and its predictions (float64).

    The table has the index `id` and the columns `era` and `prediction`. Memory holds no more than `GROUP_ROWS` rows
    and one era; the file is in place once all went well.
    """
    held: list[pa.RecordBatch] = []
    options = {"compression": "zstd", "use_dictionary": [ERA]}
    with atomic.writing(path) as temporary, pq.ParquetWriter(temporary, PREDICTION_COLUMNS, **options) as file:

        def flush() -> None:
            file.write_table(pa.Table.from_batches(held, PREDICTION_COLUMNS))
            held.clear()

        def append(era: str, ids: pa.Array, predictions: np.ndarray) -> None:
            columns = [pa.repeat(era, len(ids)), pa.array(predictions), ids]
            types = [field.type for field in PREDICTION_COLUMNS]
            cast = [column.cast(kind) for column, kind in zip(columns, types, strict=True)]
            held.append(pa.record_batch(cast, schema=PREDICTION_COLUMNS))
            if sum(batch.num_rows for batch in held) >= GROUP_ROWS:
                flush()

        yield append
        if held:
            flush()


def _csv(table: pd.DataFrame) -> str:
    text: str = table.to_csv(index=False, lineterminator="\n")
    if "\r" in text:  # readers take it for the end of a line where it is not in quotes
        text = table.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    return text
