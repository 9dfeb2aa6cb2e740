"""Which columns of an old CSV hold levels, and what is done with the others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from numerai_rounds.base.columns import FEATURE_LEVELS, ID
from numerai_rounds.base.errors import DataError, some
from numerai_rounds.io import console

TOLERANCE = 1e-6
"""Between a feature and the level it is read as: what writing decimals can cost."""

FEW = 0.1
"""Share of a column's values: fewer that are no levels are mistakes, more make it a column of another kind."""

LEVELS = "0, 0.25, 0.5, 0.75, 1"

NAMED = 50
"""Columns that a sentence about left out ones names at most."""


@dataclass
class _Count:
    known: int = 0
    off: int = 0
    example: str = ""


class Tally:
    """Counts the values of each feature that are no levels while a file is read."""

    def __init__(self, features: Sequence[str]) -> None:
        """Nothing is counted yet."""
        self._counts = {name: _Count() for name in features}

    def levels(self, name: str, rows: pa.RecordBatch) -> pa.Array:
        """A feature as int8 levels, null where it is missing; a value that is none, as the nearest, is counted."""
        values = rows[name].to_numpy(zero_copy_only=False)
        scaled = values * (FEATURE_LEVELS - 1)
        levels = np.clip(np.rint(scaled), 0, FEATURE_LEVELS - 1)
        missing = np.isnan(values)
        off = ~missing & ~(np.abs(scaled - levels) <= TOLERANCE * (FEATURE_LEVELS - 1))
        count = self._counts[name]
        count.known += int(np.count_nonzero(~missing))
        count.off += int(np.count_nonzero(off))
        if off.any() and not count.example:
            row = int(off.argmax())
            count.example = f"{values[row]:g} for id {rows[ID][row].as_py()!r}"
        return pa.array(np.where(missing, 0, levels).astype(np.int8), mask=missing)

    def kept(self, file: str, *, aloud: bool) -> list[str]:
        """The features that hold levels, in order; the others are left out, and named if `aloud`.

        DataError for a feature with few values that are no levels, which are mistakes, and where no feature is left.
        """
        for name, count in self._counts.items():
            if 0 < count.off < FEW * count.known:
                raise DataError(
                    f"{file}: {name} is {count.example}. Features of the old layout have five levels: {LEVELS}. It has "
                    f"other values in {count.off:,} of {count.known:,} rows: too few for a feature of another kind, so "
                    "they are mistakes. Mend them, or give the column a name that does not begin with feature_."
                )
        others = [name for name, count in self._counts.items() if count.off]
        if len(others) == len(self._counts):
            raise DataError(
                f"{file}: no feature has the five levels {LEVELS} ({others[0]} is {self._counts[others[0]].example}), "
                "and the history holds nothing else. Bin each feature into these levels within its era."
            )
        if others and aloud:
            console.say(
                f"{file}: {len(others):,} of {len(self._counts):,} features are left out, because the history holds "
                f"the five levels {LEVELS} and nothing else: {some(map(self._described, others), NAMED)}. Bin them "
                "into these levels to learn from them."
            )
        return [name for name in self._counts if name not in others]

    def _described(self, name: str) -> str:
        return f"{name} (such as {self._counts[name].example})"
