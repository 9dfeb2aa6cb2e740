"""Numerai's CORR."""

import pandas as pd

from numerai_rounds.domain import ranks, scoring


class Metric(scoring.Metric):
    """`numerai_corr` of numerai-tools: Pearson of transformed predictions and the target to the power of 1.5.

    Per era: `corr`, -1 to 1, higher is better. Headlines: `corr_mean` and `corr_sharpe`, higher is better;
    `corr_std`; `corr_max_drawdown`, 0 or more, lower is better. Deviations are the population's (ddof 0), as
    in numerai-tools.

    Drawdown is the largest distance of the cumulative sum below its running maximum, as in Numerai's example
    scripts. The maximum starts from the first era's own value, not from 0: a loss in that era is no fall.
    """

    def add(self, era: scoring.Era) -> dict[str, float]:
        """CORR of one era."""
        if not era.scorable:
            return {"corr": float("nan")}
        centred = era.target - era.target.mean()
        return {"corr": ranks.pearson(ranks.gaussianize__power_1_5(era.ranks), ranks.power_1_5(centred))}

    def summary(self, per_era: pd.DataFrame) -> dict[str, float]:
        """Mean, deviation, Sharpe ratio and drawdown over eras."""
        corr = per_era["corr"].dropna()
        total = corr.cumsum()
        return {
            "corr_mean": corr.mean(),
            "corr_std": corr.std(ddof=0),
            "corr_sharpe": scoring.sharpe(corr, ddof=0),
            "corr_max_drawdown": (total.cummax() - total).max(),
        }
