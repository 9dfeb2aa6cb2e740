"""The one reader of fetched data: whole eras, in order, any columns, a chunk at a time."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from numerai_rounds.base.columns import ALIAS, DATA_TYPE, ERA, FEATURE_MIDDLE, ID, TRAIN, VALIDATION
from numerai_rounds.base.errors import ConfigurationError, one_of, some
from numerai_rounds.base.roles import SIDES
from numerai_rounds.io.files import paths, vouched
from numerai_rounds.io.history import features_file, live, manifest
from numerai_rounds.io.history import targets as target_files
from numerai_rounds.io.history.chunks import Reader, refuse_absent
from numerai_rounds.io.history.prefetch import ahead


@dataclass(frozen=True)
class EraRows:
    """The rows of one era.

    `ids` is text; `features` int8 (rows, columns), the rows of a column side by side; `target` float32 (rows,) with
    NaN where unknown; `more_targets` are others, by name.
    """

    era: str
    ids: pa.Array
    features: np.ndarray
    target: np.ndarray
    more_targets: Mapping[str, np.ndarray] = field(default_factory=dict)

    def resolved(self) -> "EraRows":
        """The rows whose target is known."""
        known = np.isfinite(self.target)
        if known.all():
            return self
        features = np.compress(known, self.features.T, axis=1).T
        more = {name: target[known] for name, target in self.more_targets.items()}
        return EraRows(self.era, self.ids.filter(pa.array(known)), features, self.target[known], more)


def side_of(side: str) -> manifest.Side:
    """What a side of the history consists of, as `fetch` wrote it; DataError where it is absent or damaged."""
    return manifest.read(paths.raw("history", side), vouched.read)


def feature_names(side: str) -> list[str]:
    """Every feature of a side of the history, in the order of its columns."""
    return side_of(side).features


def feature_sets() -> dict[str, list[str]]:
    """The named feature sets of features.json; DamagedError where it is not what `fetch` wrote."""
    path = paths.raw("history", "features")
    return features_file.parsed(vouched.read(path), str(path)).feature_sets


def era_table(target: str) -> pd.DataFrame:
    """One row an era: `era`, `data_type`, `rows`, `resolved` (rows whose target is known); in order.

    Raises ConfigurationError for a target that does not exist, or the alias where it hides another one.
    """
    sides = {side: side_of(side) for side in SIDES}
    known = [name for name in sides[TRAIN].targets if name in sides[VALIDATION].targets]
    check_target(target, known)
    if target == ALIAS:
        _refuse_alias(sides, [name for name in known if name != ALIAS])
    rows = [
        (era.era, era.data_type, era.rows, int(np.isfinite(values[start:stop]).sum()))
        for side, held in sides.items()
        for chunk in held.chunks
        for values in [target_files.read(paths.raw("history", side), chunk, [target])[target].to_numpy()]
        for era, start, stop in chunk.bounds()
    ]
    return pd.DataFrame(rows, columns=[ERA, DATA_TYPE, "rows", "resolved"])


def check_target(name: str, known: Sequence[str], key: str = "target") -> None:
    """Refuse a target that is none of `known`; the ConfigurationError names the nearest, and the `key` to change."""
    if name not in known:
        raise ConfigurationError(f"{key} is {name!r}, which the data does not have: {one_of(name, _named(known))}")


def target_names(side: str) -> list[str]:
    """Every target of a side of the history, in the order of its columns."""
    return side_of(side).targets


def eras(side: str, data_type: str) -> list[str]:
    """The eras of a side that are of one data_type, in order."""
    held = side_of(side)
    return [era.era for chunk in held.chunks for era in chunk.eras if era.data_type == data_type]


def ids(side: str) -> Iterator[pa.Array]:
    """All ids of a side, as text, a chunk at a time."""
    return target_files.ids(paths.raw("history", side), side_of(side))


def read(
    side: str,
    eras: Collection[str],
    features: Sequence[str],
    target: str,
    missing_features: str,
    more_targets: Sequence[str] = (),
) -> Iterator[EraRows]:
    """Yield the rows of `eras` of a side, one era at a time, in order; memory holds at most three chunks' columns.

    Absent features become the middle level or are refused with a DataError, as `missing_features` says.
    ConfigurationError for a feature, target or era that the side does not have.
    """
    reader = _reader(side, missing_features)
    known = reader.side
    for kind, asked, there in (
        ("feature", features, known.features),
        ("target", [target, *more_targets], known.targets),
        ("era", eras, list(known.eras)),
    ):
        if absent := set(asked).difference(there):
            name = min(absent)
            raise ConfigurationError(f"{side} has no {kind} {name!r}: {one_of(name, _named(list(there)))}")
    for chunk in ahead(_chunks(reader, set(eras), features, [target, *more_targets])):
        yield from chunk


class TrainingRows:
    """The rows to train on: those of `eras` of the train side whose target is known (see `domain.model.Rows`)."""

    def __init__(self, eras: Sequence[str], names: list[str], target: str, missing_features: str) -> None:
        """Read the target; features are read when they are asked for."""
        self.names = names
        self._reader = _reader(TRAIN, missing_features)
        self._chunks: list[tuple[manifest.Chunk, np.ndarray]] = []
        """Chunks with any of the rows, and which of their rows those are."""
        pieces, wanted = [np.empty(0, np.float32)], set(eras)
        for chunk in self._reader.side.chunks:
            if wanted.isdisjoint(era.era for era in chunk.eras):
                continue
            values = self._reader.table(chunk, [target])[target].to_numpy()
            kept = np.repeat([era.era in wanted for era in chunk.eras], [era.rows for era in chunk.eras])
            rows = np.flatnonzero(kept & np.isfinite(values))
            if rows.size:
                self._chunks.append((chunk, rows))
            pieces.append(values[rows])
        self.target: np.ndarray = np.concatenate(pieces)

    def columns(self, start: int, stop: int) -> np.ndarray:
        """Some features of all rows: int8 (rows, stop - start), columns contiguous."""
        matrix = np.empty((stop - start, len(self.target)), np.int8)
        first = 0
        for block in ahead(self._levels(self.names[start:stop])):
            matrix[:, first : first + block.shape[1]] = block
            first += block.shape[1]
        return matrix.T

    def blocks(self) -> Iterator[np.ndarray]:
        """All features of some rows at a time, in order: int8 (some rows, features), columns contiguous."""
        for block in ahead(self._levels(self.names)):
            yield block.T

    def _levels(self, names: list[str]) -> Iterator[np.ndarray]:
        for chunk, rows in self._chunks:
            block = self._reader.features(chunk, names, rows)
            yield block if len(rows) == chunk.rows else np.take(block, rows, axis=1)


def read_live(features: Sequence[str], missing_features: str) -> tuple["pd.Index[str]", np.ndarray]:
    """Ids and features (int8) of the live era, in the order of the file; DataError where features are absent."""
    table = live.table([ID, *features])
    matrix = np.empty((len(features), table.num_rows), dtype=np.int8)
    for number, name in enumerate(features):
        column = target_files.of_type(table.column(name), pa.int8())
        if column.null_count:
            refuse_absent(name, column.null_count, "the live era", missing_features)
            column = pc.fill_null(column, pa.scalar(FEATURE_MIDDLE, column.type))
        matrix[number] = column.to_numpy()
    return pd.Index(table.column(ID).to_pylist(), name=ID), matrix.T


def _chunks(
    reader: Reader, wanted: set[str], features: Sequence[str], targets: Sequence[str]
) -> Iterator[list[EraRows]]:
    """The wanted eras of each chunk that has any."""
    for chunk in reader.side.chunks:
        bounds = [bound for bound in chunk.bounds() if bound[0].era in wanted]
        if bounds:
            table = reader.table(chunk, [ID, *targets])
            ids, (values, *more) = table[ID].combine_chunks(), [table[name].to_numpy() for name in targets]
            rows = np.concatenate([np.arange(start, stop) for _, start, stop in bounds])
            columns = reader.features(chunk, features, rows)
            yield [
                EraRows(
                    era.era,
                    ids[start:stop],
                    columns[:, start:stop].T,
                    values[start:stop],
                    {name: other[start:stop] for name, other in zip(targets[1:], more, strict=True)},
                )
                for era, start, stop in bounds
            ]


def _reader(side: str, missing_features: str) -> Reader:
    return Reader(side_of(side), paths.raw("history", side), missing_features)


def _named(known: Sequence[str]) -> list[str]:
    """Without the alias `target` beside other targets: it would be refused."""
    names = [name for name in known if name != ALIAS]
    return names or list(known)


def _refuse_alias(sides: dict[str, manifest.Side], names: Sequence[str]) -> None:
    """Say which target the alias stands for; without any other target, the alias is the target."""
    same = list(names)
    for side, held in sides.items():
        for chunk in held.chunks:
            table = target_files.read(paths.raw("history", side), chunk, [ALIAS, *same])
            alias = table[ALIAS].to_numpy()
            same = [name for name in same if np.array_equal(table[name].to_numpy(), alias, equal_nan=True)]
    if names:
        meaning = f"it equals {same[0]} here" if same else "it equals none of the named targets here"
        advice = (
            f"Write {same[0]} instead, as in `rounds compose target={same[0]}`"
            if same
            else f"Name one of them: {some(names)}"
        )
        raise ConfigurationError(f"`target` is an alias that moves between data versions; {meaning}. {advice}.")
