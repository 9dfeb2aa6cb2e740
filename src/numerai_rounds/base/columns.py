"""Names and conventions of the tournament's tables, written once."""

import re
from itertools import pairwise

from numerai_rounds.base.errors import ConfigurationError, DataError, some

ID = "id"
ERA = "era"
DATA_TYPE = "data_type"
PREDICTION = "prediction"
ALIAS = "target"
LIVE_ERA = "X"

FEATURE_PREFIX = "feature_"
TARGET_PREFIX = "target"

TRAIN, VALIDATION, TEST, LIVE = "train", "validation", "test", "live"

FEATURE_LEVELS = 5
FEATURE_MIDDLE = 2
"""Level of a feature that is absent: Numerai's own convention."""

TARGET_DTYPE = "float32"

PURGE_ERAS = {20: 8, 60: 16}
"""Eras between training and prediction, by the target's horizon in business days.

Eras are weekly and a target looks `horizon` days ahead, so neighbouring eras share part of
their answer. Values are Numerai's own for its benchmark models.
"""


def is_feature(column: str) -> bool:
    """Whether a column holds a feature."""
    return column.startswith(FEATURE_PREFIX)


def is_target(column: str) -> bool:
    """Whether a column holds a target, the alias `target` included."""
    return column == ALIAS or column.startswith(TARGET_PREFIX + "_")


def horizon_in_name(target: str) -> int | None:
    """Business days that a target looks ahead, read from its suffix; None where it has none."""
    suffix = target.rpartition("_")[2]
    return int(suffix) if suffix.isdigit() and int(suffix) in PURGE_ERAS else None


def purge_eras(target: str, horizon_days: int | None) -> int:
    """Number of eras to leave out between training and validation for `target`, given as in `horizon`."""
    return PURGE_ERAS[horizon(target, horizon_days)]


def horizon(target: str, horizon_days: int | None) -> int:
    """Business days that a target looks ahead.

    `horizon_days` is needed only where the name does not tell; it may never contradict the name.
    """
    named = horizon_in_name(target)
    if named is not None and horizon_days is not None and named != horizon_days:
        raise ConfigurationError(
            f"split.horizon_days is {horizon_days}, but {target} looks {named} days ahead by its name. "
            "Set split.horizon_days=null to follow the name."
        )
    days = named if named is not None else horizon_days
    if days is None:
        raise ConfigurationError(
            f"the name {target!r} does not tell how many days the target looks ahead, and the purge "
            "follows from that. Set split.horizon_days to 20 or 60 (the old targets of four weeks: 20)."
        )
    return days


def era_number(era: str) -> int:
    """The number of a history era such as `0575`; a DataError where it is none."""
    if not re.fullmatch(r"[0-9]+", era):
        raise DataError(f"era {era!r} is not a number such as '0575'.")
    return int(era)


def check_eras(eras: list[str], where: str) -> None:
    """Refuse era labels that are no numbers, of mixed width, out of order, or in several pieces.

    `eras` holds one label for each run of equal labels, in the order of the rows. Labels are compared
    as text everywhere, so `575` beside `0575` would silently lose eras.
    """
    foreign = [era for era in eras if not re.fullmatch(r"[0-9]+", era)]
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
