"""Linear baseline: ridge regression, solved exactly from sums over the rows."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field, ValidationError
from scipy.linalg import cho_factor, cho_solve
from threadpoolctl import threadpool_limits

from numerai_rounds.base.columns import FEATURE_MIDDLE
from numerai_rounds.base.errors import DataError
from numerai_rounds.base.limits import LARGEST
from numerai_rounds.base.params import Section
from numerai_rounds.models.contract import Model, Rows, importance_table, read_table, write_table

BLOCK = 8192
"""Rows converted at a time. Products of levels add up exactly in float32 up to 2**22 rows."""

SUMS = "sums.parquet"
"""The one file of a dataset."""

DIGITS = 12
"""Significant digits that are saved."""


class Dataset(Section):
    """Nothing to choose: the same sums solve the regression for any penalty."""


class Params(Section):
    """Penalty of the regression."""

    kind: Literal["ridge"]
    dataset: Dataset
    alpha: Annotated[float, Field(gt=0, le=LARGEST)]
    """Added to the diagonal of the sums of products, as in scikit-learn; the intercept is not penalised."""


class Ridge(Section):
    """A fitted regression: level minus 2, times the coefficient, summed, plus the intercept."""

    kind: Literal["ridge"]
    intercept: float
    coefficients: dict[str, float]
    deviations: dict[str, float]
    """Standard deviation of each feature over the training rows."""

    @property
    def text(self) -> str:
        """The regression as JSON, a number a line."""
        return self.model_dump_json(indent=1) + "\n"

    @property
    def features(self) -> list[str]:
        """Names of the features in the order of the columns."""
        return list(self.coefficients)

    def predict(self, features: NDArray[np.int8], threads: int) -> NDArray[np.float64]:
        """Predictions; `threads` is not used, since a threaded sum would depend on it."""
        return np.asarray(self.predictor()(features))

    def predictor(self) -> Callable[[Any], Any]:
        """The regression as a function of levels that closes over plain values."""
        middle, intercept, coefficients = FEATURE_MIDDLE, self.intercept, list(self.coefficients.values())

        def predict(levels: Any) -> Any:
            import numpy as np  # noqa: PLC0415 - it leaves this module

            # In row order, whatever the order of `levels`: it decides in which order a row is summed.
            centred = np.subtract(levels, middle, dtype=np.float64, order="C")
            return np.einsum("rf,f->r", centred, np.array(coefficients)) + intercept

        return predict

    def importance(self) -> pd.DataFrame:
        """Importance is the change of the prediction, in size, for one standard deviation of the feature."""
        sizes = [abs(self.coefficients[name]) * self.deviations[name] for name in self.features]
        return importance_table(self.features, np.array(sizes))


def build(dataset: Dataset, rows: Rows, threads: int, destination: str, progress: Callable[[float], None]) -> None:
    """Save the sums that solve the regression for any penalty. Memory: a table of features by features."""
    count, total = len(rows.names), len(rows.target)
    gram, totals, products = np.zeros((count, count)), np.zeros(count), np.zeros(count)
    place = 0
    with threadpool_limits(threads or None, user_api="blas"):
        for block in rows.blocks():
            for start in range(0, len(block), BLOCK):
                levels = np.subtract(block[start : start + BLOCK], FEATURE_MIDDLE, dtype=np.float32)
                target = rows.target[place : place + len(levels)]
                gram += levels.T @ levels
                totals += levels.sum(axis=0)
                products += np.einsum("r,rf->f", target, levels, dtype=np.float64)
                place += len(levels)
                progress(len(levels) / total)
    rectangle = pa.FixedSizeListArray.from_arrays(gram.ravel(), count)
    sums = pa.table({"feature": rows.names, "total": totals, "product": products, "gram": rectangle})
    mean_target = float(rows.target.mean(dtype=np.float64))
    write_table(sums, f"{destination}/{SUMS}", "ridge", rows=str(total), mean_target=repr(mean_target))


def fit(params: Params, dataset: str, seed: int, threads: int, progress: Callable[[float], None]) -> Model:
    """Solve the regression; `seed` is not used. DataError where `dataset` is not what `build` wrote."""
    sums = read_table(f"{dataset}/{SUMS}", "ridge")
    about = sums.schema.metadata
    names, rows, mean_target = sums["feature"].to_pylist(), int(about[b"rows"]), float(about[b"mean_target"])
    totals, gram = sums["total"].to_numpy(), sums["gram"].combine_chunks().flatten().to_numpy()
    means = totals / rows
    covariance = gram.reshape(len(names), len(names)) - rows * np.outer(means, means)
    products = sums["product"].to_numpy() - mean_target * totals
    # The order of additions in the solver depends on the number of threads.
    with threadpool_limits(1, user_api="blas"):
        factor = cho_factor(covariance + params.alpha * np.eye(len(names)))
        coefficients = cho_solve(factor, products)
    progress(1)
    return Ridge(
        kind="ridge",
        intercept=_rounded(mean_target - (means * coefficients).sum()),
        coefficients=dict(zip(names, map(_rounded, coefficients), strict=True)),
        deviations=dict(zip(names, map(_rounded, np.sqrt(np.diag(covariance).clip(0) / rows)), strict=True)),
    )


def load(text: str) -> Model:
    """The regression that `Ridge.text` describes; DataError where the text is something else."""
    try:
        return Ridge.model_validate_json(text)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        raise DataError(f"the model is not the JSON of a ridge regression: {problem['msg']}. Train it again.") from None


def portable(text: str) -> Callable[[Any], Any]:
    """What `Model.predict` of the model with this text does, as a function that needs numpy and not this project."""
    return Ridge.model_validate_json(text).predictor()


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
