"""Ways to choose features. One file is one kind, found by its name: see `Selector`."""

from typing import Protocol, TypeVar

import pandas as pd

from numerai_rounds.base.params import Section

P = TypeVar("P", bound=Section)


class Selector(Protocol[P]):
    """What each module here defines."""

    Params: type[P]
    """With `kind: Literal["<its name>"]`."""

    def candidates(self, params: P, features: list[str], feature_sets: dict[str, list[str]]) -> list[str]:
        """The features worth looking at, given all in the order of the data and the named sets of features.json."""

    def choose(self, params: P, table: pd.DataFrame) -> pd.DataFrame:
        """The chosen ones in order of choice: `feature` and `score`, which is finite; higher is better.

        `table` is that of `correlation.Correlations` of the candidates, made on training eras only.
        """
