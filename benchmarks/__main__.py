"""`python -m benchmarks`."""

import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from benchmarks import data, suite
from benchmarks.data import Size
from benchmarks.measure import WorkError
from benchmarks.report import Report
from numerai_rounds.base.errors import one_of
from numerai_rounds.io import console

OWN_FOLDER = "numerai-rounds-benchmarks"
"""Everything that is written to the scratch folder lies in it."""

SCRATCH = Path(tempfile.gettempdir())
RESULTS = Path(__file__).with_name("RESULTS.md")
EXAMPLES = """Examples:  python -m benchmarks   |   python -m benchmarks select read --scale 0.05   |
python -m benchmarks --full --scratch /big/disk   |   python -m benchmarks --data my-data --output mine.md"""


def main(  # noqa: PLR0913, PLR0917 - a command line has many options
    chosen: Annotated[list[str] | None, typer.Argument(metavar="[STEP]...", help="All, unless named.")] = None,
    scale: Annotated[float, typer.Option(min=0.001, max=1, help="Share of the real history's eras.")] = 0.1,
    full: Annotated[bool, typer.Option("--full", help="The real size: --scale 1.")] = False,  # noqa: FBT002
    features: Annotated[int, typer.Option(help="Features of the data that is made.")] = Size.features,
    rows_per_era: Annotated[int, typer.Option(help="Rows of a late era of the data that is made.")] = Size.rows_per_era,
    given: Annotated[Path | None, typer.Option("--data", help="A folder of files in the layout of v5 instead.")] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Runs of each way in a comparison; the median counts.")] = 3,
    trees: Annotated[int, typer.Option(min=1, help="Trees of the whole pipeline's model.")] = 2_000,
    scratch: Annotated[Path, typer.Option(help="Where data and clones are kept between runs.")] = SCRATCH,
    clean: Annotated[bool, typer.Option("--clean", help="Remove what is kept there, and stop.")] = False,  # noqa: FBT002
    output: Annotated[Path, typer.Option(help="The document to write.")] = RESULTS,
) -> None:
    """Measure the pipeline's steps beside what a notebook does, in time and memory."""
    folder = scratch.resolve() / OWN_FOLDER
    if clean:
        shutil.rmtree(folder, ignore_errors=True)
        return
    selected = _selected(chosen or [])
    size = Size(1 if full else scale, features, rows_per_era)
    folder.mkdir(parents=True, exist_ok=True)
    console.say(f"preparing the data in {given or folder}")
    try:
        measured = data.given(given.resolve()) if given else data.made(size, folder)
    except WorkError as error:
        console.complain(f"error: {error}")
        sys.exit(1)
    console.say(f"{measured}\n")
    bench = suite.Bench(measured, size, folder, repeats, trees)
    report = Report(str(measured))
    failed = [name for name in selected if not _done(name, bench, report, output)]
    report.show_targets()
    console.say(f"written to {output}")
    if failed:
        console.complain(f"failed: {', '.join(failed)}")
        sys.exit(1)


def _selected(chosen: list[str]) -> list[str]:
    names = suite.names()
    unknown = [name for name in chosen if name not in names]
    if unknown:
        raise typer.BadParameter(f"there is no step {unknown[0]!r}: {one_of(unknown[0], names)}")
    return [name for name in names if name in chosen or not chosen]


def _done(name: str, bench: suite.Bench, report: Report, output: Path) -> bool:
    """Run a step, and write what is known so far; whether it came to its end."""
    title = suite.title(name)
    console.say(f"{name}: {title}")
    try:
        for result in suite.load(name).run(bench):
            report.add(title, result)
            report.write(output)
    except WorkError as error:
        console.complain(f"error: {error}")
        return False
    return True


if __name__ == "__main__":
    # Ended by another program as by a person: what is being measured ends too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command(epilog=EXAMPLES)(main)
    app(prog_name="python -m benchmarks")
