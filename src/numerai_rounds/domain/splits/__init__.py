"""Ways to divide eras into training and validation. One file is one kind, found by its name.

Each module defines `class Params(SplitSection)` with `kind: Literal["<its name>"]`, and

    split(params, eras, purge) -> DataFrame

`eras` has a row an era, in order: `era` (text), `data_type`, `rows`, and `resolved`, the number of rows
whose target is known: the one that the model learns. The answer is the same table with the column `side`, one of the
names below. Whether an era is scored must not depend on that target, or models that learn others could not be compared.
"""

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
