"""How unevenly predictions lean on single features, over the whole set."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from numerai_rounds.base.columns import FEATURE_LEVELS
from numerai_rounds.domain.arrays import kernels, ranks
from numerai_rounds.domain.arrays.correlation import coefficient
from numerai_rounds.domain.scoring.era import Era, Floats
from numerai_rounds.domain.scoring.metric import FEATURES, Inputs
from numerai_rounds.domain.scoring.metric import Metric as Base

Integers = NDArray[np.int64]


class Metric(Base):
    """From the tutorial "How to get started with Numerai". No column per era.

    Headline: `feature_exposure`, the standard deviation (population) of the Spearman correlations of the
    predictions with every feature over all scored rows; 0 to 1, lower is better. A constant feature has no
    correlation and is left out.

    A feature has few levels, so the ranks of the predictions are summed by level, an era at a time; no
    feature is ever held for more than an era.
    """

    needs = (FEATURES,)
    on_target = False

    def __init__(self, inputs: Inputs) -> None:
        """Rank the predictions once, among all."""
        super().__init__(inputs)
        rows = len(inputs.column(0))
        self._ranks = np.empty((inputs.columns, rows), np.int32)
        """From 1 where nothing ties; their mean is the number of rows."""
        for column, found in enumerate(self._ranks):
            found[:] = ranks.twice_ranks(inputs.column(column)[None])[0] - 1
        shape = (FEATURE_LEVELS, len(inputs.features))
        self._rows: Integers = np.zeros(shape, np.int64)
        self._sums: Integers = np.zeros((inputs.columns, *shape), np.int64)
        """Of centred ranks at each level of each feature."""

    def part(self, era: Era) -> tuple[Integers, Integers]:
        """Rows, and sums of their ranks, at each level of each feature."""
        start = era.section.start
        return kernels.level_sums(era.section.features, self._ranks[:, start : start + len(era.section)])

    def gather(self, part: tuple[Integers, Integers]) -> None:
        """Add one era."""
        rows, sums = part
        self._rows += rows
        self._sums += sums - self._ranks.shape[1] * rows

    def headlines(self, per_era: pd.DataFrame, column: int) -> dict[str, float]:
        """Spread of the correlations."""
        return {"feature_exposure": float(pd.Series(self.correlations(column)).std(ddof=0))}

    def by_feature(self, column: int) -> dict[str, Floats]:
        """`spearman`, over all rows."""
        return {"spearman": self.correlations(column)}

    def correlations(self, column: int) -> Floats:
        """Spearman of the predictions with each feature over all rows, shape (features,); NaN if constant."""
        rows, sums, total = self._rows.astype(np.float64), self._sums[column], self._ranks.shape[1]
        below = np.cumsum(rows, axis=0) - rows
        feature_ranks = 2 * below + rows - total
        covariance = (sums * feature_ranks).sum(axis=0)
        squares = np.square(self._ranks[column].astype(np.float64) - total).sum()
        return coefficient(covariance, (rows * np.square(feature_ranks)).sum(axis=0) * squares)
