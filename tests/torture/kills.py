"""A SIGKILL at every write of a whole round: of ours, of DVC's, and of git's that we start."""

import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.conftest import LONGEST
from tests.rounds.season import PATIENT, Season
from tests.torture import whole
from tests.torture.ground import RUN, Ground, keep_expected
from tests.torture.outcome import Case

TITLE = "kills"
AT_A_TIME = 5
AIM = Path(__file__).parent / "aim"
KINDS = {
    "before": "just before a file is written, renamed, linked or removed",
    "emptied": "a file that is written in place is empty",
    "cut": "a file that is written is cut off at a random place",
    "git": "just before git is started",
    "during": "while git is at work, together with it",
}
EVERY = ("receipts/", "dvc.lock", "rounds.unpushed")
"""Files of which each write is another step of the round."""
WRITING = ("add", "commit", "hash-object", "push", "status", "tag", "update-ref")
"""What git writes at; the rest only reads."""
IN_PLACE = (".dvc/tmp/rwlock", ".dvc/tmp/lock", "dvc.lock", "rounds.failure.json", "btime", ".part")


def record(ground: Ground) -> None:
    """Play the round undisturbed: what it ends with, and a list of its writes."""
    with ground.season("undisturbed") as season:
        code, said = start(season, aimed(season, None))
        listed = (season.repository.path.parent / "list").read_text().splitlines()
        keep_expected(ground, {**whole.result(season), "writes": listed, "said": said})
        shutil.copytree(season.repository.path.parent, ground.folder / "done", symlinks=True)
        problem = whole.flaw(season, ground.known)
    if problem is not None:
        raise AssertionError(f"the undisturbed run itself is not whole ({code}): {problem}")


def cases(ground: Ground, seed: int) -> Sequence[Case]:
    """A case for each manner, operation, file and moment, in the order in which they come."""
    writes = ground.known["writes"]
    found = []
    for write, often in Counter(writes).items():
        places = [place for place, other in enumerate(writes) if other == write]
        for manner in _manners(*write.split("|")):
            kind = KINDS["git" if write.startswith("git|") and manner == "before" else manner]
            moments = _moments(write, often)
            found += [(places[number - 1], Case(f"kills/{manner}|{write}|{number}", kind)) for number in moments]
    return [case for _, case in sorted(found, key=lambda pair: pair[0])]


def attempt(ground: Ground, some: Sequence[Case], chance: Callable[[Case], random.Random]) -> dict[Case, str | None]:
    """Kill one run after the other, each further on, until nothing is left to do, and look at the round.

    Where that is not whole, each kill is tried alone.
    """
    flaws: dict[Case, str | None] = {}
    waiting = list(some)
    while waiting:
        tried, flaw = _killed(ground, waiting, chance)
        waiting = waiting[len(tried) :]
        alone = flaw is not None and len(tried) > 1
        found = {case: _killed(ground, [case], chance)[1] if alone else flaw for case in tried}
        if alone and not any(found.values()):
            found = {case: f"{flaw} (only together with {len(tried) - 1} other kills)" for case in tried}
        flaws |= found
    return flaws


def _killed(
    ground: Ground, aims: Sequence[Case], chance: Callable[[Case], random.Random]
) -> tuple[list[Case], str | None]:
    """The cases that one round was killed at, and what is the matter with it in the end."""
    tried: list[Case] = []
    with ground.season(f"kill-{os.getpid()}") as season:
        for case in aims:
            aim = case.name.removeprefix("kills/")
            code, said = start(season, aimed(season, aim, chance(case).random()))
            if not _was_hit(season):
                if not tried:
                    return [case], f"the moment was not reached (exit code {code}): {said[-300:]}"
                break
            tried.append(case)
        code, said = start(season, {})
        if code:
            return tried, f"started again it ended with {code}: {said[-600:]}"
        return tried, whole.ill_said(said, code) or whole.flaw(season, ground.known)


def _was_hit(season: Season) -> bool:
    beside = season.repository.path.parent
    was = (beside / "list.aim.hit").exists()
    for name in ("list.aim.hit", "list.aim"):
        (beside / name).unlink(missing_ok=True)
    return was


def start(season: Season, environment: dict[str, str], *arguments: str) -> tuple[int, str]:
    """The command in a process of its own: its exit code, and what it said."""
    log = season.repository.path.parent / "said.txt"
    with log.open("wb") as said:
        code = subprocess.run(
            [sys.executable, "-c", PATIENT, *(arguments or RUN)],
            cwd=season.repository.path,
            env={**os.environ, **season.environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            timeout=LONGEST,
            check=False,
        ).returncode
    return code, log.read_text(errors="replace")


def aimed(season: Season, aim: str | None, chance: float = 0.5) -> dict[str, str]:
    beside = season.repository.path.parent
    more = {} if aim is None else {"TORTURE_AIM": aim, "TORTURE_CHANCE": f"{chance}"}
    listed = {"TORTURE_LIST": str(beside / "list"), "TORTURE_WITHIN": str(beside.resolve())}
    return {"PYTHONPATH": f"src{os.pathsep}{AIM}", **listed, **more}


def _manners(operation: str, name: str) -> Iterator[str]:
    if operation == "git":
        yield from ("before", "during") if name in WRITING else ()
    elif operation != "open":
        yield "before"
    elif name.endswith(IN_PLACE):
        yield from ("before", "emptied", "cut")
    elif ".tmp" in name:
        yield "cut"
    else:
        yield "before"


def _moments(write: str, often: int) -> list[int]:
    """Which of so many times: the first and the last, one in the middle where there are many."""
    if any(name in write for name in EVERY) and ".tmp" not in write:
        return list(range(1, often + 1))
    if ".PID.tmp" in write or (write.startswith("os.remove") and write.endswith(".tmp")):
        return [1]  # the second time it is opened to be flushed
    if write.startswith("git|") or often < 4 or write.endswith(".tmp"):
        return sorted({1, often})
    return sorted({1, often // 2, often})
