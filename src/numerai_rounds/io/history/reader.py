"""The one reader of fetched data: whole eras, in order, any columns."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from numerai_rounds.base.columns import ALIAS, DATA_TYPE, ERA, ID, TRAIN, VALIDATION
from numerai_rounds.base.roles import SIDES, file_name
from numerai_rounds.io.files import paths, vouched
from numerai_rounds.io.history import asked, features_file, manifest
from numerai_rounds.io.history import targets as target_files
from numerai_rounds.io.history.chunks import Chunks
from numerai_rounds.io.history.packed import Levels
from numerai_rounds.io.history.prefetch import ahead
from numerai_rounds.io.history.training import TrainingRows


@dataclass(frozen=True)
class EraRows:
    """The rows of one era."""

    era: str
    ids: pa.Array
    """Text."""
    features: Levels
    """Shape (features, rows)."""
    targets: Mapping[str, np.ndarray]
    """By name: float32 (rows,), NaN where not known."""

    def known(self, target: str) -> "EraRows":
        """The rows whose target is known; itself where all are."""
        rows = np.isfinite(self.targets[target])
        if rows.all():
            return self
        targets = {name: values[rows] for name, values in self.targets.items()}
        return EraRows(self.era, self.ids.filter(pa.array(rows)), np.compress(rows, self.features, axis=1), targets)


class History:
    """The fetched history, as `fetch` wrote it; what a side consists of is read and verified once, when it is needed.

    It can be pickled: another process reads the same files, and verifies no side again that was verified here.
    """

    def __init__(self, folder: Path = paths.HISTORY, missing_features: str = "middle") -> None:
        """Read from a folder; absent features become the middle level, or are refused: `missing_features`."""
        self.folder = folder
        self._missing = missing_features
        self._sides: dict[str, manifest.Side] = {}

    def __getstate__(self) -> dict[str, object]:
        """Another process may work in another folder."""
        return self.__dict__ | {"folder": self.folder.absolute()}

    def side(self, name: str) -> manifest.Side:
        """What a side consists of; DataError where it is absent, DamagedError where its manifest is damaged."""
        if name not in self._sides:
            self._sides[name] = manifest.read(self.folder / name, vouched.read)
        return self._sides[name]

    def features(self, side: str) -> list[str]:
        """Every feature of a side, in the order of its columns."""
        return self.side(side).features

    def targets(self, side: str) -> list[str]:
        """Every target of a side, in the order of its columns."""
        return self.side(side).targets

    def feature_sets(self) -> dict[str, list[str]]:
        """The named feature sets of features.json; DamagedError where it is not what `fetch` wrote."""
        path = self.folder / file_name("features")
        return features_file.parsed(vouched.read(path), str(path)).feature_sets

    def eras(self, side: str, data_type: str) -> list[str]:
        """The eras of a side that are of one data_type, in order."""
        return [era.era for era in self.side(side).eras.values() if era.data_type == data_type]

    def ids(self, side: str) -> Iterator[pa.Array]:
        """All ids of a side, as text, a chunk at a time."""
        return target_files.ids(self.folder / side, self.side(side))

    def era_table(self, target: str) -> pd.DataFrame:
        """One row an era: `era`, `data_type`, `rows`, `resolved` (rows whose target is known); in order.

        Raises ConfigurationError for a target that does not exist, or the alias where it hides another one.
        """
        self.check_target(target)
        rows = [
            (era.era, era.data_type, era.rows, int(np.isfinite(values[start:stop]).sum()))
            for chunk, table in self._tables([target])
            for values in [table[target].to_numpy()]
            for era, start, stop in chunk.bounds()
        ]
        return pd.DataFrame(rows, columns=[ERA, DATA_TYPE, "rows", "resolved"])

    def check_target(self, target: str) -> None:
        """Refuse a target that is not on both sides, and the alias where it hides another, as `era_table` does."""
        known = [name for name in self.targets(TRAIN) if name in self.targets(VALIDATION)]
        asked.check_target(target, known)
        if target == ALIAS:
            named = [name for name in known if name != ALIAS]
            asked.refuse_alias((table for _, table in self._tables([ALIAS, *named])), named)

    def read(
        self, side: str, eras: Collection[str], features: Sequence[str] = (), targets: Sequence[str] = ()
    ) -> Iterator[EraRows]:
        """Yield the rows of `eras` of a side, one era at a time, in order.

        Memory holds one chunk as it is packed and, unpacked, two eras beside that of the caller. Absent features become
        the middle level or are refused with a DataError. ConfigurationError for a feature, target or era that the side
        does not have.
        """
        known = self.side(side)
        asked.check(
            side,
            {"feature": (features, known.features), "target": (targets, known.targets), "era": (eras, [*known.eras])},
        )
        return ahead(self._read(side, set(eras), features, targets))

    def training(self, eras: Sequence[str], features: list[str], target: str) -> TrainingRows:
        """The rows to train on: those of `eras` of the train side whose target is known."""
        return TrainingRows(self._chunks(TRAIN), eras, features, target)

    def _read(self, side: str, wanted: set[str], features: Sequence[str], targets: Sequence[str]) -> Iterator[EraRows]:
        chunks = self._chunks(side)
        bounds = {
            chunk.name: [(era.era, start, stop) for era, start, stop in chunk.bounds() if era.era in wanted]
            for chunk in chunks.side.chunks
        }
        there = [chunk for chunk in chunks.side.chunks if bounds[chunk.name]]
        levels = chunks.eras([(chunk, [place[1:] for place in bounds[chunk.name]]) for chunk in there], features)
        for chunk in there:
            table = chunks.table(chunk, [ID, *targets])
            ids = table[ID].combine_chunks()
            columns = {name: table[name].to_numpy() for name in targets}
            for era, start, stop in bounds[chunk.name]:
                values = {name: column[start:stop] for name, column in columns.items()}
                yield EraRows(era, ids[start:stop], next(levels), values)

    def _tables(self, columns: list[str]) -> Iterator[tuple[manifest.Chunk, pa.Table]]:
        """Columns of every chunk of both sides."""
        for side in SIDES:
            for chunk in self.side(side).chunks:
                yield chunk, target_files.read(self.folder / side, chunk, columns)

    def _chunks(self, side: str) -> Chunks:
        return Chunks(self.side(side), self.folder / side, self._missing)
