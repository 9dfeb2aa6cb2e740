"""Tiny files of the `sample` source."""

from pathlib import Path
from typing import Any

import pandas as pd

from numerai_rounds.io.sources import sample

FIRST = 1343
EXTRAS = [
    "train_benchmark_models",
    "validation_benchmark_models",
    "meta_model",
    "validation_example_preds",
    "live_benchmark_models",
    "live_example_preds",
]


def parameters(**changes: Any) -> sample.Params:
    tiny: dict[str, Any] = {
        "kind": "sample",
        "version": "v5.3",
        "extra_files": EXTRAS,
        "seed": 1,
        "features": 30,
        "train_eras": 20,
        "validation_eras": 10,
        "test_eras": 13,
        "rows_per_era": 100,
        "first_round": FIRST,
    }
    return sample.Params.model_validate(tiny | changes)


def make(role: str, folder: Path, number: int = FIRST, **changes: Any) -> Path:
    params = parameters(**changes)
    history, live = sample.pins(params, number)
    path = folder / f"{role}-{number}"
    sample.fetch(params, number, role, (history | live)[role], path)
    return path


def rows(role: str, folder: Path, number: int = FIRST, **changes: Any) -> pd.DataFrame:
    return pd.read_parquet(make(role, folder, number, **changes))
