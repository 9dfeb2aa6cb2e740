"""Ways to divide eras into training and validation. One file is one kind, found by its name: see `Splitter`."""

from typing import Protocol, TypeVar

import pandas as pd

from numerai_rounds.base.params import SplitSection

SIDE = "side"

TRAIN = "train"
VALIDATION = "validation"
PURGED = "purged"
"""Left out of training: its targets overlap in time with those of validation."""
SKIPPED = "skipped"
"""Could be trained on, but is not wanted."""
UNRESOLVED = "unresolved"
"""Neither trained on nor scored: a train era without a target, or one that the data counts among its `test` eras."""

SIDES = (TRAIN, PURGED, SKIPPED, VALIDATION, UNRESOLVED)

P = TypeVar("P", bound=SplitSection)


class Splitter(Protocol[P]):
    """What each module here defines."""

    Params: type[P]
    """With `kind: Literal["<its name>"]`."""

    def split(self, params: P, eras: pd.DataFrame, purge: int) -> pd.DataFrame:
        """The table of eras with the column `side`, one of the names above.

        `eras` has a row an era, in order: `era` (text), `data_type`, `rows`, and `resolved`, the number of rows whose
        target is known: the one that the model learns. Whether an era is scored must not depend on that target, or
        models that learn others could not be compared. `purge` is the number of eras before validation to leave out.
        """
