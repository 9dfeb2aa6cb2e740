"""How unevenly predictions lean on single features."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from numerai_rounds.base.columns import FEATURE_LEVELS
from numerai_rounds.domain import scoring
from numerai_rounds.domain.correlation import CHUNK, coefficient


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
        """Sort the predictions once, to rank any of them among all."""
        self._sorted = np.sort(predictions)
        self._ranks_squared = 0.0
        self._at_least: NDArray[np.float64] | None = None

    def add(self, era: scoring.Era) -> dict[str, float]:
        """Count the rows, and sum the ranks, at or above each level of each feature."""
        ranks = self._centred_ranks(era.prediction)
        weights = np.stack([np.ones_like(ranks), ranks])
        self._ranks_squared += float(np.square(ranks).sum())
        if self._at_least is None:
            self._at_least = np.zeros((FEATURE_LEVELS, 2, era.features.shape[1]))
        for start in range(0, era.features.shape[1], CHUNK):
            part = slice(start, start + CHUNK)
            for level in range(FEATURE_LEVELS):
                above = era.features[:, part] >= level
                self._at_least[level, :, part] += weights @ above.astype(np.float64)
        return {}

    def summary(self, per_era: pd.DataFrame) -> dict[str, float]:
        """Spread of the correlations."""
        correlations = self.correlations()
        return {"feature_exposure": float(np.std(correlations[np.isfinite(correlations)]))}

    def correlations(self) -> scoring.Floats:
        """Spearman of the predictions with each feature over all rows so far, shape (features,); NaN if constant."""
        if self._at_least is None:
            return np.empty(0)
        by_level = self._at_least - np.append(self._at_least[1:], np.zeros_like(self._at_least[:1]), axis=0)
        rows, ranks = by_level[:, 0], by_level[:, 1]
        below = np.cumsum(rows, axis=0) - rows
        feature_ranks = 2 * below + rows - len(self._sorted)
        covariance = (ranks * feature_ranks).sum(axis=0)
        spread = (rows * np.square(feature_ranks)).sum(axis=0) * self._ranks_squared
        return coefficient(covariance, spread)

    def _centred_ranks(self, values: scoring.Floats) -> scoring.Floats:
        """Twice the rank among all predictions, ties shared, minus its mean: whole numbers, so sums are exact."""
        below = np.searchsorted(self._sorted, values, side="left")
        up_to = np.searchsorted(self._sorted, values, side="right")
        return (below + up_to - len(self._sorted)).astype(np.float64)
