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
    """A file's table without the oddities of its layout: labels as text, features int8, no unknown column."""
    table = pd.read_parquet(make(role, folder, number, **changes)).drop(columns="origin", errors="ignore")
    kinds = {name: "int8" for name in table if name.startswith("feature_")}
    kinds |= {name: "str" for name in ("era", "data_type") if name in table}
    return table.astype(kinds)
