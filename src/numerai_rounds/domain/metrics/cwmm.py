"""Correlation with the meta model."""

import pandas as pd

from numerai_rounds.domain.scoring.contribution import transformed_correlation
from numerai_rounds.domain.scoring.era import Era, Floats
from numerai_rounds.domain.scoring.metric import META_MODEL
from numerai_rounds.domain.scoring.metric import Metric as Base


class Metric(Base):
    """CWMM as Numerai states it: Pearson of transformed predictions with the meta model as it is served.

    Per era: `cwmm`, -1 to 1; neither direction is better, but the nearer to 1, the less there is to contribute. NaN
    where either side is constant or the meta model has no predictions. Headline: `cwmm_mean`, over eras. Source:
    Numerai's answer in "CWMM lower than numerai computation", forum.numer.ai; numerai-tools has no function for it.
    """

    needs = (META_MODEL,)
    on_target = False

    def era(self, era: Era) -> dict[str, Floats]:
        """CWMM of one era."""
        return {"cwmm": transformed_correlation(era, META_MODEL)}

    def headlines(self, per_era: pd.DataFrame, column: int) -> dict[str, float]:
        """Mean over eras."""
        return {"cwmm_mean": per_era["cwmm"].mean()}
