"""Stages and commands on a disk with little room: they fit, or end with a sentence and leave nothing half-written."""

import hashlib
import json
import os
import random
import re
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from numerai_rounds.base.errors import MachineError
from tests import small_disk
from tests.conftest import Repository
from tests.rounds.season import PATIENT, Season
from tests.test_rot import files_of, flip
from tests.torture import advice, whole
from tests.torture.ground import RUN, Ground
from tests.torture.outcome import Case, Impossible

TITLE = "disk"
AT_A_TIME = 4
SIZE = 40_000
"""KB of the disk: a repository, and what is written to it."""
MOST = 900
"""KB that are left at most: whatever is tried here fits."""
ROUNDS = (sys.executable, "-c", PATIENT)


@dataclass(frozen=True)
class Work:
    """What is done on the small disk."""

    command: tuple[str, ...]
    of: str = "done"
    sizes: int = 4
    """How many sizes of free space are tried."""
    is_whole: bool = False
    """Whether it ends in a round, which is looked at from end to end."""
    drops: tuple[str, ...] = ()
    """Outputs that are removed before, as DVC does."""
    damages: tuple[str, ...] = ()


def _stage(name: str, *drops: str, part: str = "") -> Work:
    return Work(("python", "-m", f"numerai_rounds.stages.{name}", *([part] if part else [])), drops=drops)


WORKS = {
    "fetch-history": _stage("fetch", "data/raw/history", part="history"),
    "fetch-live": _stage("fetch", "data/raw/live", part="live"),
    "split": _stage("split", "data/split"),
    "select": _stage("select", "data/features"),
    "bin": _stage("bin", "data/binned"),
    "train": _stage("train", "models/model.txt", "models/importance.csv"),
    "evaluate": _stage("evaluate", "metrics", "data/predictions"),
    "submit": _stage("submit", "data/submission"),
    "guard": Work(("python", "src/numerai_rounds/stages/guard.py"), drops=("data/guard.txt",)),
    "compose": Work((*ROUNDS, "compose", "score.draws=150")),
    "promote": Work((*ROUNDS, "promote")),
    "open": Work((*ROUNDS, "open", "--next"), of="ready"),
    "package": Work((*ROUNDS, "package", "--no-check")),
    "scores": Work((*ROUNDS, "scores")),
    "clean": Work((*ROUNDS, "clean")),
    "mend": Work((*ROUNDS, "mend"), damages=("models/model.txt", "data/raw/live/live.parquet")),
    "repro": Work(("dvc", "repro"), of="ready", sizes=6),
    "run": Work((*ROUNDS, *RUN), of="ready", sizes=16, is_whole=True),
}


def cases(ground: Ground, seed: int) -> Sequence[Case]:
    """Each with some sizes of free space, more of them small ones."""
    found = []
    for name, work in WORKS.items():
        chance = random.Random(f"{seed}:{name}")
        for free in sorted({4 * round(MOST / 4 * chance.random() ** 2) for _ in range(work.sizes)}):
            what = f"the stage {name}" if "stages" in " ".join(work.command) else f"`{_called(work)}`"
            found.append(Case(f"disk/{name}/{free}", what))
    return found


def attempt(ground: Ground, some: Sequence[Case], chance: Callable[[Case], random.Random]) -> Mapping[Case, str | None]:
    """Each in a copy of its own."""
    return {case: _tried(ground, case, chance(case)) for case in some}


def _tried(ground: Ground, case: Case, chance: random.Random) -> str | None:
    _, name, free = case.name.split("/")
    work = WORKS[name]
    with ground.season(f"disk-{os.getpid()}", of=work.of) as season:
        clone = season.repository.path
        for drop in work.drops:
            shutil.rmtree(clone / drop) if (clone / drop).is_dir() else (clone / drop).unlink()
        for damaged in work.damages:
            flip(clone / damaged, random.Random(damaged))
        before, expected = contents(clone), _expected(ground, name, work)
        code, said, after = _on_small_disk(season, work, int(free))
        flaw = _ill_ended(work, code, said) or _half(after, before, expected, is_done=code == 0)
        if flaw is not None:
            return flaw
        if code == 0 and not work.is_whole:
            return None  # it fits
        again = Season(Repository(after), season.service)
        done = again.repository.run(*work.command, check=False, **season.environment)
        if flaw := _ill_ended(work, done.returncode, done.stdout) or (
            "" if done.returncode == 0 else done.stdout[-300:]
        ):
            return f"with room again: {flaw}"
        if work.is_whole:
            return whole.flaw(again, ground.known, may_precede=True)
        found = contents(after)
        apart = sorted(key for key in found.keys() | expected.keys() if found.get(key) != expected.get(key))
        return f"with room again it made another {', '.join(apart[:3])}" if apart else None


def _on_small_disk(season: Season, work: Work, free: int) -> tuple[int, str, Path]:
    clone = season.repository.path
    given = [f"{name}={value}" for name, value in {**season.environment, "PYTHONPATH": "src"}.items()]
    try:
        done, after = small_disk.run(clone, free, "env", *given, *work.command, size=SIZE)
    except pytest.skip.Exception as error:
        raise Impossible(str(error.msg)) from None
    return done.returncode, done.stdout + done.stderr, after


def _ill_ended(work: Work, code: int, said: str) -> str | None:
    """What is wrong with how a command ended where there may have been no room."""
    if whole.TRACEBACK in said:
        return whole.ill_said(said, code)
    allowed = {0, 255} if work.command[0] == "dvc" else {0, MachineError.exit_code}
    if code not in allowed:
        return f"exit code {code}: {said[-500:]}"
    if code == MachineError.exit_code and not advice.sentence(said):
        return f"no sentence: {said[-300:]}"
    return None


def _half(after: Path, before: dict[str, str], expected: dict[str, str], *, is_done: bool) -> str | None:
    """What is neither as it was, nor as it is when it is done."""
    left = [path for path in after.rglob(whole.TEMPORARY) if not path.is_relative_to(after / ".dvc/cache")]
    if left:
        return f"left: {left[0].relative_to(after)}"
    now = contents(after)
    allowed = [expected] if is_done else [expected, before]
    wrong = [key for key, value in now.items() if all(value != known.get(key) for known in allowed)]
    return f"half-written, or another: {', '.join(wrong[:3])}" if wrong else None


def _expected(ground: Ground, name: str, work: Work) -> dict[str, str]:
    """What the command makes where there is room; written down by the first who asks."""
    known = ground.folder / f"disk-{name}.json"
    if not known.exists():
        with ground.season(f"room-{os.getpid()}", of=work.of) as season:
            for drop in work.drops:
                place = season.repository.path / drop
                shutil.rmtree(place) if place.is_dir() else place.unlink()
            season.repository.run(*work.command, **season.environment)
            written = known.with_suffix(f".{os.getpid()}")
            written.write_text(json.dumps(contents(season.repository.path)))
            written.replace(known)
    return json.loads(known.read_text())


def contents(clone: Path) -> dict[str, str]:
    """Everything that stages and commands make, by content; of dvc.lock and receipts what does not tell the time."""
    names = ["data", "models", "metrics", "params.yaml", "conf"]
    files = [path for name in names if (clone / name).exists() for path in files_of(clone / name)]
    found = {str(path.relative_to(clone)): hashlib.md5(path.read_bytes()).hexdigest() for path in files}
    lock = yaml.safe_load((clone / "dvc.lock").read_text() or "{}") or {}
    return found | {name: json.dumps(stage.get("outs")) for name, stage in lock.get("stages", {}).items()}


def _called(work: Work) -> str:
    words = work.command[3:] if work.command[: len(ROUNDS)] == ROUNDS else work.command
    return re.sub(r"^(?!dvc)", "rounds ", " ".join(words))
