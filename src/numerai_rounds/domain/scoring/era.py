"""One era, as metrics see it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from numerai_rounds.domain.arrays import kernels, ranks
from numerai_rounds.domain.arrays.correlation import coefficient
from numerai_rounds.domain.arrays.neutral import neutralized

Floats = NDArray[np.float64]
Levels = NDArray[np.int8]
Places = NDArray[np.intp]


T = TypeVar("T")


class cached(Generic[T]):  # noqa: N801 - a decorator
    """A property that is computed once; `functools.cached_property` makes threads wait for each other before 3.12.

    Each era is the work of one thread.
    """

    def __init__(self, function: Callable[[Any], T]) -> None:
        """Take the property's function."""
        self._function = function
        self._name = function.__name__
        self.__doc__ = function.__doc__

    def __get__(self, instance: Any, _: Any = None) -> T:
        """Its value, from then on an attribute of the instance."""
        value = self._function(instance)
        instance.__dict__[self._name] = value
        return value


@dataclass(frozen=True, eq=False)
class CrossSection:
    """Rows of one era, with all that does not depend on a target. Nothing is computed before it is asked for."""

    label: str
    ids: pa.Array
    """Shape (rows,), text."""
    predictions: Floats
    """Shape (columns, rows), finite; a row of it for each column of predictions."""
    features: Levels
    """Shape (features, rows), levels 0 to 4; no features where no metric needs them."""
    others: Mapping[str, Floats] = field(default_factory=dict)
    """Predictions of others by name, shape (rows,); NaN where they have none."""
    start: int = 0
    """Rows of earlier eras."""
    whole: "CrossSection | None" = None
    """What it is a part of; None where it is all."""
    within: NDArray[np.bool_] | None = None
    """Which rows of `whole` it has."""

    def __len__(self) -> int:
        """Number of rows."""
        return int(self.predictions.shape[1])

    def where(self, rows: NDArray[np.bool_], *, featureless: bool = False) -> "CrossSection":
        """Some of the rows, without features where nobody asks for those; itself where all are asked for."""
        if rows.all():
            return self
        features = self.features[:0] if featureless else self.features
        return CrossSection(
            self.label,
            self.ids.filter(pa.array(rows)),
            np.compress(rows, self.predictions, axis=1),
            np.compress(rows, features, axis=1),
            {name: values[rows] for name, values in self.others.items()},
            self.start,
            self,
            rows,
        )

    def beside(self, other: str) -> "CrossSection | None":
        """The rows that another model has predictions for, without features; None where there are none."""
        if other not in self._beside:
            rows = np.isfinite(self.others[other])
            featureless = replace(self, features=self.features[:0])
            self._beside[other] = (self if rows.all() else featureless.where(rows)) if rows.any() else None
        return self._beside[other]

    @cached
    def varying(self) -> NDArray[np.bool_]:
        """Columns of predictions that are not constant, shape (columns,)."""
        varying: NDArray[np.bool_] = np.ptp(self.predictions, axis=1) > 0
        return varying

    @cached
    def twice_ranks(self) -> NDArray[np.int64]:
        """Twice the ranks of the predictions, shape (columns, rows)."""
        return ranks.twice_ranks(self.predictions)

    @cached
    def gaussian(self) -> Floats:
        """Gaussianised tie-kept ranks of the predictions, shape (columns, rows)."""
        return ranks.gaussianize(ranks.shares(self.twice_ranks))

    @cached
    def powered(self) -> Floats:
        """`gaussian` to the power of 1.5: Numerai's transformation of predictions."""
        return ranks.power_1_5(self.gaussian)

    @cached
    def exposures(self) -> Floats:
        """Pearson of the predictions, as they are, with each feature: shape (columns, features), NaN if constant.

        Predictions are rounded to 2**-32 of their range, which makes the sums exact whatever their order and moves no
        correlation by more than 2**-32 times the range over the deviation: by less than 1e-9 where that is below 4, and
        in practice also far above; by 2e-8 at most where a single one of 6,000 stands far apart from all others.
        """
        fixed = _fixed_point(self.predictions)
        (x, xx), xw = (sums.astype(np.float64) for sums in kernels.weighted_sums(self.features, fixed))
        w, rows = fixed.astype(np.float64), len(self)
        total = w.sum(axis=1, keepdims=True)
        spread = (rows * np.square(w).sum(axis=1, keepdims=True) - np.square(total)) * (rows * xx - np.square(x))
        return coefficient(rows * xw - total * x, np.where(self.varying[:, None], spread, 0.0))

    def neutral(self, name: str, places: Places) -> Floats:
        """`powered` of predictions neutralised to some features, shape (columns, rows); kept by the features' name.

        As in numerai-tools, features are taken out over all rows that have predictions, whatever the target. NaN where
        nothing is left of a column.
        """
        if name not in self._neutral:
            left = self.left_by(name, places)
            known = np.isfinite(left).all(axis=1)
            powered = np.full(left.shape, np.nan)
            powered[known] = ranks.power_1_5(ranks.gaussianize(ranks.shares(ranks.twice_ranks(left[known]))))
            self._neutral[name] = powered
        return self._neutral[name]

    def left_by(self, name: str, places: Places) -> Floats:
        """What features leave of `gaussian`, taken out over the rows of `whole`: shape (columns, rows)."""
        if self.whole is not None and self.within is not None:
            return np.compress(self.within, self.whole.left_by(name, places), axis=1)
        if name not in self._lefts:
            self._lefts[name] = neutralized(self.gaussian, self.features[places])
        return self._lefts[name]

    @cached
    def _neutral(self) -> dict[str, Floats]:
        return {}

    @cached
    def _lefts(self) -> dict[str, Floats]:
        return {}

    @cached
    def _beside(self) -> "dict[str, CrossSection | None]":
        return {}


def _fixed_point(vectors: Floats) -> NDArray[np.int32]:
    """Each vector as whole numbers, from the least to the greatest that `kernels.weighted_sums` takes."""
    low, high = vectors.min(axis=1, keepdims=True), vectors.max(axis=1, keepdims=True)
    span = high - low
    span[span == 0] = 1
    shares = (vectors - low) / span  # from the least one on: no rounding takes a share out of 0 to 1
    whole: NDArray[np.int32] = np.rint((2 * shares - 1) * kernels.LARGEST_32).astype(np.int32)
    return whole


@dataclass(frozen=True, eq=False)
class Era:
    """A cross-section beside what came true."""

    section: CrossSection
    target: Floats
    """Shape (rows,), finite, 0 to 1."""
    centre: float
    """Mean of the target over every row that has one, with or without a prediction."""
    thin: bool = False
    """Whether the target is known for too few rows to score the era on it."""

    @property
    def scorable(self) -> NDArray[np.bool_]:
        """Columns of predictions for which a correlation exists, shape (columns,): neither side is constant."""
        varying = len(self.target) > 1 and np.ptp(self.target) > 0 and not self.thin
        return self.section.varying & varying

    @cached
    def powered_target(self) -> Floats:
        """The centred target to the power of 1.5, shape (rows,)."""
        return ranks.power_1_5(self.target - self.centre)
