"""What the first lines of an old CSV tell: its columns, and how far apart its eras are."""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from numerai_rounds.base import limits
from numerai_rounds.base.columns import DATA_TYPE, ERA, ID, LIVE_ERA, is_feature, is_target
from numerai_rounds.base.eras import MONTHLY, NUMBER, WEEKLY, Cadence, horizon_in_name
from numerai_rounds.base.errors import DataError, some

ERA_DIGITS = 4

NAME_SHOWN = 40
"""Letters of a column's name that a message shows at most."""

MONTHLY_LABEL = "era"
"""Begins the labels of monthly eras; those of weekly ones are bare numbers."""


@dataclass(frozen=True)
class Header:
    """The columns of an old CSV that have a place in today's schema, in the file's order."""

    features: list[str]
    targets: list[str]
    names: list[str]
    """Every column, those that have no place included."""


def read_header(source: Path) -> Header:
    """The columns of an old CSV; a DataError where it lacks `id`, `era`, `data_type`, features or targets."""
    with _lines(source) as lines:
        names = next(lines, [])
    absent = [name for name in (ID, ERA, DATA_TYPE) if name not in names]
    header = Header(
        features=[name for name in names if is_feature(name)],
        targets=[name for name in names if is_target(name)],
        names=names,
    )
    absent += [] if header.features else ["feature_..."]
    absent += [] if header.targets else ["target or target_..."]
    if absent:
        found = f"the columns {some(map(_short, names))}" if names else "an empty line, or with nothing"
        raise DataError(
            f"{source.name} begins with {found}, and lacks {some(absent, len(absent))}. Its first line must name the "
            f"columns {ID}, {ERA}, {DATA_TYPE}, feature_... and target or target_..., with commas in between, in UTF-8."
            f"{_first_years(names)}"
        )
    if len(names) > limits.COLUMNS:
        raise DataError(
            f"{source.name} names {len(names):,} columns, and at most {limits.COLUMNS:,} are taken. Get it again from "
            "its source."
        )
    if len(set(names)) < len(names):
        repeated = sorted(name for name, times in Counter(names).items() if times > 1)
        raise DataError(f"{source.name} names columns more than once ({some(repeated)}).")
    return header


def cadence(source: Path) -> Cadence:
    """How far apart the eras of an old training CSV are, by the marks that the tournament gave them.

    Monthly eras are called `era1` and have targets whose names tell no horizon. The release of 2021 in which eras
    became weekly calls them `0001` and has targets such as `target_nomi_20`. Either mark makes them weekly: a purge
    that is too long costs some eras, one that is too short flatters.
    """
    header = read_header(source)
    if any(horizon_in_name(target) for target in header.targets) or not has_monthly_labels(source):
        return WEEKLY
    return MONTHLY


def has_monthly_labels(source: Path) -> bool:
    """Whether the first row of an old CSV has an era such as `era1`; so does a file without rows."""
    with _lines(source) as lines:
        labels = dict(zip(next(lines, []), next(lines, []), strict=False))
    return labels.get(ERA, MONTHLY_LABEL).startswith(MONTHLY_LABEL)


def era_of(label: str, file: str) -> str:
    """An era as today's files call it; a DataError that names `file` for what is none."""
    match = re.fullmatch(rf"{MONTHLY_LABEL}({NUMBER}|{LIVE_ERA})|([0-9]{{{ERA_DIGITS}}}|{LIVE_ERA})", label)
    if match is None:
        raise DataError(
            f"{file}: era {label!r} must be era1, era2, ... or era{LIVE_ERA} in the old layout, or else 0001, 0002, "
            f"... or {LIVE_ERA}."
        )
    name = match[1] or match[2]
    return name if name == LIVE_ERA else f"{int(name):0{ERA_DIGITS}d}"


def _first_years(names: list[str]) -> str:
    """A word about features of another kind."""
    numbered = [name for name in names if re.fullmatch(r"feature\d+", name)]
    if not numbered:
        return ""
    return (
        f" {some(numbered)} are features of the tournament's first years, which have no levels: bin each into 0, "
        "0.25, 0.5, 0.75 and 1 within its era, and call it feature_...."
    )


def _whole(file: TextIO, name: str) -> Iterator[str]:
    """The lines of a CSV; a DataError where one is longer than any: it would have to be held in memory."""
    while line := file.readline(limits.LINE):
        if len(line) == limits.LINE:
            raise DataError(
                f"{name} is no CSV: it has a line of more than {limits.LINE:,} letters. Get it again from its source."
            )
        yield line


def _short(name: str) -> str:
    """A column's name as text that a terminal can show: what is no CSV may hold anything."""
    return repr(name if len(name) <= NAME_SHOWN else f"{name[:NAME_SHOWN]}...")


@contextmanager
def _lines(source: Path) -> Iterator[Iterator[list[str]]]:
    with source.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        try:
            yield csv.reader(_whole(file, source.name))
        except csv.Error as error:
            raise DataError(f"{source.name} is no CSV: {error}. Get it again from its source.") from None
