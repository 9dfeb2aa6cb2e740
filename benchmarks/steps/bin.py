"""Binning the training rows, and training on them."""

import time
from collections.abc import Iterator
from typing import Any

from benchmarks import data, measure
from benchmarks.measure import GB, Measured, call
from benchmarks.project import FEW_TREES
from benchmarks.report import OURS, Finding, Result, Table, figure
from benchmarks.suite import Bench

ORDER = 3

NOTEBOOK = "pandas, float32, lgb.Dataset"
VALUE_BYTES, SAMPLE_BYTES, SAMPLE_ROWS = 7.5, 12.0, 200_000
"""Memory that it takes: bytes a value, for the levels, float32, and LightGBM's copy; and for its sample of the rows."""

PARAMETERS = {"learning_rate": 0.01, "num_leaves": 31, "max_depth": 5, "feature_fraction": 0.1, "verbosity": -1}
"""Those of conf/model/lightgbm_example.yaml."""


def run(bench: Bench) -> Iterator[Result]:
    """The stages bin and train, for the medium features and for all, beside float32 datasets from pandas."""
    project, files = bench.project, bench.data.folder
    for chosen in ("medium", "all"):
        project.compose(f"select.name={chosen}")
        project.repro("select")
        features = bench.data.sets[chosen]
        rows = project.training_rows()
        theirs = call(dataset, files, chosen, rows, needs=needs(bench, chosen))
        works = {OURS: project.stage("bin"), NOTEBOOK: theirs}
        race = bench.race(f"Binning {features:,} features", works)
        yield race
        project.record("bin")
        one, few, notebook = _trained(bench, chosen, rows)
        lines = [_row(OURS, one.seconds, (few.seconds - one.seconds) / (FEW_TREES - 1), few.peak)]
        if isinstance(notebook, measure.Run):
            first, tree = notebook.answer
            lines.append(_row(NOTEBOOK, first, tree, notebook.peak))
        else:
            lines.append([NOTEBOOK, notebook.reason, "", ""])
        columns = ["", "start to first tree, s", "ms a tree", "peak, GB"]
        yield Table(f"Training on {features:,} features; ours begins with the binned dataset", columns, lines)
        yield Finding(f"bin memory, {chosen}", measured.peak / GB if (measured := race[OURS]) else None)
        yield Finding(f"train memory, {chosen}", few.peak / GB)


def needs(bench: Bench, chosen: str) -> float:
    """Memory that a notebook's dataset takes, in bytes."""
    rows = bench.data.rows["train"]
    return bench.data.sets[chosen] * (VALUE_BYTES * rows + SAMPLE_BYTES * min(rows, SAMPLE_ROWS))


def dataset(folder: str, chosen: str, rows: int) -> Measured:
    """The dataset of a notebook."""
    import lightgbm  # noqa: F401 - its import is no part of the work

    yield
    _dataset(folder, chosen, rows).construct()


def first_trees(folder: str, chosen: str, rows: int, trees: int) -> Measured:
    """Train as a notebook does: seconds from the start to the first tree, and seconds a tree after that."""
    import lightgbm

    yield
    stamps = [time.perf_counter()]
    lightgbm.train(
        PARAMETERS, _dataset(folder, chosen, rows), trees, callbacks=[lambda _: stamps.append(time.perf_counter())]
    )
    return stamps[1] - stamps[0], (stamps[-1] - stamps[1]) / (trees - 1)


def _dataset(folder: str, chosen: str, rows: int) -> Any:
    import lightgbm
    import pandas as pd

    features = data.names(folder, chosen)
    frame = pd.read_parquet(f"{folder}/train.parquet", columns=[data.TARGET, *features])[:rows]
    return lightgbm.Dataset(frame[features].astype("float32"), frame[data.TARGET], params=PARAMETERS)


def _trained(bench: Bench, chosen: str, rows: int) -> tuple[measure.Run, measure.Run, measure.Run | measure.Skipped]:
    """Ours of one tree and of a few, and a notebook's."""
    runs = []
    for trees in (1, FEW_TREES):
        bench.project.compose(f"select.name={chosen}", f"model.n_estimators={trees}")
        runs.append(measure.done(bench.project.stage("train")))
    work = call(first_trees, bench.data.folder, chosen, rows, FEW_TREES, needs=needs(bench, chosen))
    return runs[0], runs[1], measure.run(work)


def _row(name: str, first: float, tree: float, peak: float) -> list[str]:
    return [name, figure(first), figure(1000 * tree), figure(peak / GB)]
