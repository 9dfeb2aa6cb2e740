"""The market as files in the layout of v5.3, written era by era: memory holds one row group at a time."""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from numerai_rounds.base.columns import DATA_TYPE, ERA, ID, LIVE, LIVE_ERA, PREDICTION, TRAIN
from numerai_rounds.io import console
from numerai_rounds.io.market import targets
from numerai_rounds.io.market.draws import identifiers
from numerai_rounds.io.market.features import feature_sets, fill_features, panel
from numerai_rounds.io.market.size import Era, Market

ROW_GROUP_ROWS = 65_536
"""Rows of a row group, at most; it holds whole eras, one at least."""

COMPRESSION = "zstd"

Values = Callable[[Sequence[Era]], Iterator[NDArray[np.int8] | NDArray[np.float32]]]
"""Makes the numbers of a row group: arrays of one dtype, a row for each column of the file."""


def write_features(market: Market, path: Path) -> None:
    """Write features.json: the named feature sets and the targets."""
    content = {"feature_sets": feature_sets(market), "targets": targets.TARGETS}
    path.write_text(json.dumps(content), encoding="utf-8")


def write_rows(market: Market, role: str, number: int, path: Path) -> None:
    """Write the parquet file of a role (`train`, `live_benchmark_models`, ...) as it is in round `number`."""
    eras = _eras(market, role, number)
    schema, values = _sheet(market, role, market.newest(number))
    label = partial(_labels, market, newest=market.newest(number), live=role.startswith(LIVE))

    def table(group: list[Era]) -> pa.Table:
        labels = label(group) if ERA in schema.names else []
        columns = [pa.array(column, from_pandas=True) for block in values(group) for column in block]
        return pa.Table.from_arrays([*labels, *columns, _identifiers(market, group)], schema=schema)

    repetitive = [name for name in schema.names if name != ID]
    with (
        pq.ParquetWriter(path, schema, compression=COMPRESSION, use_dictionary=repetitive) as writer,
        console.progress(f"making {role}", len(eras), "eras") as advance,
    ):
        for group in _row_groups(eras):
            writer.write_table(table(group))
            advance(len(group))


def _eras(market: Market, role: str, number: int) -> list[Era]:
    train, newest = market.train_eras, market.newest(number)
    if role.startswith(LIVE):
        return [market.live(number)]
    if role.startswith(TRAIN):
        return market.eras(1 if role == TRAIN else train * 27 // 100 + 1, train)
    if role == "meta_model":
        return market.eras(train + market.validation_eras * 85 // 100 + 1, newest)
    return market.eras(train + 1, newest)


def _row_groups(eras: list[Era]) -> Iterator[list[Era]]:
    group: list[Era] = []
    for era in eras:
        if group and sum(other.rows for other in group) + era.rows > ROW_GROUP_ROWS:
            yield group
            group = []
        group.append(era)
    yield group


def _sheet(market: Market, role: str, newest: int) -> tuple[pa.Schema, Values]:
    """Columns of a role's file and what makes their numbers."""
    if role.endswith("benchmark_models"):
        return _schema([ERA, DATA_TYPE], [], list(targets.MODELS)), partial(_predictions, market, targets.benchmarks)
    if role == "meta_model":
        return _schema([ERA, DATA_TYPE], [], [targets.META_MODEL]), partial(_predictions, market, targets.meta_model)
    if role.endswith("example_preds"):
        return _schema([], [], [PREDICTION]), partial(_predictions, market, targets.example)
    return _schema([ERA, DATA_TYPE], panel(market).names, targets.TARGETS), partial(_rows, market, newest)


def _schema(labels: list[str], levels: list[str], numbers: list[str]) -> pa.Schema:
    """Text, int8 and float32 columns, then the index as pandas stores it."""
    fields = [
        *((name, pa.string()) for name in labels),
        *((name, pa.int8()) for name in levels),
        *((name, pa.float32()) for name in numbers),
        (ID, pa.string()),
    ]
    index = {"name": ID, "field_name": ID, "pandas_type": "unicode", "numpy_type": "object", "metadata": None}
    pandas = {"index_columns": [ID], "column_indexes": [], "columns": [index]}
    return pa.schema(fields, metadata={"pandas": json.dumps(pandas)})


def _rows(market: Market, newest: int, group: Sequence[Era]) -> Iterator[NDArray[np.int8] | NDArray[np.float32]]:
    features = panel(market)
    levels = np.empty((market.features, sum(era.rows for era in group)), dtype=np.int8)
    start = 0
    for era in group:
        fill_features(market, features, era, levels[:, start : start + era.rows])
        start += era.rows
    yield levels
    yield np.concatenate([targets.targets(market, era, newest) for era in group], axis=1)


def _predictions(
    market: Market, make: Callable[[Market, Era], NDArray[np.float32]], group: Sequence[Era]
) -> Iterator[NDArray[np.float32]]:
    yield np.concatenate([make(market, era) for era in group], axis=1)


def _labels(market: Market, group: Sequence[Era], *, newest: int, live: bool) -> list[pa.Array]:
    """The columns `era` and `data_type`."""
    rows = [era.rows for era in group]
    eras = [LIVE_ERA if live else era.label for era in group]
    types = [LIVE if live else market.data_type(era.number, newest) for era in group]
    return [pa.array(np.repeat(labels, rows)) for labels in (eras, types)]


def _identifiers(market: Market, group: Sequence[Era]) -> pa.Array:
    """`n` and 16 hex digits for each row."""
    words = np.concatenate([identifiers(market.seed, era.key, era.rows) for era in group])
    text = np.full((len(words), 17), ord("n"), dtype=np.uint8)
    text[:, 1:] = np.frombuffer(words.astype(">u8").tobytes().hex().encode(), dtype=np.uint8).reshape(-1, 16)
    offsets = np.arange(len(words) + 1, dtype=np.int32) * text.shape[1]
    return pa.StringArray.from_buffers(len(words), pa.py_buffer(offsets), pa.py_buffer(text))
