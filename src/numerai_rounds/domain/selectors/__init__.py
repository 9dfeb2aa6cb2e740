"""Ways to choose features. One file is one kind, found by its name: see `Selector`."""

from typing import Protocol, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from numerai_rounds.base.params import Section

P = TypeVar("P", bound=Section)


class Statistics(Protocol):
    """What a selector wants to know of the candidates, gathered an era at a time."""

    def add(self, features: NDArray[np.int8], target: NDArray[np.floating]) -> None:
        """Take in an era: features, shape (features, rows), levels 0 to 4, and their finite targets, shape (rows,)."""

    def table(self) -> pd.DataFrame:
        """A row a candidate, in their order: `feature`, and what there is to say about it."""


class Selector(Protocol[P]):
    """What each module here defines."""

    Params: type[P]
    """With `kind: Literal["<its name>"]`."""

    def candidates(self, params: P, features: list[str], feature_sets: dict[str, list[str]]) -> list[str]:
        """The features worth looking at, given all in the order of the data and the named sets of features.json."""

    def statistics(self, params: P, candidates: list[str]) -> Statistics:
        """What is to be known of the candidates: it is shown every training era, and none other."""

    def choose(self, params: P, table: pd.DataFrame) -> pd.DataFrame:
        """The chosen ones in order of choice, given the table of the statistics.

        `feature` and `score`, which is finite; higher is better.
        """
