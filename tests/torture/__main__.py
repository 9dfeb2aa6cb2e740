"""`make torture`: every fault of every part, one table, and how to try again what did not survive."""

import argparse
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from numerai_rounds.base import surroundings
from tests.torture import ground, kills, page, trying
from tests.torture.outcome import table


def main(arguments: list[str] | None = None) -> int:
    """Try what was asked for; 1 where anything did not survive."""
    surroundings.settle()
    asked = _parser().parse_args(arguments)
    console = Console()
    folder = Path(tempfile.mkdtemp(prefix="torture-")).resolve()
    with ground.world(folder):
        console.print(f"preparing a season in {folder}")
        prepared = ground.prepare(folder)
        kills.record(prepared)
        chosen = trying.choose(prepared, asked.part, asked.seed, cases=asked.cases, only=asked.only)
        known = sum(map(len, trying.choose(prepared, None, asked.seed).values()))
        console.print(f"{sum(map(len, chosen.values()))} of {known:,} cases, with seed {asked.seed}")
        outcomes = trying.attempt(prepared, chosen, asked.seed, asked.workers, console)
    console.print(table(outcomes, trying.TITLES))
    lost = [outcome for outcome in outcomes if outcome.flaw is not None]
    for outcome in lost:
        console.print(f"{outcome.case.name}: {outcome.flaw}", markup=False, highlight=False)
        console.print(
            f"  again: python -m tests.torture --seed {asked.seed} --only '{outcome.case.name}'",
            markup=False,
            highlight=False,
        )
    if asked.page is not None:
        asked.page.write_text(page.text(outcomes, asked.seed, known))
    trying.remove(folder)
    return 1 if lost else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="what places and offsets are drawn with")
    parser.add_argument("--part", action="append", choices=sorted(trying.PARTS), help="instead of all; may be repeated")
    parser.add_argument("--cases", type=int, help="at most so many of each part, drawn with the seed")
    parser.add_argument("--only", action="append", help="the name of a case, or its beginning; may be repeated")
    parser.add_argument("--page", type=Path, help="write docs/torture.md, or another file")
    parser.add_argument("--workers", type=int, default=2, choices=(1, 2), help="processes")
    return parser


if __name__ == "__main__":
    sys.exit(main())
