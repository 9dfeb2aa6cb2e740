"""Test rows, whose targets nobody published: no stage uses them."""

from collections.abc import Collection, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from numerai_rounds.base.columns import ERA, LIVE_ERA, VALIDATION
from numerai_rounds.base.errors import DataError, some
from numerai_rounds.io import console


class Unused:
    """Counts test rows, and tells how many are left out."""

    def __init__(self, targets: Sequence[str]) -> None:
        """`targets`: the columns that hold them."""
        self._targets = targets
        self._rows = self._resolved = 0
        self._eras: set[str] = set()

    def add(self, rows: pa.RecordBatch) -> None:
        """Count rows with today's eras."""
        self._rows += rows.num_rows
        self._eras.update(pc.unique(rows[ERA]).to_pylist())
        known = [np.isfinite(rows[name].to_numpy(zero_copy_only=False)) for name in self._targets]
        self._resolved += int(np.count_nonzero(np.any(known, axis=0)))

    def tell(self, scored: Collection[str], file: str) -> None:
        """Say how many there are; a DataError that names `file` if an era is of theirs and of `scored`.

        An era of which a part is scored would have the scores of that part.
        """
        if both := sorted(self._eras.intersection(scored)):
            raise DataError(
                f"{file}: era {some(both)} has {VALIDATION} rows and test rows. An era must be of one data_type."
            )
        if not self._rows:
            return
        resolved = (
            f" {self._resolved:,} of them have a target: with data_type {VALIDATION} they would be scored."
            if self._resolved
            else ""
        )
        console.say(
            f"{file}: {self._rows:,} test rows of {some(_runs(self._eras), 5)} are left out: no stage uses them."
            f"{resolved}"
        )


def _runs(eras: Collection[str]) -> list[str]:
    """Eras as the old layout calls them, neighbours together: `era133 to era196`."""
    numbers = sorted(int(era) for era in eras if era != LIVE_ERA)
    there = set(numbers)
    firsts = [number for number in numbers if number - 1 not in there]
    lasts = [number for number in numbers if number + 1 not in there]
    runs = [
        f"era{first}" if first == last else f"era{first} to era{last}"
        for first, last in zip(firsts, lasts, strict=True)
    ]
    return [*runs, *([f"era{LIVE_ERA}"] if LIVE_ERA in eras else [])]
