"""CORR of the benchmark model."""

from numerai_rounds.domain.scoring.contribution import corr_of
from numerai_rounds.domain.scoring.era import Era, Floats
from numerai_rounds.domain.scoring.metric import BENCHMARK
from numerai_rounds.domain.scoring.metric import Metric as Base


class Metric(Base):
    """CORR of the benchmark model itself, on the rows that are scored: what `corr` is to be beside.

    Per era: `benchmark_corr`, -1 to 1, higher is better; the same for every column of predictions. NaN where either
    side is constant or the benchmark has no predictions.
    """

    needs = (BENCHMARK,)
    is_score = True

    def era(self, era: Era) -> dict[str, Floats]:
        """CORR of the benchmark in one era."""
        return {"benchmark_corr": corr_of(era, BENCHMARK)}
