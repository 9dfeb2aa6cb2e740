"""The pipeline's predictions as one function that runs where this project is not installed."""

from collections.abc import Callable, Sequence
from typing import Any

from numerai_rounds.base.columns import FEATURE_MIDDLE, ID, PREDICTION


def predictor(model: Callable[[Any], Any], features: Sequence[str], missing_features: str) -> Callable[..., Any]:
    """`predict(live_features, live_benchmark_models=None)`, as Numerai runs it: live rows to predictions.

    `model` is what the kind's `portable` gives, `features` are the columns that it takes, in order. The function takes
    a table by id with these columns among others, of numbers, and gives one by id with the column `prediction`: the
    tie-kept rank that the pipeline submits. It refuses with a ValueError a table without a feature, and, where
    `missing_features` says so, one with a NaN. It imports what it needs and closes over plain values alone.
    """
    names = list(features)
    middle = FEATURE_MIDDLE if missing_features == "middle" else None
    index, column = ID, PREDICTION

    def predict(live_features: Any, live_benchmark_models: Any = None) -> Any:
        import numpy as np  # noqa: PLC0415 - it leaves this module
        import pandas as pd  # noqa: PLC0415

        absent = [name for name in names if name not in live_features.columns]
        if absent:
            raise ValueError(f"the live data lacks {len(absent)} features that the model uses, such as {absent[0]}.")
        levels = live_features[names].to_numpy(dtype=np.float32, na_value=np.nan)
        unknown = np.isnan(levels)
        if unknown.any():
            if middle is None:
                raise ValueError(f"{int(unknown.sum())} features of the live data are absent, and none may be.")
            levels = np.where(unknown, np.float32(middle), levels)
        _, places, counts = np.unique(model(levels), return_inverse=True, return_counts=True)
        # Twice the rank, so that the mean rank of ties is a whole number.
        twice = (2 * np.cumsum(counts) - counts + 1)[places]
        return pd.DataFrame({column: (twice - 1) / (2 * len(levels))}, index=live_features.index.rename(index))

    return predict
