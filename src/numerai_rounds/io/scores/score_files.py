"""The files that scores are kept in: headlines as JSON, everything else as tables."""

import json
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pandas.api.types import is_numeric_dtype

from numerai_rounds.base.columns import ERA
from numerai_rounds.base.errors import DataError, some
from numerai_rounds.io.files import atomic, tables
from numerai_rounds.io.scores.rough import is_few, rough

HEADLINES = Path("validation.json")
COMPARED = Path("compare.json")
"""What DVC compares experiments by: on one line, so that a change of it is one for who reviews."""

COMPARISON = {"corr": ("mean", "sharpe"), "mmc": ("mean",), "payout": ("mean",)}
"""Statistics of scores in `COMPARED`, as many as a table of experiments has room for."""

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

COUNTS = ("eras", "eras_unscored", "rows")
"""Headlines that are no figures, and always there."""

NEEDED = {
    "per_era": (ERA,),
    "summary": (
        *("score", "target", "eras", "mean", "mean_low", "mean_high", "std", "sharpe", "sharpe_low", "sharpe_high"),
        *("hit_rate", "max_drawdown", "worst", "worst_era"),
    ),
    "left_out": ("what", "why"),
}
"""Columns that a table has to have to be shown."""

WORDS = (ERA, "score", "target", "worst_era", "what", "why")
"""Columns of those that hold no numbers."""

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
    atomic.write_text(folder / COMPARED, json.dumps(_compared(scores.tables["summary"]), allow_nan=False) + "\n")
    tables.write_metrics(scores.headlines, folder / HEADLINES)


def _compared(summary: pd.DataFrame) -> dict[str, float]:
    """The figures that experiments are compared by.

    Of what rests on too few eras, CORR alone is there: roughly, with their number as `eras`.
    """
    found: dict[str, float] = {}
    for row in summary.astype(object).to_dict("records"):
        names = COMPARISON.get(row["score"], ())
        values = {f"{row['score']}_{name}": row[name] for name in names if math.isfinite(row[name])}
        if not is_few(row):
            found |= {name: round(value, tables.DECIMALS) for name, value in values.items()}
        elif row["score"] == "corr":
            found |= {name: float(rough(value)) for name, value in values.items()} | {"eras": int(row["eras"])}
    return found


def read(folder: Path, names: Collection[str] = tuple(FILES)) -> Scores:
    """Scores as written by `write`, some of the tables; DataError where a file is missing or holds something else."""
    if not (folder / HEADLINES).exists():
        raise DataError(f"{folder / HEADLINES} is missing. {RESTORE}")
    found = {name: _table(folder / FILES[name], NEEDED.get(name, ())) for name in names}
    headlines = tables.read_metrics(folder / HEADLINES)
    lacking = [name for name in COUNTS if not isinstance(headlines.get(name), int)]
    if lacking:
        raise DataError(f"{folder / HEADLINES} does not tell {some(lacking)} as whole numbers. {RESTORE}")
    return Scores(headlines, found)


def _table(path: Path, needed: Sequence[str]) -> pd.DataFrame:
    try:
        table = tables.read_csv(path)
    except FileNotFoundError:
        raise DataError(f"{path} is missing. {RESTORE}") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError):
        table = pd.DataFrame({"": []})
    if table.columns[0] not in FIRST:
        raise DataError(f"{path} is no table of scores. {RESTORE}")
    lacking = [name for name in needed if name not in table]
    if lacking:
        raise DataError(f"{path} has no column {some(lacking)}. {RESTORE}")
    foreign = [name for name in table if name not in WORDS and not is_numeric_dtype(table[name])]
    if foreign and needed and len(table):
        raise DataError(f"{path} has columns that hold no numbers ({some(foreign)}). {RESTORE}")
    if "eras" in table and table["eras"].isna().any():
        raise DataError(f"{path} has rows without a number of eras. {RESTORE}")
    return table[list(needed)] if "what" in needed else table
