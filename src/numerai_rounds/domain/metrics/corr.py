"""Numerai's CORR."""

from numerai_rounds.domain.arrays import ranks
from numerai_rounds.domain.scoring.era import Era, Floats
from numerai_rounds.domain.scoring.metric import Metric as Base


class Metric(Base):
    """`numerai_corr` of numerai-tools: Pearson of transformed predictions and the target to the power of 1.5.

    Per era: `corr`, -1 to 1, higher is better. NaN where either side is constant.
    """

    is_score = True

    def era(self, era: Era) -> dict[str, Floats]:
        """CORR of one era."""
        return {"corr": ranks.pearson(era.section.powered, era.powered_target)}
