"""Which cases are tried, by whom, and in which order."""

import multiprocessing
import random
import shutil
import time
import traceback
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.torture import disk, kills, pairs, readers, rot
from tests.torture.ground import Ground
from tests.torture.outcome import Case, Impossible, Outcome, Part

PARTS: dict[str, Part] = {"kills": kills, "rot": rot, "readers": readers, "pairs": pairs, "disk": disk}
TITLES = {name: part.TITLE for name, part in PARTS.items()}


def choose(
    ground: Ground,
    parts: Sequence[str] | None,
    seed: int,
    *,
    cases: int | None = None,
    only: Sequence[str] | None = None,
) -> dict[str, list[Case]]:
    """The cases of each part, all of them or as asked for."""
    chosen = {}
    for name in PARTS if not parts else [name for name in PARTS if name in parts]:
        some = [case for case in PARTS[name].cases(ground, seed) if not only or case.name.startswith(tuple(only))]
        if cases is not None and len(some) > cases:
            drawn = set(random.Random(f"{seed}:{name}").sample(range(len(some)), cases))
            some = [case for place, case in enumerate(some) if place in drawn]
        chosen[name] = some
    return chosen


def attempt(ground: Ground, chosen: dict[str, list[Case]], seed: int, workers: int, console: Console) -> list[Outcome]:
    """Try them all, or as many as there are before an interrupt; one that breaks the harness itself did not survive."""
    groups = [group for name, some in chosen.items() for group in _groups(some, PARTS[name].AT_A_TIME)]
    outcomes: list[Outcome] = []
    columns = (
        TextColumn("{task.description}"),
        MofNCompleteColumn(),
        TextColumn("{task.fields[lost]} lost"),
        TimeElapsedColumn(),
    )
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool, Progress(*columns, console=console) as progress:
        shown = progress.add_task("trying", total=sum(map(len, groups)), lost=0)
        waiting = [pool.submit(tried, ground, group, seed) for group in groups]
        try:
            for done in as_completed(waiting):
                outcomes += done.result()
                lost = sum(outcome.flaw is not None for outcome in outcomes)
                progress.update(shown, completed=len(outcomes), lost=lost, description=outcomes[-1].case.name[:60])
                for outcome in done.result():
                    if outcome.flaw is not None or not console.is_terminal:
                        words = "survived" if outcome.flaw is None else outcome.flaw
                        console.print(f"{outcome.case.name}: {words}", markup=False, highlight=False)
        except KeyboardInterrupt:
            console.print("interrupted: what was tried until now follows")
            pool.shutdown(wait=False, cancel_futures=True)
    return outcomes


def tried(ground: Ground, group: Sequence[Case], seed: int) -> list[Outcome]:
    """What became of cases of one part."""
    began = time.monotonic()
    try:
        flaws = PARTS[group[0].part].attempt(ground, group, lambda case: random.Random(f"{seed}:{case.name}"))
    except Impossible as error:
        return [Outcome(case, impossible=str(error)) for case in group]
    except Exception:  # noqa: BLE001 - a case must not end the others
        if len(group) > 1:
            return [outcome for case in group for outcome in tried(ground, [case], seed)]
        return [Outcome(case, f"the harness broke: {traceback.format_exc()[-900:]}") for case in group]
    each = (time.monotonic() - began) / len(group)
    return [Outcome(case, flaws[case], each) for case in group]


def remove(folder: Path) -> None:
    """Remove all that was made."""
    shutil.rmtree(folder, ignore_errors=True)


def _groups(some: Sequence[Case], size: int) -> list[list[Case]]:
    """Groups of so many cases, each from the first to the last of them all."""
    count = -(-len(some) // size)
    return [list(some[first::count]) for first in range(count)]
