"""From `dvc exp run` on a model parameter to the first tree."""

from collections.abc import Iterator
from dataclasses import replace

from benchmarks import measure
from benchmarks.measure import Run, call
from benchmarks.project import RUNS, Project
from benchmarks.report import OURS, Comparison, Finding, Result
from benchmarks.steps import bin as binning
from benchmarks.suite import Bench

ORDER = 4

DONE = "lightgbm on "
"""Begins what `train` prints when the model is written; here, a model of one tree."""


def run(bench: Bench) -> Iterator[Result]:
    """The experiment with one tree, up to the line in which `train` says that it is done; a notebook's first tree."""
    project = bench.project
    project.compose("model.n_estimators=1")
    project.repro("train")
    project.commit()
    ours = [_experiment(project, 0.02 + number / 1000) for number in range(bench.repeats)]
    trees, needs = 2, binning.needs(bench, "medium")
    work = call(binning.first_trees, bench.data.folder, "medium", project.training_rows(), trees, needs=needs)
    theirs = measure.run(work)
    if isinstance(theirs, Run):
        theirs = replace(theirs, seconds=theirs.answer[0])
    race = Comparison(
        f"{bench.data.sets['medium']:,} features: start to first tree; `process` is to the end of the command",
        {OURS: measure.middle(ours), binning.NOTEBOOK: theirs},
    )
    yield race
    yield Finding("first tree", measure.middle(ours).seconds)
    yield Finding("same model", _differing_bytes(project))


def _experiment(project: Project, rate: float) -> Run:
    """Run an experiment; its time is that to its first tree."""
    project.forget(RUNS)
    run = project.run("dvc", "exp", "run", "-S", f"model.learning_rate={rate}", "train")
    trained = next(second for second, line in run.lines if line.startswith(DONE))
    return replace(run, seconds=trained)


def _differing_bytes(project: Project) -> int:
    """Bytes in which the model of a few trees differs when the dataset is made afresh."""
    project.compose()
    models = []
    for stages in (["train"], ["bin", "train"]):
        for stage in stages:
            measure.done(project.stage(stage))
        models.append((project.folder / "models/model.txt").read_bytes())
        project.forget("data/binned")
    one, other = models
    return sum(a != b for a, b in zip(one, other, strict=False)) + abs(len(one) - len(other))
