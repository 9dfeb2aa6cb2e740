"""Meta model contribution."""

from numerai_rounds.domain.scoring.contribution import contribution
from numerai_rounds.domain.scoring.era import Era, Floats
from numerai_rounds.domain.scoring.metric import META_MODEL
from numerai_rounds.domain.scoring.metric import Metric as Base


class Metric(Base):
    """`correlation_contribution` of numerai-tools against the meta model: what the predictions add to it.

    Per era: `mmc`, a covariance with targets scaled to -2 to 2 (four times the documentation's formula); higher is
    better, 0 for the meta model itself. NaN where either side is constant or the meta model has no predictions.
    """

    needs = (META_MODEL,)
    is_score = True

    def era(self, era: Era) -> dict[str, Floats]:
        """MMC of one era."""
        return {"mmc": contribution(era, META_MODEL)}
