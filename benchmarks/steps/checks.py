"""Checking what is read: the share of each stage."""

import time
from collections.abc import Callable, Iterator
from importlib import import_module
from threading import Lock
from typing import Any

from benchmarks import measure
from benchmarks.measure import Measured
from benchmarks.project import PREDICTING
from benchmarks.report import Finding, Result, Table
from benchmarks.suite import Bench

ORDER = 9

STAGES = ("split", "select", "bin", "train", "evaluate", "submit")
CHECKS = {
    "files.vouched": ("read", "check", "check_folder"),
    "history.packed": ("_checksums",),
    "history.manifest": ("checked_targets",),
}
"""Modules of io and their functions that check; the time of those that read as well counts in full."""


def run(bench: Bench) -> Iterator[Result]:
    """Each stage that reads, medium features; then `dvc repro` with nothing to do."""
    project = bench.project
    project.compose(f"model.n_estimators={bench.trees}")
    project.repro()
    runs = {stage: measure.done(project.call(checked, stage)) for stage in STAGES}
    rows = [
        [name, f"{run.seconds:,.2f}", f"{run.answer:,.3f}", f"{run.answer / run.seconds:.1%}"]
        for name, run in runs.items()
    ]
    took, checking = sum(run.seconds for run in runs.values()), sum(run.answer for run in runs.values())
    rows.append(["all", f"{took:,.2f}", f"{checking:,.3f}", f"{checking / took:.1%}"])
    columns = ["stage", "time, s", "checks, s, of all threads together", "share"]
    yield Table(f"Checks: {bench.data.sets['medium']:,} features, {bench.trees:,} trees", columns, rows)
    yield Finding("checks", 100 * checking / took)
    idle = bench.race("`dvc repro` with nothing to do", {"ours": project.command("dvc", "repro")})
    yield idle
    yield Finding("nothing to do", idle["ours"].seconds if idle["ours"] else None)


def checked(stage: str) -> Measured:
    """Run a stage; the seconds that it spent in checks."""
    module = import_module(f"numerai_rounds.stages.{stage}")
    if stage in PREDICTING:
        import_module("lightgbm")
    spent: list[float] = []
    for name, functions in CHECKS.items():
        checks = import_module(f"numerai_rounds.io.{name}")
        for function in functions:
            setattr(checks, function, _timed(getattr(checks, function), spent))
    yield
    module.main()
    return sum(spent)


def _timed(function: Callable[..., Any], spent: list[float]) -> Callable[..., Any]:
    lock = Lock()

    def timed(*arguments: Any) -> Any:
        started = time.perf_counter()
        try:
            return function(*arguments)
        finally:
            with lock:
                spent.append(time.perf_counter() - started)

    return timed
