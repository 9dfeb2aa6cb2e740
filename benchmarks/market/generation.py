"""How long train.parquet takes at full width and what memory it holds, in a process of its own."""

import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import measure
from benchmarks.market.row import Figures, Row
from benchmarks.measure import GB, Measured, Run, WorkError

FEATURES, ERAS, ROWS_PER_ERA = 3_555, 40, 6_000
REPEATS = 3

ROWS = (
    Row("generation_seconds", f"seconds to write train, {FEATURES:,} features, {ERAS} eras of {ROWS_PER_ERA:,} rows"),
    Row("generation_peak", "peak memory, GB", high=0.5),
    Row("generation_speed", "speed / that of another checkout", low=0.7),
)


def measured(beside: Path | None) -> Figures:
    """Seconds and peak memory here; `beside` is the root of another checkout, whose generator is run in turn.

    The median of three runs, the greatest peak. WorkError where one of them fails.
    """
    with TemporaryDirectory() as scratch:
        works = {"here": _work(measure.ROOT, scratch)}
        if beside is not None:
            works["beside"] = _work(beside.resolve(), scratch)
        runs = measure.race(works, REPEATS)
    here, other = runs["here"], runs.get("beside")
    if not isinstance(here, Run):
        raise WorkError(here.reason)
    found = {"generation_seconds": here.seconds, "generation_peak": here.peak / GB}
    return found | ({"generation_speed": other.seconds / here.seconds} if isinstance(other, Run) else {})


def write(folder: str) -> Measured:
    """Write train.parquet of that size; what comes before `yield` is preparation."""
    from numerai_rounds.io.market.files import write_rows
    from numerai_rounds.io.market.size import Market

    market = Market(
        seed=1,
        features=FEATURES,
        train_eras=ERAS,
        validation_eras=10,
        test_eras=13,
        rows_per_era=ROWS_PER_ERA,
        first_round=1,
    )
    yield
    write_rows(market, "train", 1, Path(folder) / "train.parquet")


def _work(root: Path, scratch: str) -> measure.Work:
    """The work with the generator of a checkout, and this suite."""
    work = measure.call(write, scratch, folder=root)
    # Without -P, the modules of the folder that it runs in would come first: the suite of the other checkout.
    return replace(work, command=(sys.executable, "-P", *work.command[1:]))
