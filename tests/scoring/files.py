"""The files that predictions are scored on, and what the tests of scoring share."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from numerai_rounds.base.columns import DATA_TYPE, ERA
from numerai_rounds.io.files import paths
from numerai_rounds.io.scores import score_files
from tests import tiny
from tests.forms import Frame

UNRESOLVED = "target_agnes_20"
GAP_ERA, GAP_ROWS = "0035", 3
"""An era in which some rows have no target."""
ERAS = [f"{tiny.TRAIN_ERAS + number:04d}" for number in range(1, tiny.VALIDATION_ERAS + 1)]
OVERRIDES = ("data=local", "data.path=mine", "select.k=6", "model.n_estimators=5", "model.min_data_in_leaf=5")


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    error: str


Score = Callable[..., Said]
META, BENCHMARK = ("mmc", "cwmm", "meta_model_corr"), ("bmc", "cwbm", "benchmark_corr")
FORMS = (("mean", ".4f"), ("sharpe", ".2f"))


def market() -> tiny.Market:
    """Tiny files with a benchmark model, the features of FNC, a target without answers and an era with gaps."""
    files = tiny.market()
    files.features["feature_sets"]["fncv3_features"] = tiny.FEATURES[:3]
    files.validation[UNRESOLVED] = np.float32("nan")
    gap = files.validation.index[files.validation[ERA] == GAP_ERA][:GAP_ROWS]
    files.validation.loc[gap, ["target", tiny.MAIN_TARGET]] = np.float32("nan")
    random = np.random.default_rng(3)
    benchmark = files.validation[[ERA, DATA_TYPE]].assign(v53_lgbm_ender60=random.random(len(files.validation)))
    files.extras["validation_benchmark_models"] = benchmark
    return files


def predictions() -> Frame:
    """The pipeline's own, without eras."""
    return pd.read_parquet(paths.PREDICTIONS)[["prediction"]]


def labelled() -> Frame:
    return pd.read_parquet(paths.PREDICTIONS)


def random_for(rows: Frame) -> Frame:
    return Frame({"prediction": np.random.default_rng(1).random(len(rows))}, index=rows.index)


def per_era(folder: Path) -> Frame:
    return score_files.read(folder).tables["per_era"]


def change_params(folder: Path, section: str, **values: Any) -> None:
    path = folder / "params.yaml"
    content = yaml.safe_load(path.read_text())
    content[section] |= values
    path.write_text(yaml.safe_dump(content))


def refused(said: Said, code: int, sentence: str) -> None:
    assert said.code == code, said
    lines = said.error.splitlines()
    assert len(lines) == 1
    assert lines[0].isprintable()
    assert len(lines[0]) < 700
    assert lines[0].startswith("error: ")
    assert lines[0].endswith((".", "?"))
    assert re.search(sentence, lines[0])
