"""Names and conventions of the tournament's tables, written once."""

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


def is_feature(column: str) -> bool:
    """Whether a column holds a feature."""
    return column.startswith(FEATURE_PREFIX)


def is_target(column: str) -> bool:
    """Whether a column holds a target, the alias `target` included."""
    return column == ALIAS or column.startswith(TARGET_PREFIX + "_")
