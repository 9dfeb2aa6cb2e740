"""How much predictions change from one era to the next."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from numerai_rounds.base.eras import era_number
from numerai_rounds.domain.arrays import ranks
from numerai_rounds.domain.scoring.era import Era, Floats
from numerai_rounds.domain.scoring.metric import Inputs
from numerai_rounds.domain.scoring.metric import Metric as Base

Part = tuple[int, pa.Array, Floats]


class Metric(Base):
    """One less the Spearman correlation of the predictions of an era and the next, over the ids that both have.

    Headline: `churn_mean`, over pairs of eras; 0 to 2, lower is cheaper to trade. No column per era. Left out where no
    id occurs in two neighbouring eras: Numerai gives a stock another id in every era.
    """

    on_target = False

    def __init__(self, inputs: Inputs) -> None:
        """Begin with no era."""
        super().__init__(inputs)
        self._before: Part | None = None
        self._churn: list[Floats] = []
        self._possible = True

    def part(self, era: Era) -> Part:
        """Number of the era, ids and predictions."""
        return era_number(era.section.label), era.section.ids, era.section.predictions

    def gather(self, part: Part) -> None:
        """Compare an era with the one before; once two eras share no id, nothing is compared any more."""
        number, ids, predictions = part
        if self._possible and self._before is not None and number == self._before[0] + 1:
            places = pc.index_in(ids, value_set=self._before[1])
            here = np.flatnonzero(places.is_valid())
            there = places.drop_null().to_numpy()
            self._possible = len(here) > 0
            if len(here) > 1:
                self._churn.append(_churn(predictions[:, here], self._before[2][:, there]))
        self._before = part if self._possible else None

    def headlines(self, per_era: pd.DataFrame, column: int) -> dict[str, float]:
        """Mean over pairs of eras."""
        return {"churn_mean": float(pd.Series([churn[column] for churn in self._churn], dtype=float).mean())}

    def left_out(self) -> str:
        """Where no two eras could be compared."""
        return "" if self._churn else "no id occurs in two neighbouring eras"


def _churn(now: Floats, before: Floats) -> Floats:
    ranked = zip(ranks.twice_ranks(now).astype(float), ranks.twice_ranks(before).astype(float), strict=True)
    return np.array([1 - ranks.pearson(one[None], other)[0] for one, other in ranked])
