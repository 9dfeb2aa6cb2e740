"""What every trained model can do, whatever its kind."""

from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray


class Model(Protocol):
    """A trained model; it is its text and nothing else, so a loaded one predicts the same bits."""

    @property
    def text(self) -> str:
        """What is saved, and what `load` of the same kind reads. The same for any number of threads."""

    @property
    def features(self) -> list[str]:
        """Names of the features, in the order of the columns that `predict` takes."""

    def predict(self, features: NDArray[np.int8], threads: int) -> NDArray[np.float64]:
        """Predictions, shape (rows,), higher is better; `features` has shape (rows, features).

        A row's prediction depends neither on the other rows nor on the number of threads.
        """

    def importance(self) -> pd.DataFrame:
        """A row a feature, `feature` and `importance` (>= 0), the most important first, ties by name."""


def importance_table(features: list[str], importance: NDArray[np.float64]) -> pd.DataFrame:
    """The table of `Model.importance` from values in the order of the features."""
    table = pd.DataFrame({"feature": features, "importance": importance})
    return table.sort_values(["importance", "feature"], ascending=[False, True], ignore_index=True)
