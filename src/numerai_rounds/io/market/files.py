"""The market as files in the layout of v5.3, written era by era: memory holds a few eras at a time."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from numerai_rounds.base.columns import ID, LIVE, LIVE_ERA, PREDICTION, TRAIN
from numerai_rounds.io import console
from numerai_rounds.io.market import columns, listing, predictions, targets
from numerai_rounds.io.market.columns import PLAIN, STYLES
from numerai_rounds.io.market.draws import identifiers
from numerai_rounds.io.market.features import Panel, fill_features, panel
from numerai_rounds.io.market.size import Era, Market

ROW_GROUP_ROWS = 49_152
"""Rows that are made together, at most: whole eras, one at least."""

CUT = 5 / 8
"""Share of these rows in their first row group; the second has the rest. Real row groups cut eras too."""

UNPREDICTED = 27
"""Percent of the train eras, the first ones, that the benchmark models' file lacks."""

COMPRESSION = "zstd"
ORIGIN = "synthetic"

Numbers = Iterator[NDArray[np.int8] | NDArray[np.float32]]
"""Arrays of one dtype, a row for each column of a file."""


@dataclass(frozen=True)
class Sheet:
    """What a role's file holds beside ids: features, columns of float32, and eras and their types or not."""

    features: Sequence[str]
    numbers: Sequence[str]
    values: Callable[[Sequence[Era]], Numbers]
    """Makes the numbers of some eras, features first."""
    labels: bool = True


def write_features(market: Market, path: Path) -> None:
    """Write features.json: the named feature sets and the targets."""
    listed = listing.given(market)
    sets = listed.sets if listed else panel(market).sets
    content = {"feature_sets": sets, "targets": listed.targets if listed else targets.TARGETS}
    path.write_text(json.dumps(content), encoding="utf-8")


def write_rows(market: Market, role: str, number: int, path: Path) -> None:
    """Write the parquet file of a role (`train`, `live_benchmark_models`, ...) as it is in round `number`."""
    eras = _eras(market, role, number)
    style, sheet = STYLES.get(role, PLAIN), _sheet(market, role, market.newest(number))
    schema = columns.schema(style, labels=sheet.labels, features=sheet.features, numbers=sheet.numbers)
    labels = partial(_labels, market, newest=market.newest(number), live=role.startswith(LIVE))

    def table(group: list[Era]) -> pa.Table:
        rows = [era.rows for era in group]
        texts = [columns.text(values, rows, style.labels) for values in labels(group) if sheet.labels]
        texts += [columns.text([ORIGIN], [sum(rows)], style.labels) for _ in style.unknown]
        numbers = [pa.array(column, from_pandas=True) for block in sheet.values(group) for column in block]
        words = np.concatenate([identifiers(market.seed, era.key, era.rows) for era in group])
        return pa.Table.from_arrays([*texts, *numbers, columns.ids(words, style.ids)], schema=schema)

    repetitive = [name for name in schema.names if name != ID]
    with (
        pq.ParquetWriter(path, schema, compression=COMPRESSION, use_dictionary=repetitive) as writer,
        console.progress(f"making {role}", len(eras), "eras") as advance,
    ):
        for group in _together(eras):
            _write(writer, table(group))  # and forgotten before the next one is made
            advance(len(group))


def _write(writer: pq.ParquetWriter, made: pa.Table) -> None:
    writer.write_table(made, row_group_size=max(1, int(CUT * made.num_rows)))


def _eras(market: Market, role: str, number: int) -> list[Era]:
    train, newest = market.train_eras, market.newest(number)
    if role.startswith(LIVE):
        return [market.live(number)]
    if role.startswith(TRAIN):
        return market.eras(1 if role == TRAIN else train * UNPREDICTED // 100 + 1, train)
    if role == "meta_model":
        return market.eras(market.first_meta_model_era, newest)
    return market.eras(train + 1, newest)


def _together(eras: list[Era]) -> Iterator[list[Era]]:
    group: list[Era] = []
    for era in eras:
        if group and sum(other.rows for other in group) + era.rows > ROW_GROUP_ROWS:
            yield group
            group = []
        group.append(era)
    yield group


def _sheet(market: Market, role: str, newest: int) -> Sheet:
    listed = listing.given(market)
    features = panel(market, listed.features, listed.sets) if listed else panel(market)
    if role.endswith("benchmark_models"):
        return Sheet((), predictions.MODELS, partial(_predictions, market, features, predictions.benchmarks))
    if role == "meta_model":
        return Sheet((), (predictions.META_MODEL,), partial(_predictions, market, features, predictions.meta_model))
    if role.endswith("example_preds"):
        return Sheet((), (PREDICTION,), partial(_predictions, market, features, predictions.example), labels=False)
    names = listed.targets if listed else targets.TARGETS
    return Sheet(features.names, names, partial(_rows, market, features, names, newest))


def _rows(market: Market, features: Panel, names: Sequence[str], newest: int, group: Sequence[Era]) -> Numbers:
    levels = np.empty((len(features.names), sum(era.rows for era in group)), dtype=np.int8)
    start = 0
    for era in group:
        fill_features(market, features, era, levels[:, start : start + era.rows])
        start += era.rows
    yield levels
    places = [targets.TARGETS.index(name) for name in names]
    yield np.concatenate([targets.targets(market, era, newest)[places] for era in group], axis=1)


def _predictions(
    market: Market, features: Panel, make: Callable[[Market, Panel, Era], NDArray[np.float32]], group: Sequence[Era]
) -> Iterator[NDArray[np.float32]]:
    yield np.concatenate([make(market, features, era) for era in group], axis=1)


def _labels(market: Market, group: Sequence[Era], *, newest: int, live: bool) -> list[list[str]]:
    """Of each era the value of the columns `era` and `data_type`."""
    return [
        [LIVE_ERA if live else era.label for era in group],
        [LIVE if live else market.data_type(era.number, newest) for era in group],
    ]
