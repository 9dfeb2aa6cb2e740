"""What every metric is, and what it is told before the first era."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from numerai_rounds.domain.scoring.era import Era, Floats, Places

FEATURES, META_MODEL, BENCHMARK = "features", "meta_model", "benchmark"
"""Inputs that a metric may need beside predictions and targets; the last two are names in `CrossSection.others`."""


@dataclass(frozen=True)
class Inputs:
    """What there is to score with."""

    predictions: Sequence[Floats]
    """Of each era, in order: shape (columns, rows)."""
    features: Sequence[str] = ()
    """Names of the features, in the order of `CrossSection.features`."""
    neutral_sets: Mapping[str, Places] = field(default_factory=dict)
    """Places of the features of each set that FNC neutralises to."""
    unknown_sets: Sequence[str] = ()
    """Such sets that the data does not have."""
    groups: Mapping[str, Places] = field(default_factory=dict)
    """Places of the features of each group whose exposure is told apart."""
    absent: Mapping[str, str] = field(default_factory=dict)
    """Inputs that there are not, and why."""
    known: Sequence[NDArray[np.bool_]] | None = None
    """Of each era, shape (rows,): those that are scored on the main target; None where all are."""

    @property
    def columns(self) -> int:
        """Number of columns of predictions."""
        return len(self.predictions[0])

    def column(self, number: int) -> Floats:
        """All predictions of a column that are scored on the main target, in the order of the eras."""
        rows = [era[number] for era in self.predictions]
        return np.concatenate(
            rows if self.known is None else [era[known] for era, known in zip(rows, self.known, strict=True)]
        )


class Metric:
    """Base of every metric: gives scores of one era from that era alone, then sums up.

    `era` and `part` are called by several threads at once; `gather` is called in the order of the eras.
    """

    needs: ClassVar[tuple[str, ...]] = ()
    """Inputs without which it is left out."""
    on_target: ClassVar[bool] = True
    """Whether it is computed for each target rather than once an era."""
    is_score: ClassVar[bool] = False
    """Whether its columns are scores: higher is better, and all statistics over eras are of interest."""

    def __init__(self, inputs: Inputs) -> None:
        """Take what is known before the first era."""
        self.inputs = inputs

    def era(self, era: Era) -> dict[str, Floats]:
        """Columns of the table of eras, each of shape (columns of predictions,); NaN where there is no such score."""
        return {}

    def part(self, era: Era) -> Any:
        """What one era adds to a figure of all eras together."""
        return None

    def gather(self, part: Any) -> None:
        """Take in the part of the next era."""

    def headlines(self, per_era: pd.DataFrame, column: int) -> dict[str, float]:
        """Figures of all eras for one column of predictions, given its table of eras; NaN where there is none."""
        return {}

    def by_feature(self, column: int) -> dict[str, Floats]:
        """Figures of each feature, each of shape (features,)."""
        return {}

    def by_group(self, column: int) -> dict[str, Floats]:
        """Figures of each group of features, each of shape (groups,)."""
        return {}

    def left_out(self) -> str:
        """After the last era: why nothing came of it; empty where something did."""
        return ""
