"""From an old CSV to the file of a role."""

import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from numerai_rounds.base.columns import (
    DATA_TYPE,
    ERA,
    ID,
    LIVE,
    LIVE_ERA,
    TARGET_DTYPE,
    TEST,
    TRAIN,
    VALIDATION,
    is_feature,
)
from numerai_rounds.base.errors import DataError
from numerai_rounds.base.roles import FEATURES
from numerai_rounds.io import console
from numerai_rounds.io.legacy.gather import Gathered
from numerai_rounds.io.legacy.header import Header, era_of, read_header
from numerai_rounds.io.legacy.levels import Tally
from numerai_rounds.io.legacy.unused import Unused

BLOCK_BYTES = 4 << 20

UNKNOWN = [*pa.csv.ConvertOptions().null_values, "None", "<NA>"]
"""What stands for a number that is not known: what Arrow takes for that, and what Python writes."""

FILE_DATA_TYPES = {TRAIN: [TRAIN], VALIDATION: [VALIDATION, TEST, LIVE], LIVE: [VALIDATION, TEST, LIVE]}
"""Role -> every `data_type` that the file behind it may hold; the rows of a role have its own name there."""


def convert(source: Path, role: str, destination: Path) -> None:
    """Write the file of `role` (features, train, validation or live) from an old CSV; memory holds a few blocks.

    Says which features and how many test rows are left out. Raises DataError where a few values of a feature are none
    of the five levels, or the CSV is cut short or of another kind.
    """
    header = read_header(source)
    with tempfile.TemporaryFile(dir=destination.parent) as spill:
        gathered, tally = Gathered(spill), Tally(header.features)
        for rows in _rows(source, header, TRAIN if role == FEATURES else role):
            levels = {name: tally.levels(name, rows) for name in header.features}
            if role != FEATURES and rows.num_rows:
                columns = {name: levels.get(name, rows[name]) for name in rows.schema.names}
                gathered.add(pa.RecordBatch.from_pydict(columns))
        features = tally.kept(source.name, aloud=role != FEATURES)
        if role == FEATURES:
            destination.write_text(_features_json(features, header.targets), encoding="utf-8", newline="\n")
            return
        if not gathered.eras:
            raise DataError(
                f"{source.name} has no rows of data_type {role}, and the pipeline needs some. Get the whole file "
                "again, or give such rows this data_type."
            )
        _refuse_foreign_eras(gathered.eras, role, source.name)
        schema = _schema(features, header.targets)
        with pq.ParquetWriter(destination, schema) as writer:
            for table in gathered.tables(schema.names):
                writer.write_table(table.cast(schema))


def _schema(features: Sequence[str], targets: Sequence[str]) -> pa.Schema:
    """Today's schema with these columns, the id as pandas' index."""
    table = pd.DataFrame(columns=[ERA, DATA_TYPE, *features, *targets], index=pd.Index([], name=ID))
    table = table.astype(dict.fromkeys(features, "int8") | dict.fromkeys(targets, TARGET_DTYPE))
    schema = pa.Schema.from_pandas(table)
    for name in (ID, ERA, DATA_TYPE):
        schema = schema.set(schema.get_field_index(name), pa.field(name, pa.string()))
    return schema


def _features_json(features: Sequence[str], targets: Sequence[str]) -> str:
    """All features, and the groups that the old names spell out: `feature_wisdom12` is of `wisdom`."""
    sets: dict[str, list[str]] = {}
    for name in features:
        if named := re.fullmatch(r"feature_([a-z]+)\d+", name):
            sets.setdefault(named[1], []).append(name)
    sets["all"] = list(features)
    return json.dumps({"feature_sets": sets, "targets": list(targets)}, indent=2) + "\n"


def _rows(source: Path, header: Header, role: str) -> Iterator[pa.RecordBatch]:
    """The rows of `role` in blocks, with today's eras; features are still decimals.

    Test rows are in no role. At the end they are told of once: with the validation rows of their file, or with its
    live rows if it has no others.
    """
    texts = dict.fromkeys([ID, ERA, DATA_TYPE], pa.string())
    numbers = dict.fromkeys(header.features, pa.float64()) | dict.fromkeys(header.targets, pa.float32())
    scored, unused = set[str](), Unused(header.targets)
    try:
        for block in _blocks(source, texts | numbers):
            _refuse_data_types(block, role, source.name)
            dated = block.set_column(block.schema.get_field_index(ERA), ERA, _eras(block[ERA], source.name))
            scored.update(pc.unique(_of(dated, VALIDATION)[ERA]).to_pylist())
            unused.add(_of(dated, TEST))
            yield _of(dated, role)
    except pa.ArrowInvalid as error:
        raise _refused(error, source.name, header.names) from None
    if role == VALIDATION or not scored:
        unused.tell(scored, source.name)


def _refused(error: pa.ArrowInvalid, file: str, columns: Sequence[str]) -> DataError:
    """What is wrong with a CSV that Arrow refuses; `columns` are all of its columns."""
    found = re.search(r"In CSV column #(\d+):.* invalid value '(.*)'", str(error), re.DOTALL)
    if found is None:
        return DataError(f"{file} is no whole CSV of the old layout: {error}")
    name = columns[int(found[1])]
    renamed = " If the column is no feature, give it a name that does not begin with feature_." * is_feature(name)
    return DataError(
        f"{file}: {name} holds {found[2]!r}, which is no number. Leave a value that is not known empty.{renamed}"
    )


def _of(rows: pa.RecordBatch, data_type: str) -> pa.RecordBatch:
    return rows.filter(pc.equal(rows[DATA_TYPE], data_type))


def _blocks(source: Path, types: dict[str, pa.DataType]) -> Iterator[pa.RecordBatch]:
    size = source.stat().st_size
    with source.open("rb") as file, console.progress(f"mapping {source.name}", size, "bytes") as advance:
        done = 0
        for block in pa.csv.open_csv(
            file,
            read_options=pa.csv.ReadOptions(block_size=BLOCK_BYTES),
            convert_options=pa.csv.ConvertOptions(column_types=types, include_columns=list(types), null_values=UNKNOWN),
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


def _refuse_foreign_eras(eras: Sequence[str], role: str, file: str) -> None:
    if role != LIVE and LIVE_ERA in eras:
        raise DataError(f"{file}: rows of data_type {role} are in era {LIVE_ERA}, which is that of live rows.")


def _eras(column: pa.Array, file: str) -> pa.Array:
    encoded = column.dictionary_encode()
    labels = [era_of(label, file) for label in encoded.dictionary.to_pylist()]
    return pa.array(labels, pa.string()).take(encoded.indices)
