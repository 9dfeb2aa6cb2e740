"""The CSVs of the old tournament, written as tables of today's schema: text eras, int8 features, float32 targets.

Eras `era1` and `eraX` become `0001` and `X`; features 0, 0.25, 0.5, 0.75, 1 become the levels 0 to 4.
"""

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from numerai_rounds.base.columns import (
    DATA_TYPE,
    ERA,
    FEATURE_LEVELS,
    ID,
    LIVE,
    LIVE_ERA,
    TARGET_DTYPE,
    TEST,
    TRAIN,
    VALIDATION,
    is_feature,
    is_target,
)
from numerai_rounds.base.errors import DataError, some
from numerai_rounds.io import console

BLOCK_BYTES = 16 << 20
TOLERANCE = 1e-6
"""Between a feature and the level it is read as: what writing decimals can cost."""

ERA_DIGITS = 4

FILE_DATA_TYPES = {TRAIN: [TRAIN], VALIDATION: [VALIDATION, TEST, LIVE], LIVE: [VALIDATION, TEST, LIVE]}
"""Role -> every `data_type` that the file behind it may hold."""
ROLE_DATA_TYPES = {TRAIN: [TRAIN], VALIDATION: [VALIDATION, TEST], LIVE: [LIVE]}
"""Role -> the `data_type` of its own rows."""


@dataclass(frozen=True)
class Header:
    """The columns of an old CSV that have a place in today's schema, in the file's order."""

    features: list[str]
    targets: list[str]

    def schema(self) -> pa.Schema:
        """Today's schema with these columns, the id as pandas' index."""
        table = pd.DataFrame(columns=[ERA, DATA_TYPE, *self.features, *self.targets], index=pd.Index([], name=ID))
        table = table.astype(dict.fromkeys(self.features, "int8") | dict.fromkeys(self.targets, TARGET_DTYPE))
        schema = pa.Schema.from_pandas(table)
        for name in (ID, ERA, DATA_TYPE):
            schema = schema.set(schema.get_field_index(name), pa.field(name, pa.string()))
        return schema


def convert(source: Path, role: str, destination: Path) -> None:
    """Write the file of `role` (features, train, validation or live) from an old CSV; memory holds a few blocks.

    Raises DataError where a feature is none of the five levels, or the CSV is cut short or of another kind.
    """
    header = read_header(source)
    if role == "features":
        destination.write_text(_features_json(header), encoding="utf-8", newline="\n")
        return
    schema = header.schema()
    with pq.ParquetWriter(destination, schema) as writer:
        for rows in _rows(source, header, role):
            if rows.num_rows:
                writer.write_batch(_mapped(rows, schema, source.name))


def read_header(source: Path) -> Header:
    """The columns of an old CSV; a DataError where it lacks `id`, `era`, `data_type`, features or targets."""
    with source.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        names = next(csv.reader(file), [])
    absent = [name for name in (ID, ERA, DATA_TYPE) if name not in names]
    header = Header(
        features=[name for name in names if is_feature(name)], targets=[name for name in names if is_target(name)]
    )
    if absent or not header.features or not header.targets:
        raise DataError(
            f"{source.name} begins with {some(names) if names else 'nothing'}. Its first line must name the columns "
            f"{ID}, {ERA}, {DATA_TYPE}, feature_... and target or target_...."
        )
    if len(set(names)) < len(names):
        repeated = sorted({name for name in names if names.count(name) > 1})
        raise DataError(f"{source.name} names columns more than once ({some(repeated)}).")
    return header


def _features_json(header: Header) -> str:
    """All features, and the groups that the old names spell out: `feature_wisdom12` is of `wisdom`."""
    sets: dict[str, list[str]] = {}
    for name in header.features:
        if named := re.fullmatch(r"feature_([a-z]+)\d+", name):
            sets.setdefault(named[1], []).append(name)
    sets["all"] = header.features
    return json.dumps({"feature_sets": sets, "targets": header.targets}, indent=2) + "\n"


def _rows(source: Path, header: Header, role: str) -> Iterator[pa.RecordBatch]:
    """The rows of `role` in blocks, parsed but not yet mapped."""
    texts = dict.fromkeys([ID, ERA, DATA_TYPE], pa.string())
    numbers = dict.fromkeys(header.features, pa.float64()) | dict.fromkeys(header.targets, pa.float32())
    undated = 0
    try:
        for block in _blocks(source, texts | numbers):
            _refuse_data_types(block, role, source.name)
            rows = block.filter(pc.is_in(block[DATA_TYPE], pa.array(ROLE_DATA_TYPES[role])))
            if role == VALIDATION:
                dated = rows.filter(pc.not_equal(rows[ERA], f"era{LIVE_ERA}"))
                undated += rows.num_rows - dated.num_rows
                rows = dated
            yield rows
    except pa.ArrowInvalid as error:
        raise DataError(f"{source.name} is no whole CSV of the old layout: {error}") from None
    if undated:
        console.say(f"{source.name}: {undated:,} test rows of era{LIVE_ERA} are left out: no era, no target.")


def _blocks(source: Path, types: dict[str, pa.DataType]) -> Iterator[pa.RecordBatch]:
    size = source.stat().st_size
    with source.open("rb") as file, console.progress(f"mapping {source.name}", size, "bytes") as advance:
        done = 0
        for block in pa.csv.open_csv(
            file,
            read_options=pa.csv.ReadOptions(block_size=BLOCK_BYTES),
            convert_options=pa.csv.ConvertOptions(column_types=types, include_columns=list(types)),
        ):
            yield block
            advance(file.tell() - done)
            done = file.tell()


def _refuse_data_types(block: pa.RecordBatch, role: str, file: str) -> None:
    foreign = block.filter(pc.invert(pc.is_in(block[DATA_TYPE], pa.array(FILE_DATA_TYPES[role]))))
    if foreign.num_rows:
        raise DataError(
            f"{file}: data_type must be {' or '.join(FILE_DATA_TYPES[role])} "
            f"(got {foreign[DATA_TYPE][0].as_py()!r} for id {foreign[ID][0].as_py()!r})."
        )


def _mapped(rows: pa.RecordBatch, schema: pa.Schema, file: str) -> pa.RecordBatch:
    columns = {name: rows[name] for name in schema.names}
    columns[ERA] = _eras(rows[ERA], file)
    for name in schema.names:
        if is_feature(name):
            columns[name] = _levels(name, rows, file)
    return pa.RecordBatch.from_arrays(list(columns.values()), schema=schema)


def _eras(column: pa.Array, file: str) -> pa.Array:
    encoded = column.dictionary_encode()
    labels = [_era(label, file) for label in encoded.dictionary.to_pylist()]
    return pa.array(labels, pa.string()).take(encoded.indices)


def _era(label: str, file: str) -> str:
    match = re.fullmatch(rf"era([0-9]+|{LIVE_ERA})", label)
    if match is None:
        raise DataError(f"{file}: era {label!r} must be era1, era2, ... or era{LIVE_ERA} in the old layout.")
    return match[1] if match[1] == LIVE_ERA else f"{int(match[1]):0{ERA_DIGITS}d}"


def _levels(name: str, rows: pa.RecordBatch, file: str) -> pa.Array:
    """A feature as int8 levels, null where it is missing."""
    values = rows[name].to_numpy(zero_copy_only=False)
    scaled = values * (FEATURE_LEVELS - 1)
    levels = np.clip(np.rint(scaled), 0, FEATURE_LEVELS - 1)
    missing = np.isnan(values)
    wrong = ~missing & ~(np.abs(scaled - levels) <= TOLERANCE * (FEATURE_LEVELS - 1))
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(
            f"{file}: {name} is {values[row]:g} for id {rows[ID][row].as_py()!r}. "
            "Features of the old layout have five levels: 0, 0.25, 0.5, 0.75, 1."
        )
    return pa.array(np.where(missing, 0, levels).astype(np.int8), mask=missing)
