"""Benchmark model contribution."""

from numerai_rounds.domain.scoring.contribution import contribution
from numerai_rounds.domain.scoring.era import Era, Floats
from numerai_rounds.domain.scoring.metric import BENCHMARK
from numerai_rounds.domain.scoring.metric import Metric as Base


class Metric(Base):
    """`correlation_contribution` of numerai-tools against one benchmark model: what the predictions add to it.

    Per era: `bmc`, on the scale of `mmc`; higher is better, 0 for the benchmark model itself. NaN where either side is
    constant or the benchmark has no predictions. Numerai's own figure is against its stake-weighted benchmark models.
    """

    needs = (BENCHMARK,)
    is_score = True

    def era(self, era: Era) -> dict[str, Floats]:
        """BMC of one era."""
        return {"bmc": contribution(era, BENCHMARK)}
