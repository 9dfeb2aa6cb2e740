"""The files that scores are kept in: headlines as JSON, everything else as tables."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from numerai_rounds.base.columns import ERA
from numerai_rounds.base.errors import DataError
from numerai_rounds.io import tables

HEADLINES = Path("validation.json")
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
    tables.write_metrics(scores.headlines, folder / HEADLINES)


def read(folder: Path) -> Scores:
    """Scores as written by `write`; DataError where a file is missing or holds something else."""
    if not (folder / HEADLINES).exists():
        raise DataError(f"{folder / HEADLINES} is missing. {RESTORE}")
    found = {name: _table(folder / file) for name, file in FILES.items()}
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
