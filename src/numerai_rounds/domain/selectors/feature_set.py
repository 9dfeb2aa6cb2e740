"""One of Numerai's named feature sets, whole."""

from typing import Literal

import pandas as pd

from numerai_rounds.base.errors import ConfigurationError, DataError, one_of, some
from numerai_rounds.base.params import Section
from numerai_rounds.domain.arrays.correlation import Correlations


class Params(Section):
    """Which set to use."""

    kind: Literal["feature_set"]
    name: str


def candidates(params: Params, features: list[str], feature_sets: dict[str, list[str]]) -> list[str]:
    """The features of the set, in its own order.

    ConfigurationError where there is no such set, or an empty one; DataError where it names a feature that the data
    lacks.
    """
    usable = [name for name, members in feature_sets.items() if members] or list(feature_sets)
    if params.name not in feature_sets:
        raise ConfigurationError(f"select.name is {params.name!r}: {one_of(params.name, usable)}")
    chosen = feature_sets[params.name]
    if not chosen:
        raise ConfigurationError(f"select.name is {params.name!r}, an empty feature set: {one_of(params.name, usable)}")
    absent = set(chosen).difference(features)
    if absent:
        raise DataError(
            f"feature set {params.name!r} names {len(absent)} features that the data lacks "
            f"({some(sorted(absent))}). features.json and the data must be of one version: take both from one, then "
            "`rounds open` pins them."
        )
    return chosen


def statistics(params: Params, candidates: list[str]) -> Correlations:
    """Correlations with the target: the set is chosen without them, and shown with them."""
    return Correlations(candidates)


def choose(params: Params, table: pd.DataFrame) -> pd.DataFrame:
    """All of the set, in its own order; the score is the absolute pooled correlation, 0 for a constant feature."""
    return pd.DataFrame({"feature": table["feature"], "score": table["correlation"].abs().fillna(0.0)})
