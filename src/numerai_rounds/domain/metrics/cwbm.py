"""Correlation with the benchmark model."""

import pandas as pd

from numerai_rounds.domain.scoring.contribution import transformed_correlation
from numerai_rounds.domain.scoring.era import Era, Floats
from numerai_rounds.domain.scoring.metric import BENCHMARK
from numerai_rounds.domain.scoring.metric import Metric as Base


class Metric(Base):
    """The formula of `cwmm`, with the benchmark model in place of the meta model: a score of our own.

    As in CWMM, the predictions are raised to the power of 1.5 and the benchmark is not. Others who say CWBM raise the
    benchmark to 1.5 too, as CORR does with targets, so that their figures differ from these.

    Per era: `cwbm`, -1 to 1; neither direction is better, but the nearer to 1, the less there is to contribute. NaN
    where either side is constant or the benchmark has no predictions. Headline: `cwbm_mean`, over eras.
    """

    needs = (BENCHMARK,)
    on_target = False

    def era(self, era: Era) -> dict[str, Floats]:
        """Correlation of one era."""
        return {"cwbm": transformed_correlation(era, BENCHMARK)}

    def headlines(self, per_era: pd.DataFrame, column: int) -> dict[str, float]:
        """Mean over eras."""
        return {"cwbm_mean": per_era["cwbm"].mean()}
