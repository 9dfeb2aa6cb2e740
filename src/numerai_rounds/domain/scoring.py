"""The one loop that scores predictions, era by era. The scores themselves are in metrics/, one a file."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from numerai_rounds.base.columns import ERA
from numerai_rounds.base.errors import DataError
from numerai_rounds.domain import ranks

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Era:
    """Predictions of one era beside what came true: only rows whose target is known."""

    label: str
    prediction: Floats
    """Shape (rows,), finite."""
    target: Floats
    """Shape (rows,), finite, 0 to 1."""
    features: NDArray[np.int8]
    """Shape (rows, features), levels 0 to 4; no columns where no metric needs them."""

    @cached_property
    def ranks(self) -> Floats:
        """Tie-kept ranks of the predictions, between 0 and 1."""
        return ranks.tie_kept_rank(self.prediction)

    @property
    def scorable(self) -> bool:
        """Whether a correlation exists: neither predictions nor targets are constant."""
        return all(len(values) > 1 and np.ptp(values) > 0 for values in (self.prediction, self.target))


class Metric:
    """Base of every metric: sees each era once, in order, then sums up."""

    needs_features = False
    """Whether `Era.features` must hold all features of the data."""

    def __init__(self, predictions: Floats) -> None:
        """Take the predictions of all eras, in their order: shape (rows of all eras,). Some ranks are among all."""

    def add(self, era: Era) -> dict[str, float]:
        """Scores of one era, each a column of the table of eras; NaN where the era is not scorable."""
        return {}

    def summary(self, per_era: pd.DataFrame) -> dict[str, float]:
        """Headline numbers, given the table of eras: `era`, `rows` and the scores of all metrics."""
        return {}


def score(metrics: Sequence[Metric], eras: Iterable[Era]) -> tuple[pd.DataFrame, dict[str, float]]:
    """Table of eras and headline numbers.

    The table has `era`, `rows` and the metrics' columns in the order of the metrics. An era without a
    correlation (constant predictions) has NaN there and is left out of means; the headline
    `eras_unscored` counts such eras, so that a model which often predicts a constant cannot hide it.
    Headlines that do not exist (the Sharpe ratio of a single era) are left out. DataError where no
    era at all can be scored.
    """
    rows, unscored = [], 0
    for era in eras:
        scores = {name: value for metric in metrics for name, value in metric.add(era).items()}
        rows.append({ERA: era.label, "rows": len(era.target), **scores})
        unscored += not era.scorable
    if unscored == len(rows):
        raise DataError(
            f"None of the {len(rows)} eras can be scored: the predictions or the targets are constant in each. "
            "The model has learnt nothing; give it more trees, more features or less regularisation."
        )
    per_era = pd.DataFrame(rows)
    headlines: dict[str, float] = {"eras": len(rows), "eras_unscored": unscored}
    for metric in metrics:
        headlines |= metric.summary(per_era)
    return per_era, {name: value for name, value in headlines.items() if math.isfinite(value)}


def sharpe(scores: "pd.Series[float]", ddof: int) -> float:
    """Mean over standard deviation of per-era scores, NaN left out; NaN where there is no deviation.

    `ddof` is 0 for the population's deviation, as in numerai-tools, 1 for the sample's, as in pandas.
    """
    deviation = scores.std(ddof=ddof)
    return float(scores.mean() / deviation) if deviation > 0 else math.nan
