"""A packaged model tried out as Numerai runs it: another Python, the live file, one core, limits of time and memory."""

import json
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from numerai_rounds.base.columns import ID, PREDICTION, is_feature
from numerai_rounds.base.errors import DataError
from numerai_rounds.io.history.live import Live
from numerai_rounds.io.machine import children
from numerai_rounds.io.package import pickled

LONGEST = 600.0
"""Seconds that Numerai gives an uploaded model."""

LARGEST = 4 << 30
"""Bytes of memory that Numerai gives it."""

SCRIPT = Path(__file__).resolve().with_name("_image_script.py")
"""What the other Python runs; it is not imported here."""

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Trial:
    """What came of it: predictions by id, seconds to load and predict, the most bytes of memory held at a time."""

    predictions: "pd.Series[float]"
    seconds: float
    peak_bytes: int


def run(package: Path, interpreter: Path, image: str, longest: float = LONGEST) -> Trial:
    """Have a Python other than this one predict the live era with a package; none of this project's code is there.

    DataError where it fails, gives something else than predictions, or breaks a limit.
    """
    live = Live().table()
    features = [name for name in live.column_names if is_feature(name)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.save(folder / "features.npy", _levels(live, features))
        names = {"ids": live[ID].to_pylist(), "features": features}
        (folder / "names.json").write_text(json.dumps(names), encoding="utf-8")
        _predict(package.resolve(), interpreter, folder, image, longest)
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        table = pd.read_csv(folder / "predictions.csv", dtype={ID: str}, keep_default_na=False)
    if pickled.PROJECT in report["modules"]:
        raise DataError(f"the packaged model imported {pickled.PROJECT}, which Numerai does not have.")
    if list(table.columns) != [ID, PREDICTION]:
        raise DataError(
            f"the packaged model gives the columns {list(table.columns)} in place of {ID} and {PREDICTION}."
        )
    if report["peak_bytes"] > LARGEST:
        raise DataError(
            f"the packaged model takes {report['peak_bytes'] / 2**30:.1f} GB of memory in the image {image}, and "
            f"Numerai gives it {LARGEST / 2**30:.0f} GB. Train a smaller one, or on fewer features."
        )
    return Trial(table.set_index(ID)[PREDICTION], report["seconds"], report["peak_bytes"])


def _levels(live: pa.Table, features: list[str]) -> np.ndarray:
    """Features of the live era, shape (rows, features): int8 as in the file, or floats with NaN where some are absent.

    A column is contiguous.
    """
    columns = [live[name].to_numpy() for name in features]
    return np.stack(columns).T


def _predict(package: Path, interpreter: Path, folder: Path, image: str, longest: float) -> None:
    try:
        done = children.run(
            [str(interpreter.absolute()), "-I", str(SCRIPT), str(package), str(folder)],
            folder=folder,
            environment={"PATH": os.defpath, **dict.fromkeys(THREADS, "1")},
            longest=longest,
        )
    except subprocess.TimeoutExpired:
        raise DataError(
            f"the packaged model did not finish within {longest:g} seconds in the image {image}, which is what Numerai "
            "gives it. Train a smaller one."
        ) from None
    if done.returncode:
        said = children.text(done.stderr).strip().splitlines()
        raise DataError(
            f"the packaged model fails in the image {image}: {said[-1] if said else f'it ended with {done.returncode}'}"
        )
