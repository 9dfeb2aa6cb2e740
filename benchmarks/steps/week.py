"""The update of a week: one new era, the targets of thirteen others."""

from collections.abc import Iterator

from benchmarks import measure, next_week
from benchmarks.measure import GB
from benchmarks.project import Project, started
from benchmarks.report import Finding, Result, Table
from benchmarks.suite import Bench

ORDER = 7

CACHE = ".dvc/cache/files"
HISTORY = "data/raw/history"


def run(bench: Bench) -> Iterator[Result]:
    """`dvc repro` on the next week's files: what runs, what DVC stores, which files of the history are others."""
    project = bench.project
    project.compose()
    project.link(bench.data.folder)
    project.open()
    project.repro()
    project.commit()
    folder = bench.scratch / f"{bench.data.folder.name}-next-week"
    next_week.write(bench.data.folder, folder)
    try:
        project.link(bench.data.folder, folder)
        yield from _update(project)
    finally:
        _undo(project, bench)


def _update(project: Project) -> Iterator[Result]:
    dataset, before, files = project.size("data/raw"), project.size(CACHE), project.hashes(HISTORY)
    project.open()
    fetched = project.repro("fetch@history", "fetch@live")
    data = project.size(CACHE) - before
    rest = project.repro()
    grown = project.size(CACHE) - before
    now = project.hashes(HISTORY)
    other = [path for path in now if now[path] != files.get(path)]
    rows = [
        ["fetching, DVC's start and storing included", f"{fetched.seconds:,.1f} s, {fetched.peak / GB:,.2f} GB"],
        ["the rest of `dvc repro`", f"{rest.seconds:,.1f} s, {rest.peak / GB:,.2f} GB"],
        ["stages that ran", ", ".join(name for _, name in started(fetched) + started(rest))],
        ["dataset", f"{dataset:,} bytes, {len(files):,} files of history"],
        [
            "DVC's cache grows by",
            f"{grown:,} bytes, {data:,} of them data, or {100 * data / dataset:.2f} %",
        ],
    ]
    for kind in ("features", "targets"):
        all_, new = ([path for path in some if f"/{kind}/" in path] for some in (now, other))
        rows.append([f"chunks of {kind} that are new or others", f"{len(new):,} of {len(all_):,}"])
    yield Table("One week later", ["", ""], rows, words=True)
    yield Finding("week growth", 100 * grown / dataset)


def _undo(project: Project, bench: Bench) -> None:
    """Back to the week before: its files, and what DVC kept of them."""
    project.link(bench.data.folder)
    project.run("git", "reset", "--quiet", "--hard", "HEAD~1")
    measure.done(project.command("dvc", "checkout", "--force", "--quiet"))
