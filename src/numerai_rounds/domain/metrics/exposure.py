"""How strongly predictions lean on single features, era by era."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from numerai_rounds.domain.scoring.era import Era, Floats
from numerai_rounds.domain.scoring.metric import FEATURES, Inputs
from numerai_rounds.domain.scoring.metric import Metric as Base

COLUMNS = ("exposure_max", "exposure_rms", "exposure_std")


class Metric(Base):
    """Pearson of the predictions, as they are, with each feature of an era. All are 0 to 1, lower is better.

    Per era: `exposure_max`, the greatest size (`max_feature_correlation` of numerai-tools); `exposure_rms`, the root of
    the mean square; `exposure_std`, the deviation (ddof 0). Headlines: `exposure_max_mean`, `exposure_rms_mean` and
    `exposure_std_mean`, over eras. A feature that is constant in an era counts for nothing there; NaN where the
    predictions are constant.
    """

    needs = (FEATURES,)
    on_target = False

    def __init__(self, inputs: Inputs) -> None:
        """Begin with no eras."""
        super().__init__(inputs)
        shape = (inputs.columns, len(inputs.features))
        self._eras: NDArray[np.int64] = np.zeros(shape, np.int64)
        self._sum, self._squares, self._greatest = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        self._groups: list[Floats] = []
        """Root mean square of each group in each era, shape (columns, groups)."""

    def era(self, era: Era) -> dict[str, Floats]:
        """Greatest, root mean square and deviation of one era."""
        sizes = np.full((3, len(era.section.predictions)), np.nan)
        for column, exposures in enumerate(era.section.exposures):
            known = exposures[np.isfinite(exposures)]
            if known.size:
                sizes[:, column] = np.abs(known).max(), np.sqrt(np.square(known).mean()), known.std()
        return dict(zip(COLUMNS, sizes, strict=True))

    def part(self, era: Era) -> tuple[Floats, Floats]:
        """Exposures to features and root mean squares of groups."""
        exposures = era.section.exposures
        groups = [_root_mean_square(exposures[:, places]) for places in self.inputs.groups.values()]
        return exposures, np.array(groups).reshape(len(groups), len(exposures)).T

    def gather(self, part: tuple[Floats, Floats]) -> None:
        """Add one era."""
        exposures, groups = part
        known = np.isfinite(exposures)
        values = np.where(known, exposures, 0.0)
        self._eras += known
        self._sum += values
        self._squares += np.square(values)
        np.maximum(self._greatest, np.abs(values), out=self._greatest)
        self._groups.append(groups)

    def headlines(self, per_era: pd.DataFrame, column: int) -> dict[str, float]:
        """Means over eras."""
        return {f"{name}_mean": per_era[name].mean() for name in COLUMNS}

    def by_feature(self, column: int) -> dict[str, Floats]:
        """`exposure_mean`, `exposure_rms` and `exposure_max` over eras; NaN for a feature that is always constant."""
        eras = np.where(self._eras[column] > 0, self._eras[column], np.nan)
        return {
            "exposure_mean": self._sum[column] / eras,
            "exposure_rms": np.sqrt(self._squares[column] / eras),
            "exposure_max": np.where(np.isnan(eras), np.nan, self._greatest[column]),
        }

    def by_group(self, column: int) -> dict[str, Floats]:
        """`exposure_rms`, the mean over eras of the root mean square in the group; `exposure_rms_max`, the greatest."""
        table = pd.DataFrame([groups[column] for groups in self._groups])
        return {"exposure_rms": table.mean().to_numpy(), "exposure_rms_max": table.max().to_numpy()}


def _root_mean_square(exposures: Floats) -> Floats:
    """Over features, shape (columns, features); constant ones apart, NaN where all are."""
    known = np.isfinite(exposures)
    count = known.sum(axis=1)
    squares = np.square(np.where(known, exposures, 0.0)).sum(axis=1)
    sizes: Floats = np.sqrt(squares / np.where(count > 0, count, np.nan))
    return sizes
