"""Feature neutral correlation."""

from numerai_rounds.base.errors import some
from numerai_rounds.domain.arrays import ranks
from numerai_rounds.domain.scoring.era import Era, Floats
from numerai_rounds.domain.scoring.metric import FEATURES
from numerai_rounds.domain.scoring.metric import Metric as Base


class Metric(Base):
    """`feature_neutral_corr` of numerai-tools: CORR of what is left of predictions once features are taken out.

    Rows that are equal in what is left stay equal. numerai-tools does not round there, so that noise of the last digit
    breaks such ties: in an era of a few rows that moves its score by a thousandth or more.

    Per era and set of features: `fnc_v3` for `fncv3_features`, `fnc_all`, ...; -1 to 1, higher is better. NaN where
    either side is constant, or the features explain the predictions wholly, as with no more rows than features.
    """

    needs = (FEATURES,)
    is_score = True

    def era(self, era: Era) -> dict[str, Floats]:
        """FNC of one era, to each set."""
        return {
            f"fnc_{name.removeprefix('fnc').removesuffix('_features')}": ranks.pearson(
                era.section.neutral(name, places), era.powered_target
            )
            for name, places in self.inputs.neutral_sets.items()
        }

    def left_out(self) -> str:
        """Sets that there are not."""
        unknown = self.inputs.unknown_sets
        return f"features.json has no feature set {some(map(repr, unknown))} that names features" if unknown else ""
