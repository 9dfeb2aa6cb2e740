"""Names of features and of feature sets survive the whole pipeline, whatever letters they hold."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from numerai_rounds.base import plugins
from numerai_rounds.commands import configure, opening, packaging
from numerai_rounds.domain import portable
from numerai_rounds.io import history, packages, params, paths, score_files, tables, trials
from numerai_rounds.stages import bin as binning
from numerai_rounds.stages import evaluate, fetch, select, split, submit, train
from tests import odd_names
from tests.conftest import ROOT

SIZE = ("data.train_eras=26", "data.validation_eras=3", "data.test_eras=5", "data.rows_per_era=60")
TARGETS = ["target", "target_ender_60", "target_ender_20"]
MODELS = {
    "lightgbm": ("model.n_estimators=5", "model.min_data_in_leaf=5", "model.feature_fraction=1.0"),
    "ridge": ("model=ridge",),
}


def play(monkeypatch: pytest.MonkeyPatch, *overrides: str) -> None:
    """The whole pipeline of the sample with names.json, in this process and folder."""
    shutil.copytree(ROOT / "conf", "conf")
    configure.compose(["data.features_json=names.json", "score.draws=100", "threads=1", *SIZE, *overrides])
    opening.open_round(None, following=False)
    for part in ("history", "live"):
        monkeypatch.setattr(sys, "argv", ["fetch", part])
        fetch.main()
    for stage in (split, select, binning, train, evaluate, submit):
        stage.main()


def check_package(features: list[str]) -> None:
    """The model as Numerai runs it names these features and predicts what the pipeline does."""
    kind, text = plugins.load("model", params.load().model.kind), paths.MODEL.read_text(encoding="utf-8")
    assert kind.load(text).features == features
    packages.write(portable.predictor(kind.portable(text), features, "middle"), paths.PACKAGE)
    trial = trials.run(paths.PACKAGE, Path(sys.executable), "this")
    assert packaging.compare(trial.predictions, paths.SUBMISSION.read_bytes(), "this") == 0


@pytest.mark.parametrize("model", MODELS)
def test_odd_names_come_out_as_they_went_in(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = odd_names.listed(40, TARGETS)
    Path("names.json").write_text(json.dumps(listed | {"more": {}}))
    play(monkeypatch, "select=feature_set", "select.name='odd'", *MODELS[model])
    assert history.feature_sets() == listed["feature_sets"]
    assert tables.read_selected() == odd_names.FEATURES
    assert set(tables.read_csv(paths.IMPORTANCE)["feature"]) == set(odd_names.FEATURES)
    scores = score_files.read(paths.METRICS).tables
    assert list(scores["exposure"]["feature"]) == history.feature_names("validation")
    assert list(scores["exposure_groups"]["group"]) == [name for name in listed["feature_sets"] if name != "all"]
    check_package(odd_names.FEATURES)


@pytest.mark.parametrize(("count", "chosen"), [(2748, "small\\'s"), (3555, " a ")])
def test_as_many_names_as_the_real_ones(count: int, chosen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = odd_names.listed(count, TARGETS)
    Path("names.json").write_text(json.dumps(listed))
    play(monkeypatch, "select=feature_set", f"select.name='{chosen}'", *MODELS["lightgbm"])
    names = listed["feature_sets"][chosen.replace("\\", "")]
    assert history.feature_names("train") == sorted(listed["feature_sets"]["all"])
    assert history.target_names("train") == TARGETS
    assert tables.read_selected() == names
    check_package(names)
    assert np.isfinite(pd.read_parquet(paths.PREDICTIONS)["prediction"]).all()
