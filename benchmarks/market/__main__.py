"""`python -m benchmarks.market`."""

import hashlib
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from benchmarks.market import data, generation, page
from benchmarks.market.data import AbsentError, Sample
from benchmarks.market.page import Measured
from benchmarks.market.row import Figures, figure
from benchmarks.market.statistics import STATISTICS
from benchmarks.market.study import Study
from benchmarks.market.training import preset
from benchmarks.measure import ROOT
from numerai_rounds.base.errors import DataError, one_of
from numerai_rounds.io import console
from numerai_rounds.io.market.size import FEATURES, Market

# Each checkout has markets of its own: their generators may differ.
SCRATCH = Path(tempfile.gettempdir()) / "numerai-rounds-market" / hashlib.sha256(bytes(ROOT)).hexdigest()[:8]
SIZES: dict[str, dict[str, int]] = {
    "default": {},
    "mid": {"features": 780, "train_eras": 140, "validation_eras": 60, "rows_per_era": 3_000},
}
"""What differs from conf/data/sample.yaml."""

PAGE_SEEDS = "1,2,3"
EXAMPLES = """Examples:  python -m benchmarks.market   |   python -m benchmarks.market leak linear --seeds 1,2,3   |
python -m benchmarks.market depth --size mid --set rows_per_era=4000   |   python -m benchmarks.market --page   |
python -m benchmarks.market --files my-data --every 4"""


def main(  # noqa: PLR0913, PLR0917 - a command line has many options
    chosen: Annotated[list[str] | None, typer.Argument(metavar="[STATISTIC]...", help="All, unless named.")] = None,
    seeds: Annotated[str, typer.Option(help="Seeds of markets: 1,2,3.")] = "1",
    size: Annotated[str, typer.Option(help=f"{' or '.join(SIZES)}.")] = "default",
    overrides: Annotated[list[str] | None, typer.Option("--set", help="Of conf/data/sample.yaml: NAME=NUMBER.")] = None,
    files: Annotated[Path | None, typer.Option(help="A folder of files in the layout of v5 instead.")] = None,
    every: Annotated[int, typer.Option(min=1, help="Read every n-th era, to fit the memory.")] = 1,
    scratch: Annotated[Path, typer.Option(help="Where the files of markets are kept between runs.")] = SCRATCH,
    speed: Annotated[bool, typer.Option("--generation", help="Speed and memory of the generator alone.")] = False,  # noqa: FBT002
    beside: Annotated[Path | None, typer.Option(help="Another checkout, to compare that speed with.")] = None,
    whole: Annotated[bool, typer.Option("--page", help="Both sizes, three seeds: write RESULTS-market.md.")] = False,  # noqa: FBT002
    output: Annotated[Path, typer.Option(help="The page that --page writes.")] = page.RESULTS,
) -> None:
    """Measure the statistics of a sample market beside the real ones; files are made again after a change of code."""
    names = _selected(chosen or [])
    made_of = dict(_override(text) for text in overrides or [])
    found = _generation(beside) if speed or whole else {}
    if speed and not whole:
        return
    if files is not None:
        _measured("default", str(files), [(files.name, _read(files, every))], names)
        return
    wanted = dict.fromkeys(SIZES, PAGE_SEEDS) if whole else {size: seeds}
    sizes = [_of_size(name, text, made_of, scratch, names) for name, text in wanted.items()]
    if whole:
        output.write_text(page.document(sizes, found, generation.ROWS), encoding="utf-8")
        console.say(f"written to {output}")


def _of_size(size: str, seeds: str, made_of: dict[str, int], scratch: Path, names: list[str]) -> Measured:
    if size not in SIZES:
        raise typer.BadParameter(f"there is no size {size!r}: {one_of(size, list(SIZES))}")
    values = {key: value for key, value in preset("data/sample.yaml").items() if key in Market.model_fields}
    markets = [_market(values | SIZES[size] | made_of | {"seed": seed}) for seed in _seeds(seeds)]
    market = markets[0]
    rows, features = f"{market.rows_per_era:,} rows", f"{market.features or FEATURES:,} features"
    title = f"{size.capitalize()} size: {features}, {market.train_eras} + {market.validation_eras} eras, {rows}"
    return _measured(size, title, _samples(markets, scratch), names)


def _samples(markets: Iterable[Market], scratch: Path) -> Iterator[tuple[str, Sample]]:
    for market in markets:
        started = time.perf_counter()
        folder = data.made(market, scratch)
        console.say(f"seed {market.seed}: made in {time.perf_counter() - started:.1f} s")
        yield f"seed {market.seed}", data.read(folder)


def _read(folder: Path, every: int) -> Sample:
    try:
        return data.read(folder, every)
    except DataError as error:
        raise typer.BadParameter(f"--files {folder}: {error}") from None


def _market(values: dict[str, object]) -> Market:
    try:
        return Market.model_validate(values)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise typer.BadParameter(f"there is no such market: {wrong}.") from None


def _seeds(text: str) -> list[int]:
    seeds = text.replace(",", " ").split()
    if not seeds or not all(seed.isdecimal() for seed in seeds):
        raise typer.BadParameter(f"--seeds {text!r}: write numbers, such as 1,2,3.")
    return [int(seed) for seed in seeds]


def _measured(size: str, title: str, samples: Iterable[tuple[str, Sample]], names: list[str]) -> Measured:
    """Measure each sample, and show the table."""
    results = {}
    for label, sample in samples:
        study, started = Study(sample), time.perf_counter()
        try:
            results[label] = _figures(study, names)
        finally:
            study.training.close()
        console.say(f"{label}: measured in {time.perf_counter() - started:.0f} s")
    measured = Measured(size, title, results)
    _print(f"\n{title}\n{page.plain(measured.lines(page.rows_of(names)))}\n")
    return measured


def _figures(study: Study, names: list[str]) -> Figures:
    """Each statistic, shown as it is known."""
    found: Figures = {}
    for name in names:
        started = time.perf_counter()
        try:
            figures = STATISTICS[name].function(study)
        except AbsentError as what:
            _print(f"{name}: left out, the data lacks {what}")
            continue
        shown = [f"{row.key} {figure(figures[row.key])}" for row in STATISTICS[name].rows if row.key in figures]
        _print(f"{name} ({time.perf_counter() - started:.1f} s): {', '.join(shown)}")
        found |= figures
    return found


def _generation(beside: Path | None) -> Figures:
    found = generation.measured(beside)
    _print(page.plain(Measured("default", "", {"": found}).lines(generation.ROWS)) + "\n")
    return found


def _selected(chosen: list[str]) -> list[str]:
    unknown = [name for name in chosen if name not in STATISTICS]
    if unknown:
        raise typer.BadParameter(f"there is no statistic {unknown[0]!r}: {one_of(unknown[0], list(STATISTICS))}")
    return [name for name in STATISTICS if name in chosen or not chosen]


def _override(text: str) -> tuple[str, int]:
    name, _, value = text.partition("=")
    if name == "seed":
        raise typer.BadParameter(f"--set {text}: write --seeds {value or 1}.")
    if name not in Market.model_fields or not value.isdecimal():
        raise typer.BadParameter(f"--set {text}: write NAME=NUMBER, such as rows_per_era=2000.")
    return name, int(value)


def _print(text: str) -> None:
    # Not wrapped to the terminal's width: tables are wide, and lines are read by programs.
    print(text, flush=True)  # noqa: T201


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command(epilog=EXAMPLES)(main)
    app(prog_name="python -m benchmarks.market")
