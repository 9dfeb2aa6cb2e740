"""Roles that files play, whatever source they come from and whatever they are called there."""

from collections.abc import Sequence
from typing import Literal, get_args

FEATURES = "features"
SIDES = ("train", "validation")
"""Kept as stores of chunks; every other role is a file."""
HISTORY = (FEATURES, *SIDES)
LIVE = ("live",)

HistoryExtra = Literal[
    "train_benchmark_models", "validation_benchmark_models", "meta_model", "validation_example_preds"
]
LiveExtra = Literal["live_benchmark_models", "live_example_preds"]
Extra = HistoryExtra | LiveExtra
"""Files that a configuration may ask for beside those every round needs."""

HISTORY_EXTRAS: tuple[str, ...] = get_args(HistoryExtra)
LIVE_EXTRAS: tuple[str, ...] = get_args(LiveExtra)


def needed(extras: Sequence[str]) -> tuple[list[str], list[str]]:
    """Roles of the history and of the live data, `extras` included."""
    history = [*HISTORY, *(role for role in HISTORY_EXTRAS if role in extras)]
    live = [*LIVE, *(role for role in LIVE_EXTRAS if role in extras)]
    return history, live


def file_name(role: str) -> str:
    """The file of a role: `train.parquet`, `features.json`."""
    return f"{role}.json" if role == FEATURES else f"{role}.parquet"
