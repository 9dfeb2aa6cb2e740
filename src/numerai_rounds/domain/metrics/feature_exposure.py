"""How unevenly predictions lean on single features."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from numerai_rounds.domain import kernels, scoring
from numerai_rounds.domain.correlation import coefficient


class Metric(scoring.Metric):
    """From the tutorial "How to get started with Numerai". No column per era.

    Headline: `feature_exposure`, the standard deviation (population) of the Spearman correlations of the
    predictions with every feature over all scored rows; 0 to 1, lower is better. A constant feature has no
    correlation and is left out.

    A feature has few levels, so the ranks of the predictions are summed by level, an era at a time; no
    feature is ever held for more than an era.
    """

    needs_features = True

    def __init__(self, predictions: scoring.Floats) -> None:
        """Rank the predictions once, among all."""
        # Twice the rank, from 1 where nothing ties: whole numbers, so that sums are exact.
        self._ranks = (2 * rankdata(predictions) - 1).astype(np.int64)
        self._seen = 0
        self._ranks_squared = 0.0
        self._sums: NDArray[np.int64] | None = None
        """Rows, and sums of their centred ranks, at each level of each feature."""

    def add(self, era: scoring.Era) -> dict[str, float]:
        """Count the rows, and sum the ranks, at each level of each feature."""
        ranks = self._ranks[self._seen : self._seen + len(era.prediction)]
        self._seen += len(era.prediction)
        mean = len(self._ranks)
        self._ranks_squared += float(np.square((ranks - mean).astype(np.float64)).sum())
        sums = kernels.level_sums(era.features, ranks)
        sums[1] -= mean * sums[0]
        self._sums = sums if self._sums is None else self._sums + sums
        return {}

    def summary(self, per_era: pd.DataFrame) -> dict[str, float]:
        """Spread of the correlations."""
        correlations = self.correlations()
        return {"feature_exposure": float(np.std(correlations[np.isfinite(correlations)]))}

    def correlations(self) -> scoring.Floats:
        """Spearman of the predictions with each feature over all rows so far, shape (features,); NaN if constant."""
        if self._sums is None:
            return np.empty(0)
        rows, ranks = self._sums.astype(np.float64)
        below = np.cumsum(rows, axis=0) - rows
        feature_ranks = 2 * below + rows - len(self._ranks)
        covariance = (ranks * feature_ranks).sum(axis=0)
        spread = (rows * np.square(feature_ranks)).sum(axis=0) * self._ranks_squared
        return coefficient(covariance, spread)
