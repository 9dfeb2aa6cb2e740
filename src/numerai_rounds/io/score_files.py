"""The files that scores are kept in: headlines as JSON, everything else as tables."""

import json
import math
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from numerai_rounds.base.columns import ERA
from numerai_rounds.base.errors import DataError
from numerai_rounds.io import atomic, tables

HEADLINES = Path("validation.json")
COMPARED = Path("compare.json")
"""What DVC compares experiments by: on one line, so that a change of it is one for who reviews."""

COMPARISON = ("corr_mean", "corr_sharpe", "mmc_mean", "payout_mean")
"""Figures of `COMPARED`, as many as a table of experiments has room for."""

FILES = {
    "per_era": Path("per_era.csv"),
    "summary": Path("summary.csv"),
    "by_year": Path("by_year.csv"),
    "exposure": Path("exposure.csv"),
    "exposure_groups": Path("exposure_groups.csv"),
    "left_out": Path("left_out.csv"),
    "curves": Path("plots", "curves.csv"),
}
"""Name of a table -> its file, in the folder of scores."""

IN_GIT = ("per_era", "summary", "left_out")
"""Tables that git keeps; the others change wholesale with every change, and are DVC's."""

FIRST = (ERA, "score", "feature", "group", "what")
"""What the first column of a table is called."""

RESTORE = "`dvc repro` makes it again."


@dataclass(frozen=True)
class Scores:
    """What is kept about the scores of one column of predictions."""

    headlines: dict[str, float]
    tables: dict[str, pd.DataFrame]
    """By the names in `FILES`."""


def write(scores: Scores, folder: Path) -> None:
    """Write everything to a folder, the headlines last."""
    for name, file in FILES.items():
        tables.write_csv(scores.tables[name], folder / file, tables.DECIMALS)
    compared = {
        name: round(value, tables.DECIMALS)
        for name in COMPARISON
        if (value := statistic(scores.tables["summary"], *name.rsplit("_", 1))) is not None
    }
    atomic.write_text(folder / COMPARED, json.dumps(compared, allow_nan=False) + "\n")
    tables.write_metrics(scores.headlines, folder / HEADLINES)


def statistic(summary: pd.DataFrame, score: str, name: str) -> float | None:
    """A statistic of a score, such as `corr` and `mean`; None where the table `summary` has none."""
    if name not in summary:
        return None
    values = summary.loc[summary["score"] == score, name]
    value = float(values.iloc[0]) if len(values) else math.nan
    return value if math.isfinite(value) else None


def read(folder: Path, names: Collection[str] = tuple(FILES)) -> Scores:
    """Scores as written by `write`, some of the tables; DataError where a file is missing or holds something else."""
    if not (folder / HEADLINES).exists():
        raise DataError(f"{folder / HEADLINES} is missing. {RESTORE}")
    found = {name: _table(folder / FILES[name]) for name in names}
    return Scores(tables.read_metrics(folder / HEADLINES), found)


def _table(path: Path) -> pd.DataFrame:
    try:
        table = tables.read_csv(path)
    except FileNotFoundError:
        raise DataError(f"{path} is missing. {RESTORE}") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError):
        table = pd.DataFrame({"": []})
    if table.columns[0] not in FIRST:
        raise DataError(f"{path} is no table of scores. {RESTORE}")
    return table
