"""The whole pipeline."""

from collections.abc import Iterator

from benchmarks import measure
from benchmarks.measure import GB
from benchmarks.project import started
from benchmarks.report import Finding, Result, Table
from benchmarks.suite import Bench

ORDER = 8

OUTPUTS = ("data", "models", "metrics")


def run(bench: Bench) -> Iterator[Result]:
    """`dvc repro` from nothing: no outputs, nothing taken from DVC's cache of runs; medium features."""
    project = bench.project
    project.compose(f"model.n_estimators={bench.trees}")
    project.forget(*OUTPUTS)
    run = measure.done(project.command("dvc", "repro", "--force", "--no-run-cache"))
    begun = started(run)
    ends = [*(second for second, _ in begun[1:]), run.seconds]
    rows = [["DVC's own start", f"{begun[0][0]:,.1f}"]]
    rows += [[name, f"{end - start:,.1f}"] for (start, name), end in zip(begun, ends, strict=True)]
    rows.append(["in all", f"{run.seconds:,.1f}"])
    title = f"`dvc repro` from nothing: {bench.data.sets['medium']:,} features, {bench.trees:,} trees"
    columns = ["stage, DVC's storing of its outputs included", "time, s"]
    yield Table(f"{title}, peak {run.peak / GB:,.2f} GB", columns, rows)
    yield Finding("pipeline", sum(name != "guard" for _, name in begun))
