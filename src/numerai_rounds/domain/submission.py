"""From predictions to a submission, and the tournament's rules for one."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from numerai_rounds.base.columns import ID, PREDICTION
from numerai_rounds.base.errors import DataError, some
from numerai_rounds.domain.arrays import ranks

MINIMUM_STD = 1e-7
"""Standard deviation below which predictions count as constant; the service's own limit is near 1e-8."""


def predictions_to_submission(ids: "pd.Index[str] | pd.Series[str]", predictions: NDArray[np.float64]) -> pd.DataFrame:
    """The table to submit: `id` and `prediction`, the tie-kept rank, strictly between 0 and 1.

    Scores depend on ranks only; ranks are also always within the bounds.
    """
    return pd.DataFrame({ID: ids, PREDICTION: ranks.shares(ranks.twice_ranks(predictions[None]))[0]})


def check(submission: pd.DataFrame, live_ids: "pd.Index[str] | pd.Series[str]") -> None:
    """Refuse with a DataError a submission that breaks any rule of the tournament."""
    found = [str(column) for column in submission.columns]
    if found != [ID, PREDICTION]:
        raise DataError(f"a submission has exactly the columns {ID} and {PREDICTION}, in this order; found {found}.")
    _check_ids(pd.Index(submission[ID]), pd.Index(live_ids))
    _check_values(submission[PREDICTION])


def _check_ids(ids: "pd.Index[str]", live: "pd.Index[str]") -> None:
    if live.empty:
        raise DataError("there is no live id to predict. Fetch the live data again.")
    problems = {
        "missing": live.difference(ids),
        "not live": ids.difference(live),
        "given more than once": ids[ids.duplicated()].unique(),
    }
    wrong = [f"{len(which):,} {how} ({some(which)})" for how, which in problems.items() if len(which)]
    if wrong:
        raise DataError(
            f"every live id must be in the submission exactly once; {', '.join(wrong)}. "
            "Predict the live data of this round again."
        )


def _check_values(predictions: "pd.Series[float]") -> None:
    if not pd.api.types.is_float_dtype(predictions):
        raise DataError(f"predictions must be numbers with a fraction (float); found {predictions.dtype}.")
    infinite = int((~np.isfinite(predictions)).sum())
    if infinite:
        raise DataError(f"predictions must be finite; {infinite:,} of {len(predictions):,} are NaN or infinite.")
    low, high = predictions.min(), predictions.max()
    if low < 0 or high > 1:
        raise DataError(f"predictions must lie between 0 and 1; found {low} to {high}. Rank them first.")
    if not predictions.std() > MINIMUM_STD:
        raise DataError(
            "predictions must not be constant; all of them are "
            f"{predictions.iloc[0]:g} or nearly so. Train a model that tells the stocks apart."
        )
