"""Mean absolute error."""

import numpy as np
import pandas as pd

from numerai_rounds.domain import scoring


class Metric(scoring.Metric):
    """Distance of predictions and targets in units of the target, 0 or more; lower is better.

    Per era: `mae`. Headline: `mae`, over all rows. Says little for a model that is only meant to rank.
    """

    def add(self, era: scoring.Era) -> dict[str, float]:
        """Error of one era."""
        return {"mae": float(np.abs(era.prediction - era.target).mean())}

    def summary(self, per_era: pd.DataFrame) -> dict[str, float]:
        """Error of all rows: eras weigh by their rows."""
        return {"mae": (per_era["mae"] * per_era["rows"]).sum() / per_era["rows"].sum()}
