"""Predicting and scoring the validation eras."""

import json
from collections.abc import Iterator

from benchmarks import data
from benchmarks.measure import Measured, call
from benchmarks.report import OURS, Finding, Result
from benchmarks.suite import Bench

ORDER = 5

NOTEBOOK, PART = "pandas, numerai-tools", "the same, exposure to the model's features only"
READ_BYTES, PREDICT_BYTES = 2.9, 4.0
"""Memory in bytes a value: what pandas reads, and the model's features as float32."""


def run(bench: Bench) -> Iterator[Result]:
    """The stage; a notebook that reads validation, predicts, applies numerai_corr to eras and corrwith to features."""
    project = bench.project
    project.compose()
    project.repro("train")
    rows, features, used = bench.data.rows["validation"], bench.data.features, bench.data.sets["medium"]
    files = bench.data.folder, project.folder / "models/model.txt"
    race = bench.race(
        f"{rows:,} rows, a model of {used:,} features, exposure to {features:,}",
        {
            OURS: project.stage("evaluate"),
            NOTEBOOK: call(scores, *files, "all", needs=rows * (READ_BYTES * features + PREDICT_BYTES * used)),
            PART: call(scores, *files, "medium", needs=rows * (READ_BYTES + PREDICT_BYTES) * used),
        },
    )
    yield race
    theirs = race[NOTEBOOK] or race[PART]
    ours = json.loads((project.folder / "metrics/validation.json").read_text(encoding="utf-8"))["corr_mean"]
    yield Finding("evaluate equality", abs(ours - theirs.answer) if theirs else None)


def scores(folder: str, model: str, exposed: str) -> Measured:
    """What a notebook does; the mean of numerai_corr over eras."""
    import lightgbm
    import pandas as pd
    from numerai_tools.scoring import numerai_corr

    booster = lightgbm.Booster(model_file=model)
    used, exposed_to = booster.feature_name(), data.names(folder, exposed)
    columns = ["era", "data_type", data.TARGET, *dict.fromkeys([*used, *exposed_to])]
    yield
    frame = pd.read_parquet(f"{folder}/validation.parquet", columns=columns)
    frame = frame[frame["data_type"] == "validation"]
    prediction = pd.Series(booster.predict(frame[used]), frame.index, name="prediction")
    labelled = pd.DataFrame({"era": frame["era"], "prediction": prediction, "target": frame[data.TARGET]})
    corr = labelled.groupby("era").apply(lambda era: numerai_corr(era[["prediction"]], era["target"]).iloc[0])
    frame[exposed_to].corrwith(prediction.rank(pct=True))
    return float(corr.mean())
