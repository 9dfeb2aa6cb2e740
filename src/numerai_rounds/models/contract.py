"""What every kind of model defines, what it is trained on, and what every trained model can do."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from numerai_rounds.base.errors import DataError, MachineError
from numerai_rounds.base.params import Section

D = TypeVar("D", bound=Section)
P = TypeVar("P", bound=Section)


class Rows(Protocol):
    """The rows to train on, read a part at a time: whoever provides them holds no more than the part asked for."""

    names: list[str]
    """The features, in the order of choice. A name may hold any letter, and `Model.features` gives it back as it is."""

    target: NDArray[np.float32]
    """A finite value a row."""

    def columns(self, start: int, stop: int) -> NDArray[np.int8]:
        """Some features of all rows: shape (rows, stop - start), levels 0 to 4, each column contiguous."""

    def blocks(self) -> Iterator[NDArray[np.int8]]:
        """All features of some rows at a time, in order: shape (some rows, features), columns contiguous."""


class Model(Protocol):
    """A trained model; it is its text and nothing else, so a loaded one predicts the same bits."""

    @property
    def text(self) -> str:
        """What is saved, and what `load` of the same kind reads. The same for any number of threads."""

    @property
    def features(self) -> list[str]:
        """Names of the features, in the order of the columns that `predict` takes."""

    def predict(self, features: NDArray[np.int8], threads: int) -> NDArray[np.float64]:
        """Predictions, shape (rows,), higher is better; `features` has shape (rows, features), columns contiguous.

        A row's prediction depends neither on the other rows nor on the number of threads.
        """

    def importance(self) -> pd.DataFrame:
        """A row a feature, `feature` and `importance` (>= 0), the most important first, ties by name."""


class Kind(Protocol[D, P]):
    """What each module in kinds/ defines.

    `progress` is called with the share of the work done since its last call; the shares sum to 1. `threads` changes the
    speed and nothing else (0: every core). `build` and `fit` take paths because LightGBM reads and writes its own
    files; nothing else in this layer does.
    """

    Dataset: type[D]
    """Parameters of the form in which this kind keeps its training rows."""

    Params: type[P]
    """With `kind: Literal["<its name>"]` and `dataset: Dataset`."""

    def build(self, dataset: D, rows: Rows, threads: int, destination: str, progress: Callable[[float], None]) -> None:
        """Write that form of the rows into `destination`, an empty folder; the bytes follow from both alone."""

    def fit(self, params: P, dataset: str, seed: int, threads: int, progress: Callable[[float], None]) -> Model:
        """Train on what `build` wrote into the folder `dataset`; anything else is refused with a DataError."""

    def load(self, text: str) -> Model:
        """The model with this text; any other text is refused with a DataError."""

    def portable(self, text: str) -> Callable[[Any], Any]:
        """What `Model.predict` does, bit for bit and on one thread, as a function for where this project is not.

        It takes the features as an array of any numbers, shape (rows, features), and gives the predictions, shape
        (rows,). It is defined inside another function, names nothing of its module, imports what it needs when called,
        and closes over text, numbers, lists of them, and functions like itself.
        """


def importance_table(features: list[str], importance: NDArray[np.float64]) -> pd.DataFrame:
    """The table of `Model.importance` from values in the order of the features."""
    table = pd.DataFrame({"feature": features, "importance": importance})
    return table.sort_values(["importance", "feature"], ascending=[False, True], ignore_index=True)


def write_table(table: pa.Table, path: str, kind: str, **about: str) -> None:
    """Write a table of the dataset of a kind of model as Parquet, checksums included, with what to know `about` it.

    MachineError where it cannot be written.
    """
    described = table.replace_schema_metadata({"kind": kind, **about})
    try:
        pq.write_table(described, path, compression="zstd", write_page_checksum=True)
    except OSError as error:
        raise unwritten(path, error.strerror or str(error)) from None


def read_table(path: str, kind: str) -> pa.Table:
    """Read what `write_table` wrote for this kind; DataError where the file is absent, another or damaged."""
    try:
        table = pq.read_table(path, page_checksum_verification=True)
    except (pa.ArrowException, OSError):
        raise broken(path, kind) from None
    if (table.schema.metadata or {}).get(b"kind") != kind.encode():
        raise broken(path, kind)
    return table


def unwritten(path: str, reason: str) -> MachineError:
    """The error for a file of a dataset that could not be written."""
    return MachineError(
        f"{path} could not be written ({reason}). Check the free space of the disk and the permissions of the folder, "
        "and run again."
    )


def broken(path: str, kind: str) -> DataError:
    """The error for a file of a dataset that is not what `build` of this kind wrote."""
    return DataError(
        f"{path} is absent, damaged, or not of a dataset of {kind}. `rounds mend` restores it, `dvc repro` makes it."
    )
