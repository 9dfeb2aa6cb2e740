"""Checks of fetched data, before anything is made of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import groupby, islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from numerai_rounds.base import limits
from numerai_rounds.base.columns import (
    DATA_TYPE,
    ERA,
    FEATURE_LEVELS,
    ID,
    LIVE,
    LIVE_ERA,
    TEST,
    TRAIN,
    VALIDATION,
    is_feature,
    is_target,
)
from numerai_rounds.base.eras import check_eras
from numerai_rounds.base.errors import DataError, some
from numerai_rounds.base.roles import FEATURES, LIVE_EXTRAS, SIDES
from numerai_rounds.base.roles import LIVE as LIVE_ROLES
from numerai_rounds.io.files import parquet
from numerai_rounds.io.files.ids import check_ids
from numerai_rounds.io.history import features_file, manifest, targets
from numerai_rounds.io.history.features_file import FeaturesFile

DATA_TYPES = {TRAIN: [TRAIN], VALIDATION: [VALIDATION, TEST], LIVE: [LIVE]}
"""Role of a table with features -> the values of `data_type` that it may hold."""

EXAMPLES = {ID: "n0003aa52cab36c2", ERA: "0575", DATA_TYPE: TRAIN}
"""What columns of text hold."""


def check_file(path: Path, role: str) -> None:
    """One file by itself: its format, columns, labels and values; a DataError names role and file.

    The features of train and validation are checked where they are converted (`store.convert`).

    Missing features and targets are allowed; missing, repeated or empty ids are not.
    """
    where = _where(path, role)
    if role == FEATURES:
        features_file.read(path, where)
        return
    with parquet.opened(path, where, limits.LIVE_ROWS if role in (*LIVE_ROLES, *LIVE_EXTRAS) else limits.ROWS) as file:
        _check_index(file.schema_arrow, where)
        if not file.metadata.num_rows:
            raise DataError(f"{where} holds no rows.")
        schema = file.schema_arrow
        parquet.check_texts(path, schema, [name for name in (ID, ERA, DATA_TYPE) if name in schema.names], where)
        if role in DATA_TYPES:
            _check_columns(file, role, where)
            _check_ranges(file, role, where)
            _check_labels(file, role, where)
        else:
            _check_predictions(file, where)
        check_ids({where: partial(parquet.column, file, ID)})


def check_history(places: Mapping[str, Path]) -> None:
    """The parts of the history together, each having passed `check_file`: features.json and the stores of both sides.

    Train and validation must have the same features and no id in common, and train must end before
    validation begins; the feature sets and targets that features.json names must be columns of both.
    """
    listed = features_file.read(places[FEATURES], _where(places[FEATURES], FEATURES))
    sides = {f"{role} ({places[role]})": (manifest.read(places[role]), places[role]) for role in SIDES}
    (first, (train, _)), (second, (validation, _)) = sides.items()
    _check_same_features(train.features, validation.features, f"{second} and {first}")
    _check_sets(listed, train.features)
    for where, (side, _) in sides.items():
        _check_targets(listed, side.targets, where)
    check_eras([list(train.eras)[-1], next(iter(validation.eras))], "train and validation together")
    check_ids({where: partial(targets.ids, place, side) for where, (side, place) in sides.items()})


def _where(path: Path, role: str) -> str:
    return f"{role} ({path})"


def _check_index(schema: pa.Schema, where: str) -> None:
    if ID not in schema.names:
        raise DataError(f"{where} has no `{ID}`: its columns are {some(schema.names)}.")
    repeated = [name for name, times in Counter(schema.names).items() if times > 1]
    if repeated:
        raise DataError(f"{where} has more than one column {some(repeated)}. Write the table with each column once.")
    _check_text(schema, ID, where)


def _check_text(schema: pa.Schema, name: str, where: str) -> None:
    if name not in schema.names:
        raise DataError(f"{where} has no column `{name}`: its columns are {some(schema.names)}.")
    found = schema.field(name).type
    if not parquet.is_text(found):
        raise DataError(f"{where}: `{name}` must be text (got {found}), such as {EXAMPLES[name]!r}.")


def _check_columns(file: pq.ParquetFile, role: str, where: str) -> None:
    """Labels, features and targets; a feature's name may hold any letter, and other columns are nobody's business."""
    schema = file.schema_arrow
    for name in (ERA, DATA_TYPE):
        _check_text(schema, name, where)
    features = [field for field in schema if is_feature(field.name)]
    if not features:
        raise DataError(f"{where} has no column `feature_...`: its columns are {some(schema.names)}.")
    if wrong := _of_wrong_type(file, [field for field in features if field.type != pa.int8()]):
        raise DataError(f"{where}: features must be int8 ({some(wrong)}); with missing values, pandas' nullable Int8.")
    if role != LIVE:
        _check_target_types(file, where)


def _check_target_types(file: pq.ParquetFile, where: str) -> None:
    found = [field for field in file.schema_arrow if is_target(field.name)]
    if not found:
        raise DataError(f"{where} has no column `target_...`: there is nothing to learn or to score.")
    foreign = [field for field in found if field.type not in (pa.float32(), pa.float64())]
    if wrong := _of_wrong_type(file, foreign):
        raise DataError(f"{where}: targets must be float32 ({some(wrong)}).")


def _of_wrong_type(file: pq.ParquetFile, foreign: Sequence[pa.Field]) -> list[str]:
    """Of columns of another type than theirs, those that matter.

    A column without any value may be of any type: pandas and Arrow choose one of their own.
    """
    return [f"{field.name} is {field.type}" for field in foreign if not parquet.is_empty(file, field.name)]


def _check_predictions(file: pq.ParquetFile, where: str) -> None:
    predictions = [field.name for field in file.schema_arrow if pa.types.is_floating(field.type)]
    if not predictions:
        raise DataError(f"{where} has no column of floats, such as a prediction. Get it again from its source.")
    parquet.ranges(file, predictions, where)  # any value will do, but all must be readable


def _check_ranges(file: pq.ParquetFile, role: str, where: str) -> None:
    """Of what is not decoded anyway: features of a side are checked where they are converted."""
    schema = file.schema_arrow  # made anew whenever it is asked for
    if role not in SIDES:
        _refuse_outside(
            file, [name for name in schema.names if is_feature(name)], FEATURE_LEVELS - 1, "features", where
        )
    floats = [field.name for field in schema if pa.types.is_floating(field.type)]
    _refuse_outside(file, [name for name in floats if is_target(name)], 1, "targets", where)


def _refuse_outside(file: pq.ParquetFile, columns: Sequence[str], top: int, kind: str, where: str) -> None:
    outside = [
        f"{name} goes from {low:g} to {high:g}"
        for name, (low, high) in parquet.ranges(file, columns, where).items()
        if low < 0 or high > top
    ]
    if outside:
        raise DataError(f"{where}: {kind} must lie within 0 to {top} ({some(outside)}).")


def _check_labels(file: pq.ParquetFile, role: str, where: str) -> None:
    # More runs than there are eras: their order is wrong, as the first of them show.
    runs = list(islice(parquet.runs(file, [ERA, DATA_TYPE]), limits.ERAS + 1))
    if any(era is None for era, _ in runs):
        raise DataError(f"{where}: some rows have no era.")
    foreign = [f"{data_type!r} in era {era}" for era, data_type in runs if data_type not in DATA_TYPES[role]]
    if foreign:
        raise DataError(f"{where}: data_type must be {' or '.join(DATA_TYPES[role])} (got {some(foreign)}).")
    eras = [str(era) for era, _ in groupby(era for era, _ in runs)]
    if role != LIVE:
        check_eras(eras, where)
    elif eras != [LIVE_ERA]:
        raise DataError(f"{where}: the era of live rows must be {LIVE_ERA!r} (got {some(map(repr, eras))}).")
    mixed = [era for era, count in Counter(era for era, _ in runs).items() if count > 1]
    if mixed:
        raise DataError(f"{where}: era {some(mixed)} is of more than one data_type. An era must be of one.")


def _check_same_features(expected: Sequence[str], found: Sequence[str], both: str) -> None:
    absent, extra = set(expected).difference(found), set(found).difference(expected)
    if absent or extra:
        parts = [
            f"{len(names):,} {what} ({some(sorted(names))})"
            for names, what in ((absent, "absent"), (extra, "extra"))
            if names
        ]
        raise DataError(
            f"{both} differ in their features: in the first, {' and '.join(parts)}. Take both from one data version."
        )


def _check_sets(listed: FeaturesFile, features: Sequence[str]) -> None:
    for name, members in listed.feature_sets.items():
        absent = sorted(set(members).difference(features))
        if absent:
            raise DataError(
                f"features.json: set {name} names {len(absent):,} columns that are absent ({some(absent)}). "
                "Take it from the same data version as the tables."
            )


def _check_targets(listed: FeaturesFile, columns: Sequence[str], where: str) -> None:
    absent = [target for target in listed.targets if target not in columns]
    if absent:
        raise DataError(
            f"{where} lacks targets that features.json names ({some(absent)}). Take both from one data version."
        )
