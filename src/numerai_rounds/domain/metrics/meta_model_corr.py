"""CORR of the meta model."""

from numerai_rounds.domain.scoring.contribution import corr_of
from numerai_rounds.domain.scoring.era import Era, Floats
from numerai_rounds.domain.scoring.metric import META_MODEL
from numerai_rounds.domain.scoring.metric import Metric as Base


class Metric(Base):
    """CORR of the meta model itself, on the rows that are scored.

    Per era: `meta_model_corr`, -1 to 1, higher is better; the same for every column of predictions. NaN where either
    side is constant or the meta model has no predictions.
    """

    needs = (META_MODEL,)
    is_score = True

    def era(self, era: Era) -> dict[str, Floats]:
        """CORR of the meta model in one era."""
        return {"meta_model_corr": corr_of(era, META_MODEL)}
