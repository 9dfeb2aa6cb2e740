"""Mean absolute error."""

import numpy as np
import pandas as pd

from numerai_rounds.domain.scoring.era import Era, Floats
from numerai_rounds.domain.scoring.metric import Metric as Base


class Metric(Base):
    """Distance of predictions and targets in units of the target, 0 or more; lower is better.

    Per era: `mae`. Headline: `mae`, over all rows. Says little for a model that is only meant to rank. From the
    tutorial "How to get started with Numerai".
    """

    def era(self, era: Era) -> dict[str, Floats]:
        """Error of one era."""
        return {"mae": np.abs(era.section.predictions - era.target).mean(axis=1)}

    def headlines(self, per_era: pd.DataFrame, column: int) -> dict[str, float]:
        """Error of all rows: eras weigh by their rows."""
        return {"mae": (per_era["mae"] * per_era["rows"]).sum() / per_era["rows"].sum()}
