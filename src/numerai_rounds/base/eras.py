"""Eras: their labels, how far apart they are, and how far the targets of neighbours overlap."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from numerai_rounds.base.errors import ConfigurationError, DataError, some

CadenceName = Literal["weekly", "monthly"]

NUMBER = "[0-9]{1,9}"
"""The label of an era, as a pattern."""


@dataclass(frozen=True)
class Cadence:
    """How far apart the eras of a source are."""

    name: CadenceName
    days: int
    """Business days from an era to the next."""
    a_year: int
    """Eras."""
    horizon_days: int | None
    """Business days that its targets look ahead if their names do not tell; None: that differs."""
    purge: Mapping[int, int]
    """Eras between training and prediction, by the target's horizon in business days."""


WEEKLY = Cadence("weekly", days=5, a_year=52, horizon_days=None, purge={20: 8, 60: 16})
"""Of today's tournament; the purge is Numerai's own for its benchmark models."""

MONTHLY = Cadence("monthly", days=20, a_year=12, horizon_days=20, purge={20: 1, 60: 3})
"""Of the old tournament, whose targets look as far ahead as the next era: no two share a day of their answer."""

CADENCES: Mapping[str, Cadence] = {cadence.name: cadence for cadence in (WEEKLY, MONTHLY)}

MOST_YEARS = 30
"""Of monthly eras: Numerai's history begins in 2003."""

HORIZONS = tuple(WEEKLY.purge)
"""Business days that a target can look ahead."""


def horizon_in_name(target: str) -> int | None:
    """Business days that a target looks ahead, read from its suffix; None where it has none."""
    suffix = target.rpartition("_")[2]
    return int(suffix) if suffix.isdigit() and int(suffix) in HORIZONS else None


def horizon(target: str, horizon_days: int | None, cadence: Cadence) -> int:
    """Business days that a target looks ahead.

    `horizon_days` is needed only where neither the name nor the cadence tells; it may never contradict the name.
    """
    named = horizon_in_name(target)
    if named is not None and horizon_days is not None and named != horizon_days:
        raise ConfigurationError(
            f"split.horizon_days is {horizon_days}, but {target} looks {named} days ahead by its name. "
            "Set split.horizon_days=null to follow the name."
        )
    days = named or horizon_days or cadence.horizon_days
    if days is None:
        raise ConfigurationError(
            f"the name {target!r} does not tell how many days the target looks ahead, and the purge "
            "follows from that. Set split.horizon_days to 20 or 60 (targets of four weeks: 20)."
        )
    return days


def purge_eras(target: str, horizon_days: int | None, cadence: Cadence) -> int:
    """Number of eras to leave out between training and validation for `target`, given as in `horizon`."""
    return cadence.purge[horizon(target, horizon_days, cadence)]


def overlap_eras(target: str, horizon_days: int | None, cadence: Cadence) -> int:
    """Number of eras in which a piece of news counts, given as in `horizon`; 1: eras share nothing.

    It is also the number of eras whose target is not known yet while a new one begins.
    """
    return -(-horizon(target, horizon_days, cadence) // cadence.days)


def check_span(last: str, cadence: Cadence) -> None:
    """Refuse eras that are taken for monthly though their numbers would reach back too far; `last` is the latest."""
    years = -(-era_number(last) // cadence.a_year)
    if cadence is MONTHLY and years > MOST_YEARS:
        raise ConfigurationError(
            f"eras are pinned as monthly, and era {last} would be of year {years}: no such history is as long as that. "
            "Say that they are weekly: `rounds compose data.eras=weekly`, then `rounds open`."
        )


def era_number(era: str) -> int:
    """The number of a history era such as `0575`; a DataError where it is none."""
    if not re.fullmatch(NUMBER, era):
        raise DataError(f"era {era!r} is not a number such as '0575'.")
    return int(era)


def check_eras(eras: list[str], where: str) -> None:
    """Refuse era labels that are no numbers, of mixed width, out of order, or in several pieces.

    `eras` holds one label for each run of equal labels, in the order of the rows. Labels are compared
    as text everywhere, so `575` beside `0575` would silently lose eras.
    """
    foreign = [era for era in eras if not re.fullmatch(NUMBER, era)]
    if foreign:
        raise DataError(f"{where}: era {foreign[0]!r} is not a number such as '0575'.")
    widths = {len(era): era for era in reversed(eras)}
    if len(widths) > 1:
        raise DataError(
            f"{where}: era labels of mixed width ({some(repr(widths[w]) for w in sorted(widths))}). "
            "All must have the same number of digits, such as '0575'."
        )
    for before, after in pairwise(eras):
        if after <= before:
            raise DataError(
                f"{where}: era {after!r} comes after era {before!r}. Rows must be in the order of "
                "their eras, each era in one piece."
            )
