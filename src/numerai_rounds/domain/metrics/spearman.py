"""Spearman's rank correlation with the target, and what follows from it."""

import pandas as pd

from numerai_rounds.domain import ranks, scoring


class Metric(scoring.Metric):
    """From the tutorial "How to get started with Numerai". All higher is better.

    Per era: `spearman`, -1 to 1. Headlines: `spearman_mean`; `spearman_sharpe`, mean over standard
    deviation (ddof 1) of eras; `payout_ratio`, the mean over eras of spearman / 0.2 clipped to -1 to 1.
    """

    def add(self, era: scoring.Era) -> dict[str, float]:
        """Spearman of one era."""
        return {"spearman": ranks.pearson(era.ranks, ranks.tie_kept_rank(era.target))}

    def summary(self, per_era: pd.DataFrame) -> dict[str, float]:
        """Means over eras."""
        spearman = per_era["spearman"]
        return {
            "spearman_mean": spearman.mean(),
            "spearman_sharpe": scoring.sharpe(spearman, ddof=1),
            "payout_ratio": (spearman / 0.2).clip(-1, 1).mean(),
        }
