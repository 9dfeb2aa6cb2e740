"""Tiny folders of tournament files, in today's layout and in the old one, to be broken by tests.

market = tiny.market()
market.train.iloc[0, 2] = 9
tiny.write_v5(tmp_path / "files", market)
"""

import copy
import json
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

GROUPS = ("intelligence", "charisma", "strength")
FEATURES = [f"feature_{group}{number}" for group in GROUPS for number in range(1, 5)]
TARGETS = ["target", "target_ender_20", "target_ender_60", "target_agnes_20"]
MAIN_TARGET = "target_ender_60"

LISTED = {
    "feature_sets": {"small": FEATURES[:4], "medium": FEATURES[2:10], "all": FEATURES},
    "targets": TARGETS,
}
"""The content of the tiny features.json."""

TRAIN_ERAS, VALIDATION_ERAS, TEST_ERAS = 30, 12, 2
ROWS_PER_ERA = 24
TARGET_LEVELS = np.array([0, 0.25, 0.5, 0.75, 1], dtype=np.float32)


@dataclass
class Market:
    """Every file of a tournament; change its tables before writing them."""

    train: pd.DataFrame
    validation: pd.DataFrame
    live: pd.DataFrame
    features: dict[str, Any]
    extras: dict[str, pd.DataFrame] = field(default_factory=dict)


def market(seed: int = 0, features: dict[str, Any] = LISTED) -> Market:
    """Eras 0001 to 0030 of train, 0031 to 0042 of validation, 0043 and 0044 of test, and a live era; 24 rows each.

    `features` is the content of a features.json: the tables have the features of its set `all`, and its targets.
    """
    random = np.random.default_rng(seed)
    last = TRAIN_ERAS + VALIDATION_ERAS
    names, targets = features["feature_sets"]["all"], features["targets"]
    table = partial(_table, random, names, targets)
    validation = pd.concat(
        [table(_eras(TRAIN_ERAS, last), "validation"), table(_eras(last, last + TEST_ERAS), "test", resolved=False)]
    )
    return Market(
        train=table(_eras(0, TRAIN_ERAS), "train"),
        validation=validation,
        live=table(["X"], "live", resolved=False),
        features=copy.deepcopy(features),
        extras={"meta_model": _meta_model(random, validation)},
    )


def published(seed: int = 0) -> Market:
    """The old tournament: monthly eras, in the order in which they were published, which is not that of their numbers.

    Train 1 to 120; then validation 121 to 132, test 575 to 579, validation 197 to 212, test 580 to 582; then the live
    era with some test rows. 24 rows each.
    """
    random = np.random.default_rng(seed)
    table = partial(_table, random, FEATURES, TARGETS)
    early, late, first, second = (
        [f"{number:04d}" for number in numbers]
        for numbers in (range(121, 133), range(197, 213), range(575, 580), range(580, 583))
    )
    tournament = [
        table(early, "validation"),
        table(first, "test", resolved=False),
        table(late, "validation"),
        table(second, "test", resolved=False),
    ]
    return Market(
        train=table(_eras(0, 120), "train"),
        validation=pd.concat(tournament),
        live=pd.concat([table(["X"], "test", resolved=False), table(["X"], "live", resolved=False)]),
        features=copy.deepcopy(LISTED),
    )


def write_v5(folder: Path, tables: Market, **options: Any) -> Path:
    """Write `tables` in the layout of v5.3; `options` go to pandas' to_parquet."""
    folder.mkdir(parents=True, exist_ok=True)
    for role in ("train", "validation", "live"):
        getattr(tables, role).to_parquet(folder / f"{role}.parquet", **options)
    for role, table in tables.extras.items():
        table.to_parquet(folder / f"{role}.parquet", **options)
    (folder / "features.json").write_text(json.dumps(tables.features))
    return folder


def write_old(folder: Path, tables: Market, target: str = "target") -> Path:
    """Write `tables` as the two CSVs of the old tournament, with one target."""
    folder.mkdir(parents=True, exist_ok=True)
    write_csv(folder / "numerai_training_data.csv", old_table(tables.train, target))
    tournament = old_table(pd.concat([tables.validation, tables.live]), target)
    write_csv(folder / "numerai_tournament_data.csv", tournament)
    return folder


def old_table(table: pd.DataFrame, target: str = "target") -> pd.DataFrame:
    """A table as it was: ids as a column, eras `era1` and `eraX`, features 0 to 1, one target."""
    features = [name for name in table if name.startswith("feature_")]
    old = table[["era", "data_type", *features]].reset_index()
    old["era"] = "era" + old["era"].str.lstrip("0")
    old[features] = old[features].astype(float) / 4
    old[target] = table[MAIN_TARGET].to_numpy()
    return old


def write_csv(path: Path, table: pd.DataFrame) -> None:
    """Write a table as a CSV without an index."""
    table.to_csv(path, index=False)


def _eras(after: int, last: int) -> list[str]:
    return [f"{number:04d}" for number in range(after + 1, last + 1)]


def _table(
    random: np.random.Generator,
    names: list[str],
    targets: list[str],
    eras: list[str],
    data_type: str,
    resolved: bool = True,
) -> pd.DataFrame:
    """Rows of v5.3's schema; the targets follow the first two features a little."""
    rows = ROWS_PER_ERA * len(eras)
    levels = random.integers(0, 5, (rows, len(names)), dtype=np.int8)
    signal = levels[:, 0] + levels[:, 1] - 4
    columns: dict[str, Any] = {"era": np.repeat(eras, ROWS_PER_ERA), "data_type": data_type}
    columns |= dict(zip(names, levels.T, strict=True))
    for name in targets:
        columns[name] = _target(signal + random.normal(0, 6, rows)) if resolved else np.full(rows, np.nan, np.float32)
    columns["target"] = columns[MAIN_TARGET]
    ids = pd.Index([f"n{number:015x}" for number in random.integers(0, 2**60, rows)], name="id")
    return pd.DataFrame(columns, index=ids)


def _target(values: np.ndarray) -> np.ndarray:
    """Levels in the tournament's proportions: 5, 20, 50, 20 and 5 % of all rows."""
    ranks = values.argsort().argsort() / len(values)
    return TARGET_LEVELS[np.searchsorted([0.05, 0.25, 0.75, 0.95], ranks, side="right")]


def _meta_model(random: np.random.Generator, validation: pd.DataFrame) -> pd.DataFrame:
    recent = validation[validation["era"] > f"{TRAIN_ERAS + 6:04d}"]
    return recent[["era", "data_type"]].assign(numerai_meta_model=random.random(len(recent)))
