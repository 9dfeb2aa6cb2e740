"""A round of the sample's size with a model that is there: from `rounds open` to a submission that is read back."""

import os
import shutil
import statistics
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.measure import Run
from benchmarks.project import Project
from benchmarks.report import Finding, Result, Table
from benchmarks.suite import Bench
from tests.service.stand_in import StandIn

ORDER = 8

FIRST = 1400
RUN = ("rounds", "run", "--upload", "--model", "mine")
SEPARATE = (("rounds", "open"), ("dvc", "repro"), ("rounds", "upload", "--model", "mine"))


def run(bench: Bench) -> Iterator[Result]:
    """The sample's own files, served on this machine: transfers take next to no time."""
    project = bench.project
    project.compose("data=sample", "data.keep_downloads=true")
    project.open()
    project.repro()
    with StandIn(_served(project, bench.scratch / "served"), FIRST) as service:
        _set_environment(service)
        project.compose("data=numerai")
        project.commit()
        project.run("rounds", "run")
        whole = [_played(service, project, bench.scratch) for _ in range(bench.repeats)]
        again = [project.run(*RUN) for _ in range(bench.repeats)]
        _open_next(service, bench.scratch)
        steps = [project.run(*step) for step in SEPARATE]
        counted = sum(submission.selected for submission in service.submissions)
    rows = [
        ["`rounds run --upload`, a new round", _seconds(whole)],
        ["`rounds run --upload`, nothing left to do", _seconds(again)],
        *([f"`{' '.join(step[:2])}`", _seconds([done])] for step, done in zip(SEPARATE, steps, strict=True)),
        ["submissions that the service counts", f"{counted} of {bench.repeats + 1} rounds"],
    ]
    yield Table("open, predict, commit, send, read back, tag", ["what", "time"], rows)
    yield Finding("round", statistics.median(done.seconds for done in whole))


def _served(project: Project, folder: Path) -> dict[str, Path]:
    """The files that the sample made, under the service's names."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    raw = project.folder / "data/raw"
    made = [*(project.folder / "data/downloads/history").glob("*"), *raw.glob("history/*.*"), raw / "live/live.parquet"]
    for path in made:
        shutil.copy(path, folder / path.name)
    return {f"v5.3/{path.name}": path for path in folder.iterdir()}


def _set_environment(service: StandIn) -> None:
    public, secret = service.keys
    os.environ |= {"NUMERAI_API_URL": service.url, "NUMERAI_PUBLIC_ID": public, "NUMERAI_SECRET_KEY": secret}


def _played(service: StandIn, project: Project, scratch: Path) -> Run:
    """A new round, played."""
    _open_next(service, scratch)
    return project.run(*RUN)


def _open_next(service: StandIn, scratch: Path) -> None:
    """Begin the next round: a live file with ids of its own."""
    number = (service.round_number or FIRST) + 1
    table = pq.read_table(scratch / "served" / "live.parquet")
    place = table.schema.get_field_index("id")
    ids = pa.array([f"n{number:x}{name[5:]}" for name in table["id"].to_pylist()], table.schema.field("id").type)
    path = scratch / "served" / f"live_{number}.parquet"
    pq.write_table(table.set_column(place, table.schema.field("id"), ids), path)
    service.files["v5.3/live.parquet"] = path
    service.round_number = number


def _seconds(runs: list[Run]) -> str:
    return f"{statistics.median(done.seconds for done in runs):.1f} s"
