"""A market in memory: made as files and read back, or read from a folder of files in the layout of v5."""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from numerai_rounds.base.columns import DATA_TYPE, ERA, FEATURE_MIDDLE, ID, TRAIN, VALIDATION, is_feature, is_target
from numerai_rounds.base.eras import era_number
from numerai_rounds.base.errors import DataError, some
from numerai_rounds.io import market as generator
from numerai_rounds.io.market.size import Market

MAIN = "target_ender_60"
"""The target that everything is scored on, unless another is named."""

OTHERS = ("validation_benchmark_models", "meta_model")
"""Roles with predictions for the validation eras; a folder may lack them."""

ROLES = (TRAIN, VALIDATION, *OTHERS)
BATCH = 65_536
"""Rows that are read together."""

DONE = "made.json"
"""Written last, so that a folder that has it is complete."""

Levels = NDArray[np.int8]
Floats = NDArray[np.float64]
Places = NDArray[np.intp]


class AbsentError(Exception):
    """Something that a statistic needs and a folder lacks; its text is what."""


@dataclass(frozen=True)
class Side:
    """The train or the validation eras."""

    eras: list[str]
    starts: Places
    """Where each era begins, and where the last one ends: shape (eras + 1,)."""
    levels: Levels
    """Levels 0 to 4, shape (features, rows); an absent one is the middle."""
    targets: Mapping[str, NDArray[np.float32]]
    """By name, shape (rows,), NaN where not known."""
    others: Mapping[str, Floats] = field(default_factory=dict)
    """Predictions of others by name, shape (rows,), NaN where they have none; of the validation eras alone."""

    def target(self, name: str) -> NDArray[np.float32]:
        """A target, shape (rows,), NaN where not known; AbsentError where there is none of the name."""
        if name not in self.targets:
            raise AbsentError(name)
        return self.targets[name]

    def slices(self) -> Iterator[slice]:
        """The rows of each era."""
        for start, stop in zip(self.starts[:-1], self.starts[1:], strict=True):
            yield slice(int(start), int(stop))

    @property
    def rows(self) -> Places:
        """Rows of each era, shape (eras,)."""
        return np.diff(self.starts)

    @property
    def numbers(self) -> Places:
        """The numbers of the eras, shape (eras,)."""
        return np.array([era_number(era) for era in self.eras])


@dataclass(frozen=True)
class Sample:
    """What is measured."""

    names: list[str]
    """Features, in the order of `Side.levels`."""
    sets: Mapping[str, list[str]]
    train: Side
    validation: Side
    """Eras of data_type validation in which the main target is known."""
    market: Market | None = None
    """What it was made from, if it was."""

    def places(self, names: Sequence[str]) -> Places:
        """Where some features are; AbsentError where one is not."""
        found = pd.Index(self.names).get_indexer(pd.Index(names))
        absent = [name for name, place in zip(names, found, strict=True) if place < 0]
        if absent:
            raise AbsentError(some(absent))
        return found


def made(market: Market, scratch: Path) -> Path:
    """A folder with the files of a market in its first round; those of the same market and generator are kept."""
    wanted = market.model_dump() | {"generator": _digest(), "pyarrow": version("pyarrow")}
    eras = f"{market.train_eras}-{market.validation_eras}-{market.test_eras}"
    folder = scratch / f"seed-{market.seed}-{market.features}-{eras}-{market.rows_per_era}"
    done = folder / DONE
    if done.exists() and json.loads(done.read_text(encoding="utf-8")) == wanted:
        return folder
    from numerai_rounds.io.market import files

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    files.write_features(market, folder / "features.json")
    for role in ROLES:
        files.write_rows(market, role, market.first_round, folder / f"{role}.parquet")
    done.write_text(json.dumps(wanted), encoding="utf-8")
    return folder


def read(folder: Path, every: int = 1) -> Sample:
    """Read a folder, every n-th era of it; it may lack the files of `OTHERS`.

    DataError where there is nothing to measure.
    """
    for name in ("features.json", f"{TRAIN}.parquet", f"{VALIDATION}.parquet"):
        if not (folder / name).is_file():
            raise DataError(f"there is no {folder / name}: a folder in the layout of v5 has it.")
    sets = json.loads((folder / "features.json").read_text(encoding="utf-8"))["feature_sets"]
    schema = pq.read_schema(folder / f"{TRAIN}.parquet").names
    names = [name for name in schema if is_feature(name)]
    targets = [name for name in schema if is_target(name)]
    train, _ = _side(folder / f"{TRAIN}.parquet", names, targets, TRAIN, every)
    validation, ids = _side(folder / f"{VALIDATION}.parquet", names, targets, VALIDATION, every)
    others: dict[str, Floats] = {}
    for role in OTHERS:
        if (folder / f"{role}.parquet").exists():
            others |= _predictions(folder / f"{role}.parquet", ids)
    return Sample(names, sets, train, replace(validation, others=others), _market(folder))


def _market(folder: Path) -> Market | None:
    if not (folder / DONE).exists():
        return None
    wanted = json.loads((folder / DONE).read_text(encoding="utf-8"))
    return Market(**{key: value for key, value in wanted.items() if key in Market.model_fields})


def _side(path: Path, names: list[str], targets: list[str], data_type: str, every: int) -> tuple[Side, pd.Index]:
    _check(path, [ERA, DATA_TYPE, MAIN], names)
    eras, kept = _kept(path, data_type, every)
    if not kept.any():
        raise DataError(f"{path} has no era of data_type {data_type} in which {MAIN} is known.")
    labels = eras[kept]
    changes = np.flatnonzero(labels[1:] != labels[:-1]) + 1
    starts = np.concatenate([[0], changes, [len(labels)]]).astype(np.intp)
    levels = np.empty((len(names), len(labels)), np.int8)
    answers = {name: np.empty(len(labels), np.float32) for name in targets}
    ids: list[str] = []
    read = place = 0
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(BATCH, columns=[*names, *targets, ID]):
            here = np.flatnonzero(kept[read : read + len(batch)])
            read += len(batch)
            if not len(here):
                continue
            part, stop = batch if len(here) == len(batch) else batch.take(pa.array(here)), place + len(here)
            for row, name in zip(levels, names, strict=True):
                row[place:stop] = pc.fill_null(part.column(name), FEATURE_MIDDLE).to_numpy(zero_copy_only=False)
            for name, values in answers.items():
                values[place:stop] = part.column(name).to_numpy(zero_copy_only=False)
            ids += part.column(ID).to_pylist()
            place = stop
    return Side([str(labels[start]) for start in starts[:-1]], starts, levels, answers), pd.Index(ids)


def _check(path: Path, needed: Sequence[str], features: Sequence[str]) -> None:
    """DataError where a file lacks columns, or has features that are no levels."""
    schema = pq.read_schema(path)
    absent = [name for name in [*needed, *features] if name not in schema.names]
    if absent:
        raise DataError(f"{path} lacks {some(absent)}: v5 has it, and train has the features of validation.")
    others = [name for name in features if not pa.types.is_integer(schema.field(name).type)]
    if others or not features:
        raise DataError(
            f"{path}: features are levels 0 to 4, as integers (not so: {some(others) or 'there are none'})."
        )


def _kept(path: Path, data_type: str, every: int) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """The era of each row, and whether it is kept: every n-th of the data type in which the main target is known."""
    table = pq.read_table(path, columns=[ERA, DATA_TYPE, MAIN]).to_pandas()
    eras = table[ERA].astype(str)
    right = (table[DATA_TYPE].astype(str) == data_type) & table[MAIN].notna()
    chosen = eras[right].unique()[::every]
    return eras.to_numpy(object), (eras.isin(chosen) & (table[DATA_TYPE].astype(str) == data_type)).to_numpy()


def _predictions(path: Path, ids: pd.Index) -> dict[str, Floats]:
    table = pq.read_table(path).to_pandas()
    if ID in table:
        table = table.set_index(ID)
    models = table.select_dtypes("number").reindex(ids)
    return {str(name): models[name].to_numpy(np.float64) for name in models}


def _digest() -> str:
    """Of the generator's code."""
    hashed = hashlib.sha256()
    for path in sorted(Path(generator.__file__).parent.glob("*.py")):
        hashed.update(path.read_bytes())
    return hashed.hexdigest()
