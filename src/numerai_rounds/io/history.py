"""The one reader of fetched data: whole eras, in order, a few columns at a time."""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from numerai_rounds.base.columns import (
    ALIAS,
    DATA_TYPE,
    ERA,
    FEATURE_MIDDLE,
    ID,
    TRAIN,
    VALIDATION,
    is_feature,
    is_target,
)
from numerai_rounds.base.errors import ConfigurationError, DataError, one_of, some
from numerai_rounds.io import paths

BATCH_ROWS = 65_536
FILES = (TRAIN, VALIDATION)
"""The files of the history, in the order of their eras."""


@dataclass(frozen=True)
class EraRows:
    """The rows of one era.

    `features` is int8 (rows, columns) with contiguous columns, `target` float32 (rows,) with NaN where unknown.
    """

    era: str
    ids: list[str]
    features: np.ndarray
    target: np.ndarray

    def resolved(self) -> "EraRows":
        """The rows whose target is known; columns stay contiguous."""
        known = np.isfinite(self.target)
        if known.all():
            return self
        ids = list(compress(self.ids, known))
        return EraRows(self.era, ids, np.compress(known, self.features.T, axis=1).T, self.target[known])


def feature_names(file: str) -> list[str]:
    """Every feature of a file of the history, in the order of its columns."""
    return [name for name in _schema(file).names if is_feature(name)]


def feature_sets() -> dict[str, list[str]]:
    """The named feature sets of features.json."""
    sets = json.loads(paths.raw("history", "features").read_text(encoding="utf-8"))["feature_sets"]
    return {str(name): list(features) for name, features in sets.items()}


def era_table(target: str) -> pd.DataFrame:
    """One row an era: `era`, `data_type`, `rows`, `resolved` (rows whose target is known); in order.

    Raises ConfigurationError for a target that does not exist, or the alias where it hides another one.
    """
    in_validation = set(_schema(VALIDATION).names)
    targets = [name for name in _schema(TRAIN).names if is_target(name) and name in in_validation]
    if target not in targets:
        raise ConfigurationError(f"target is {target!r}, which the data does not have: {one_of(target, targets)}")
    if target == ALIAS:
        _refuse_alias([name for name in targets if name != ALIAS])
    return pd.concat([_era_counts(role, target) for role in FILES], ignore_index=True)


def read(
    file: str, eras: Collection[str], features: Sequence[str], target: str, missing_features: str
) -> Iterator[EraRows]:
    """Yield the rows of `eras` in a file of the history, one era at a time; memory holds a row group of
    these columns at most.

    NaN features become the middle level or are refused with a DataError, as `missing_features` says.
    """
    for era, table in _eras(pq.ParquetFile(paths.raw("history", file)), [ID, ERA, target, *features], set(eras)):
        yield EraRows(
            era,
            table.column(ID).to_pylist(),
            levels(table, features, missing_features, f"era {era}"),
            table.column(target).to_numpy().astype(np.float32, copy=False),
        )


def read_live(features: Sequence[str], missing_features: str) -> tuple["pd.Index[str]", np.ndarray]:
    """Ids and features (int8) of the live era, in the order of the file."""
    path = paths.raw("live", "live")
    absent = set(features).difference(pq.read_schema(path).names)
    if absent:
        raise DataError(
            f"the live data lacks {len(absent):,} features that the model uses ({some(sorted(absent))}). "
            "Live and history must be of one data version: run `rounds open`."
        )
    table = pq.read_table(path, columns=[ID, *features])
    return pd.Index(table.column(ID).to_pylist(), name=ID), levels(table, features, missing_features, "the live era")


def levels(table: pa.Table, features: Sequence[str], missing_features: str, where: str) -> np.ndarray:
    """Features of a table as int8 (rows, columns), each column contiguous."""
    matrix = np.empty((table.num_rows, len(features)), dtype=np.int8, order="F")
    for number, name in enumerate(features):
        column = table.column(name)
        if column.null_count:
            if missing_features == "refuse":
                raise DataError(
                    f"{name} is missing in {column.null_count:,} rows of {where}. Set missing_features=middle "
                    f"to read them as {FEATURE_MIDDLE}, Numerai's level for an absent feature."
                )
            column = pc.fill_null(column, pa.scalar(FEATURE_MIDDLE, column.type))
        matrix[:, number] = column.to_numpy()
    return matrix


def _schema(role: str) -> pa.Schema:
    return pq.read_schema(paths.raw("history", role))


def _era_counts(role: str, target: str) -> pd.DataFrame:
    table = pq.read_table(paths.raw("history", role), columns=[ERA, DATA_TYPE, target]).to_pandas(ignore_metadata=True)
    eras = table.groupby([ERA, DATA_TYPE], sort=True)[target]
    return pd.DataFrame({"rows": eras.size(), "resolved": eras.count()}).reset_index()


def _refuse_alias(names: Sequence[str]) -> None:
    """Say which target the alias stands for; without any other target, the alias is the target."""
    same = list(names)
    for role in FILES:
        path: Path = paths.raw("history", role)
        alias = pq.read_table(path, columns=[ALIAS]).column(0).to_numpy()
        same = [
            name
            for name in same
            if np.array_equal(pq.read_table(path, columns=[name]).column(0).to_numpy(), alias, equal_nan=True)
        ]
    if names:
        meaning = f"it equals {same[0]} here" if same else "and it equals none of the named targets here"
        advice = f"target={same[0]}" if same else "a full name"
        raise ConfigurationError(
            f"`target` is an alias that moves between data versions; {meaning}. "
            f"Name the target: `rounds compose {advice}`."
        )


def _eras(file: pq.ParquetFile, columns: list[str], wanted: set[str]) -> Iterator[tuple[str, pa.Table]]:
    """Whole eras of a file, put together from batches."""
    groups = _row_groups(file, wanted)
    pending: list[pa.RecordBatch] = []
    current: str | None = None
    if not groups:
        return
    for batch in file.iter_batches(BATCH_ROWS, row_groups=groups, columns=columns):
        for era, piece in _runs(batch):
            if era != current:
                if pending and current is not None:
                    yield current, pa.Table.from_batches(pending)
                pending, current = [], era
            if era in wanted:
                pending.append(piece)
    if pending and current is not None:
        yield current, pa.Table.from_batches(pending)


def _runs(batch: pa.RecordBatch) -> Iterator[tuple[str, pa.RecordBatch]]:
    runs = pc.run_end_encode(batch.column(ERA))
    start = 0
    for era, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
        yield era, batch.slice(start, end - start)
        start = end


def _row_groups(file: pq.ParquetFile, wanted: set[str]) -> list[int]:
    """Row groups that may hold a wanted era, by the statistics of the era column."""
    index = file.schema_arrow.names.index(ERA)
    statistics = [file.metadata.row_group(number).column(index).statistics for number in range(file.num_row_groups)]
    return [
        number
        for number, known in enumerate(statistics)
        if known is None or not known.has_min_max or any(known.min <= era <= known.max for era in wanted)
    ]
