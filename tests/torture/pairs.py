"""Two commands that write, started at once: each ends well, and the round is one from end to end."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.conftest import LONGEST
from tests.rounds.season import MODEL, PATIENT, Season
from tests.torture import whole
from tests.torture.ground import RUN, Ground
from tests.torture.kills import start
from tests.torture.outcome import Case

TITLE = "pairs"
AT_A_TIME = 5
COMMANDS = {
    "open": ("rounds", "open", "--next"),
    "compose": ("rounds", "compose", "score.draws=150"),
    "promote": ("rounds", "promote"),
    "package": ("rounds", "package", "--no-check"),
    "scores": ("rounds", "scores"),
    "clean": ("rounds", "clean"),
    "mend": ("rounds", "mend"),
    "repro": ("dvc", "repro"),
    "upload": ("rounds", "upload", "--model", MODEL),
    "run": ("rounds", *RUN),
}
CODES = {0, 2, 3, 6, 7}
"""What a command may end with beside another; 2, 3 and 6 where it finds a round that it cannot work on."""
DVC_CODES = {0, 255}
"""DVC has one code for whatever a stage says."""
WIDEST = 3.0
"""Seconds between the two at most."""


def cases(ground: Ground, seed: int) -> Sequence[Case]:
    """Every ordered pair; those that end the round come last."""
    found = [
        Case(f"pairs/{first}+{second}", f"`{' '.join(COMMANDS[first])}` first")
        for first in COMMANDS
        for second in COMMANDS
    ]
    random.Random(f"{seed}:pairs").shuffle(found)
    return sorted(found, key=lambda case: case.name.count("run"))


def attempt(ground: Ground, some: Sequence[Case], chance: Callable[[Case], random.Random]) -> Mapping[Case, str | None]:
    """One pair after the other, then the round; each alone where that does not end well."""
    flaws = _paired(ground, some, chance)
    if len(some) > 1 and any(flaws.values()):
        alone = {case: _paired(ground, [case], chance)[case] for case in some}
        together = {case: f"{flaw} (only after other pairs)" for case, flaw in flaws.items() if flaw}
        return alone if any(alone.values()) else {**alone, **together}
    return flaws


def _paired(ground: Ground, some: Sequence[Case], chance: Callable[[Case], random.Random]) -> dict[Case, str | None]:
    flaws: dict[Case, str | None] = {}
    with ground.season(f"pair-{os.getpid()}") as season:
        for case in some:
            flaws[case] = _both(season, case, chance(case))
            _commit_conf(season)
        code, said = start(season, {})
        expected = ground.known
        flaw = whole.ill_said(said, code) or (f"then ended with {code}: {said[-500:]}" if code else None)
        if flaw is None:
            flaw = whole.flaw(season, expected, only=("submission",), may_precede=True)
    if flaw is not None:
        flaws[some[-1]] = flaws[some[-1]] or flaw
    return flaws


def _both(season: Season, case: Case, chance: random.Random) -> str | None:
    """Start both, and see how they end."""
    names = case.name.removeprefix("pairs/").split("+")
    started = []
    for place, name in enumerate(names):
        started.append(_started(season, name, place))
        if place == 0:
            time.sleep(chance.uniform(0, WIDEST))
    flaws = []
    for name, (process, log) in zip(names, started, strict=True):
        code, said = process.wait(LONGEST), log.read_text(errors="replace")
        allowed = DVC_CODES if COMMANDS[name][0] == "dvc" else CODES
        if whole.TRACEBACK in said:
            flaws.append(f"{name}: {whole.ill_said(said, code)}")
        elif code not in allowed or (code and "error" not in said.lower()):
            flaws.append(f"{name} ended with {code}: {said[-400:]}")
    return "; ".join(flaws) or None


def _started(season: Season, name: str, place: int) -> tuple["subprocess.Popen[bytes]", Path]:
    log = season.repository.path.parent / f"said-{place}.txt"
    program, *arguments = COMMANDS[name]
    command = [sys.executable, "-c", PATIENT] if program == "rounds" else [program]
    with log.open("wb") as said:
        process = subprocess.Popen(
            [*command, *arguments],
            cwd=season.repository.path,
            env={**os.environ, **season.environment},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
    return process, log


def _commit_conf(season: Season) -> None:
    """As a run asks for: it plays nothing that is not committed."""
    if season.repository.run("git", "status", "--porcelain", "--", "conf").stdout:
        season.repository.run("git", "commit", "--quiet", "--message", "conf", "--", "conf", "params.yaml")
