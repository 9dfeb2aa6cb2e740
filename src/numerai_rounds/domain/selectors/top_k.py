"""The k features that correlate most with the target, whatever the sign."""

from typing import Annotated, Literal

import pandas as pd
from pydantic import Field

from numerai_rounds.base.errors import ConfigurationError, DataError
from numerai_rounds.base.limits import COLUMNS
from numerai_rounds.base.params import Section
from numerai_rounds.domain.arrays.correlation import Correlations


class Params(Section):
    """How many features to keep."""

    kind: Literal["top_k"]
    k: Annotated[int, Field(ge=1, le=COLUMNS)]


def candidates(params: Params, features: list[str], feature_sets: dict[str, list[str]]) -> list[str]:
    """Every feature."""
    return features


def statistics(params: Params, candidates: list[str]) -> Correlations:
    """Correlations with the target."""
    return Correlations(candidates)


def choose(params: Params, table: pd.DataFrame) -> pd.DataFrame:
    """The k of greatest absolute pooled correlation, which is the score; ties in order of name.

    Constant features have no correlation and are never chosen. ConfigurationError where fewer than k
    are left, DataError where none is.
    """
    scored = table.assign(score=table["correlation"].abs()).dropna(subset="score")
    if scored.empty:
        raise DataError(
            "no feature correlates with the target on the training eras: all features are constant there, or the "
            "target is. Choose another target, or use other data."
        )
    if len(scored) < params.k:
        raise ConfigurationError(
            f"select.k is {params.k}, but only {len(scored)} features vary on the training eras. "
            f"Set select.k={len(scored)} or lower."
        )
    best = scored.sort_values(["score", "feature"], ascending=[False, True]).head(params.k)
    return best[["feature", "score"]].reset_index(drop=True)
