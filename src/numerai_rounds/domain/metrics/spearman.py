"""Spearman's rank correlation with the target, and what follows from it."""

import numpy as np
import pandas as pd

from numerai_rounds.domain.arrays import ranks
from numerai_rounds.domain.scoring.era import Era, Floats
from numerai_rounds.domain.scoring.metric import Metric as Base


class Metric(Base):
    """From the tutorial "How to get started with Numerai".

    Per era: `spearman`, -1 to 1, higher is better; NaN where either side is constant. Headline: `payout_ratio`, the
    mean over eras of spearman / 0.2 clipped to -1 to 1; higher is better. `spearman_sharpe_ddof1` is the tutorial's
    Sharpe ratio.
    """

    is_score = True

    def era(self, era: Era) -> dict[str, Floats]:
        """Spearman of one era."""
        target = ranks.twice_ranks(era.target[None])[0].astype(np.float64)
        return {"spearman": ranks.pearson(era.section.twice_ranks.astype(np.float64), target)}

    def headlines(self, per_era: pd.DataFrame, column: int) -> dict[str, float]:
        """Payout ratio over eras."""
        return {"payout_ratio": (per_era["spearman"] / 0.2).clip(-1, 1).mean()}
