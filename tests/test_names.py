"""Names and layouts that real files may have survive the whole pipeline."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from numerai_rounds.commands import configure, packaging
from numerai_rounds.conf import params
from numerai_rounds.io.files import paths, tables
from numerai_rounds.io.history.reader import History
from numerai_rounds.io.package import pickled, tryout
from numerai_rounds.io.scores import score_files
from numerai_rounds.play import opening
from numerai_rounds.stages import bin as binning
from numerai_rounds.stages import evaluate, fetch, select, split, submit, train
from numerai_rounds.steps.predicting import Predictor
from tests import odd_names, tiny
from tests.conftest import ROOT

SAMPLE = (
    "data.features_json=names.json",
    "data.train_eras=26",
    "data.validation_eras=3",
    "data.test_eras=5",
    "data.rows_per_era=60",
)
TARGETS = ["target", "target_ender_60", "target_ender_20"]
MODELS = {
    "lightgbm": ("model.n_estimators=5", "model.min_data_in_leaf=5", "model.feature_fraction=1.0"),
    "ridge": ("model=ridge",),
}


def play(monkeypatch: pytest.MonkeyPatch, *overrides: str) -> None:
    """The whole pipeline, in this process and folder."""
    shutil.copytree(ROOT / "conf", "conf")
    configure.compose(["score.draws=100", "threads=1", *overrides])
    opening.open_round(None, following=False)
    for part in ("history", "live"):
        monkeypatch.setattr(sys, "argv", ["fetch", part])
        fetch.main()
    for stage in (split, select, binning, train, evaluate, submit):
        stage.main()


def check_package(features: list[str]) -> None:
    """The model as Numerai runs it names these features and predicts what the pipeline does."""
    predictor = Predictor.of(params.load(), paths.MODEL.read_text(encoding="utf-8"))
    assert predictor.features == features
    pickled.write(predictor.portable(), paths.PACKAGE)
    trial = tryout.run(paths.PACKAGE, Path(sys.executable), "this")
    assert packaging.compare(trial.predictions, paths.SUBMISSION.read_bytes(), "this") == 0


@pytest.mark.parametrize("model", MODELS)
def test_odd_names_come_out_as_they_went_in(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = odd_names.listed(40, TARGETS)
    Path("names.json").write_text(json.dumps(listed | {"more": {}}))
    play(monkeypatch, *SAMPLE, "select=feature_set", "select.name='odd'", *MODELS[model])
    assert History().feature_sets() == listed["feature_sets"]
    assert tables.read_selected() == odd_names.FEATURES
    assert set(tables.read_csv(paths.IMPORTANCE)["feature"]) == set(odd_names.FEATURES)
    scores = score_files.read(paths.METRICS).tables
    assert list(scores["exposure"]["feature"]) == History().features("validation")
    assert list(scores["exposure_groups"]["group"]) == [
        name for name in listed["feature_sets"] if name not in ("all", "none")
    ]
    check_package(odd_names.FEATURES)


@pytest.mark.parametrize(("count", "chosen"), [(2748, "small\\'s"), (3555, " a ")])
def test_as_many_names_as_the_real_ones(count: int, chosen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = odd_names.listed(count, TARGETS)
    Path("names.json").write_text(json.dumps(listed))
    play(monkeypatch, *SAMPLE, "select=feature_set", f"select.name='{chosen}'", *MODELS["lightgbm"])
    names = listed["feature_sets"][chosen.replace("\\", "")]
    assert History().features("train") == sorted(listed["feature_sets"]["all"])
    assert History().targets("train") == TARGETS
    assert tables.read_selected() == names
    check_package(names)
    assert np.isfinite(pd.read_parquet(paths.PREDICTIONS)["prediction"]).all()


@pytest.mark.parametrize("kind", [pa.string_view(), pa.dictionary(pa.int16(), pa.large_string())], ids=str)
def test_files_of_another_writer(kind: pa.DataType, monkeypatch: pytest.MonkeyPatch) -> None:
    market = tiny.market(features=odd_names.listed(40, tiny.TARGETS))
    for path in tiny.write_v5(Path("mine"), market).glob("*.parquet"):
        table = pq.read_table(path).replace_schema_metadata(None)
        for name in ("id", "era", "data_type"):
            values = table[name].combine_chunks()
            values = values.dictionary_encode() if pa.types.is_dictionary(kind) else values
            table = table.set_column(table.schema.get_field_index(name), name, values.cast(kind))
        pq.write_table(table.append_column("notes", pa.array([{"a": 1}] * table.num_rows)), path, row_group_size=37)
    play(monkeypatch, "data=local", "data.path=mine", "select.k=20", *MODELS["lightgbm"])
    assert list(pd.read_csv(paths.SUBMISSION)["id"]) == list(market.live.index)
    per_era = score_files.read(paths.METRICS).tables["per_era"]
    assert per_era["corr"].notna().sum() == tiny.VALIDATION_ERAS
    assert per_era["cwmm"].notna().any()
