"""The one way to a prediction: what evaluates, submits, packages or tries out a model asks it here."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from numerai_rounds.base.params import Params, Section
from numerai_rounds.conf import plugins
from numerai_rounds.io.history.live import Live
from numerai_rounds.io.history.reader import EraRows, History
from numerai_rounds.models import portable
from numerai_rounds.models.contract import Kind, Model

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Predictor:
    """A trained model at work."""

    kind: Kind[Section, Section]
    model: Model
    threads: int
    """0: every core; predictions do not depend on it."""
    missing_features: str

    @classmethod
    def of(cls, parameters: Params, text: str) -> "Predictor":
        """The model with this text; a DataError where it is not one of the kind that the parameters name."""
        kind = plugins.model(parameters.model.kind)
        return cls(kind, kind.load(text), parameters.threads, parameters.missing_features)

    @property
    def features(self) -> list[str]:
        """What the model takes, in its order."""
        return self.model.features

    def predict(self, features: NDArray[np.int8]) -> Floats:
        """A prediction a row, shape (rows,), given the model's features, shape (features, rows).

        Models are at the door of libraries, and take what those take: the array is turned here.
        """
        return self.model.predict(features.T, self.threads)

    def of_eras(
        self, history: History, side: str, eras: Collection[str], targets: Sequence[str] = ()
    ) -> Iterator[tuple[EraRows, Floats]]:
        """The rows of each era, with the model's features and some targets, and their predictions, shape (rows,)."""
        for rows in history.read(side, eras, self.features, targets):
            yield rows, self.predict(rows.features)

    def of_live(self, live: Live) -> tuple["pd.Index[str]", Floats]:
        """The ids of the live era and their predictions, in the order of the file."""
        ids, features = live.rows(self.features)
        return ids, self.predict(features)

    def portable(self) -> Callable[..., Any]:
        """The same as a function of a table of live rows, which runs where this project is not: ranks, as submitted."""
        return portable.predictor(self.kind.portable(self.model.text), self.features, self.missing_features)
