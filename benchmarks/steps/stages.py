"""Every stage alone, on fewer eras and on more."""

from collections.abc import Iterator

from benchmarks import measure
from benchmarks.measure import GB, Run
from benchmarks.project import Project
from benchmarks.report import Finding, Result, Table, figure
from benchmarks.suite import Bench

ORDER = 6

STAGES = ("fetch", "split", "select", "bin", "train", "evaluate", "submit")
BOUNDED = ("fetch", "split", "select", "evaluate", "submit")
"""Stages whose memory may not grow with the eras."""


def run(bench: Bench) -> Iterator[Result]:
    """Each stage once, in the order of the pipeline, without DVC: medium features, a model of a few trees."""
    fewer, more = _stages(bench.smaller), _stages(bench.project)
    rows = [
        [stage, *(figure(run.seconds) for run in both), *(figure(run.peak / GB) for run in both)]
        for stage in STAGES
        for both in [(fewer[stage], more[stage])]
    ]
    eras = [f"{project.data.eras:,} eras" for project in (bench.smaller, bench.project)]
    columns = ["", *(f"time of {count}, s" for count in eras), *(f"peak of {count}, GB" for count in eras)]
    yield Table("Stages; select looks at all features", columns, rows)
    yield Finding("stage memory", max(more[stage].peak for stage in BOUNDED) / GB)
    yield Finding("memory growth", max(more[stage].peak / fewer[stage].peak for stage in BOUNDED))


def _stages(project: Project) -> dict[str, Run]:
    project.compose("select=top_k", f"select.k={project.data.sets['medium']}")
    project.repro("guard")
    project.run("dvc", "repro", "fetch@live")
    project.forget("data/raw/history", "data/staging", "data/downloads")
    runs = {}
    for stage in STAGES:
        part = ["history"] if stage == "fetch" else []
        runs[stage] = measure.done(project.stage(stage, *part))
        project.record("@".join([stage, *part]))
    return runs
