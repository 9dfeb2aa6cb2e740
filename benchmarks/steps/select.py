"""Selecting features by correlation."""

import csv
import math
from collections.abc import Iterator
from pathlib import Path

from benchmarks import data
from benchmarks.measure import Measured, call
from benchmarks.report import OURS, Finding, Result
from benchmarks.steps import read
from benchmarks.suite import Bench

ORDER = 2

CORRWITH, READING = "pandas, corrwith", "our reading alone"
TOP = 780
"""Features chosen out of all."""


def run(bench: Bench) -> Iterator[Result]:
    """The stage, over the medium features and over all, beside corrwith and reading alone."""
    project, files = bench.project, bench.data.folder
    faster, apart = None, []
    top = ["select=top_k", f"select.k={min(TOP, bench.data.features // 2)}"]
    for chosen, overrides in (("medium", []), ("all", top)):
        project.compose(*overrides)
        project.repro("split")
        theirs = bench.scratch / "correlations.csv"
        needs = read.PANDAS_BYTES * bench.data.rows["train"] * bench.data.sets[chosen]
        race = bench.race(
            f"Correlations of {bench.data.sets[chosen]:,} features with the target",
            {
                OURS: project.stage("select"),
                CORRWITH: call(corrwith, files, chosen, project.training_rows(), theirs, needs=needs),
                READING: project.call(reading, chosen),
            },
        )
        yield race
        if race[CORRWITH]:
            faster = race.times(CORRWITH)
            ours = project.folder / "data/features/candidates.csv"
            apart.append(_difference(_correlations(ours), _correlations(theirs)))
    yield Finding("select time", race.times(OURS, of=READING))
    yield Finding("select speed-up", faster)
    yield Finding("select equality", max(apart, default=None))


def corrwith(folder: str, chosen: str, rows: int, table: str) -> Measured:
    """What a notebook does with the training rows, the first `rows` of the file; writes the correlations."""
    import pandas as pd

    features = data.names(folder, chosen)
    yield
    frame = pd.read_parquet(f"{folder}/train.parquet", columns=[data.TARGET, *features])[:rows]
    correlations = frame[features].corrwith(frame[data.TARGET])
    correlations.rename_axis("feature").rename("correlation").to_csv(table)


def reading(chosen: str) -> Measured:
    """Read what the stage reads, and do nothing; the number of rows."""
    from numerai_rounds.conf import params
    from numerai_rounds.io.files import tables
    from numerai_rounds.io.history.reader import History

    parameters = params.load()
    eras = list(tables.read_side("train")["era"])
    features = History().feature_sets()[chosen]
    yield
    rows = History(missing_features=parameters.missing_features).read("train", eras, features, [parameters.target])
    return sum(len(era.ids) for era in rows)


def _correlations(path: Path) -> dict[str, float]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row["feature"]: float(row["correlation"] or "nan") for row in csv.DictReader(file)}


def _difference(one: dict[str, float], other: dict[str, float]) -> float:
    """The greatest between two tables; infinite where one lacks what the other has."""
    if one.keys() != other.keys():
        return math.inf
    pairs = [(one[name], other[name]) for name in one]
    if any(math.isnan(first) != math.isnan(second) for first, second in pairs):
        return math.inf
    return max(abs(first - second) for first, second in pairs if not math.isnan(first))
