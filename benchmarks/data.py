"""The data that is measured on: a folder of files in the layout of v5, made here or given.

Functions that touch the files run in a process of their own (`measure.call`): this one stays small.
"""

import json
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import measure
from benchmarks.measure import WorkError

TRAIN_ERAS, VALIDATION_ERAS, TEST_ERAS = 574, 650, 20
"""Of the real history. The newest are not yet resolved: as many at every scale, since they do not grow with it."""

FEWEST_TRAIN, FEWEST_VALIDATION = 24, 6
"""Eras at the smallest scale: a purge of 16 leaves some to train on."""

TARGET = "target_ender_60"
"""The pipeline's own default."""

FILES = ("features.json", "train.parquet", "validation.parquet", "live.parquet")
EXTRAS = ("validation_benchmark_models", "meta_model")
"""Roles that predictions are compared with; a folder may lack their files."""

TOGETHER = 15
"""Row groups that become one: the real validation.parquet has row groups of a million rows."""

MARKET = "market.json"
"""Written last, so that a folder that has it is complete."""


@dataclass(frozen=True)
class Size:
    """How large a market is made."""

    scale: float
    """Share of the real history's eras."""
    features: int = 3_555
    rows_per_era: int = 7_100

    @property
    def train_eras(self) -> int:
        """Eras of train.parquet."""
        return max(FEWEST_TRAIN, round(self.scale * TRAIN_ERAS))

    @property
    def validation_eras(self) -> int:
        """Resolved eras of validation.parquet."""
        return max(FEWEST_VALIDATION, round(self.scale * VALIDATION_ERAS))


@dataclass(frozen=True)
class Data:
    """Files to measure on, and how much they hold."""

    folder: Path
    sets: dict[str, int]
    """Features in each named set."""
    rows: dict[str, int]
    """Rows of `train` and `validation`."""
    eras: int
    """Of both together."""

    @property
    def features(self) -> int:
        """All of them."""
        return self.sets["all"]

    def __str__(self) -> str:
        """For people."""
        rows = sum(self.rows.values())
        return f"{self.eras:,} eras, {rows:,} rows ({self.rows['train']:,} of train) x {self.features:,} features"


def given(folder: Path) -> Data:
    """The files in a folder; WorkError where one is missing."""
    absent = [name for name in FILES if not (folder / name).exists()]
    if absent:
        raise WorkError(f"{folder} lacks {', '.join(absent)}: it must hold {', '.join(FILES)}")
    facts = measure.done(measure.call(_facts, folder)).answer
    return Data(folder, facts["sets"], facts["rows"], facts["eras"])


def made(size: Size, scratch: Path) -> Data:
    """The files of a synthetic market, made in the scratch folder unless it has them."""
    name = f"{size.features}-features-{size.train_eras}-{size.validation_eras}-eras-of-{size.rows_per_era}"
    folder = scratch / f"data-{name}"
    measure.done(measure.call(_make, folder, asdict(size), size.train_eras, size.validation_eras))
    return given(folder)


def names(folder: str, chosen: str) -> list[str]:
    """The features of a named set."""
    sets = json.loads((Path(folder) / "features.json").read_text(encoding="utf-8"))["feature_sets"]
    return [str(name) for name in sets[chosen]]


def _facts(folder: str) -> dict[str, Any]:
    import pyarrow.parquet as pq

    sets = json.loads((Path(folder) / "features.json").read_text(encoding="utf-8"))["feature_sets"]
    eras = {role: pq.read_table(Path(folder, f"{role}.parquet"), columns=["era"]) for role in ("train", "validation")}
    return {
        "sets": {name: len(members) for name, members in sets.items()},
        "rows": {role: table.num_rows for role, table in eras.items()},
        "eras": sum(len(table.column("era").unique()) for table in eras.values()),
    }


def _make(path: str, size: dict[str, Any], train_eras: int, validation_eras: int) -> None:
    from numerai_rounds.io.market.files import write_features, write_rows
    from numerai_rounds.io.market.size import Market
    from numerai_rounds.io.sources.sample import GENERATOR

    folder = Path(path)
    market = Market(
        seed=1,
        features=size["features"],
        train_eras=train_eras,
        validation_eras=validation_eras,
        test_eras=TEST_ERAS,
        rows_per_era=size["rows_per_era"],
        first_round=1,
    )
    made_from = market.model_dump() | {"generator": GENERATOR, "pyarrow": version("pyarrow")}
    mark = folder / MARKET
    if mark.exists() and json.loads(mark.read_text(encoding="utf-8")) == made_from:
        return
    mark.unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    write_features(market, folder / "features.json")
    for role in ("train", "validation", "live", *EXTRAS):
        write_rows(market, role, 1, folder / f"{role}.parquet")
    _regroup(folder / "validation.parquet")
    mark.write_text(json.dumps(made_from), encoding="utf-8")


def _regroup(path: Path) -> None:
    """Write a file again with large row groups."""
    import pyarrow.parquet as pq

    source = path.rename(path.with_suffix(".small"))
    with pq.ParquetFile(source) as file, pq.ParquetWriter(path, file.schema_arrow, compression="zstd") as writer:
        for start in range(0, file.num_row_groups, TOGETHER):
            groups = range(start, min(start + TOGETHER, file.num_row_groups))
            table = file.read_row_groups(list(groups))
            writer.write_table(table, row_group_size=table.num_rows)
    source.unlink()
