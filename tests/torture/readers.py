"""Stages and commands that read what was damaged: each refuses, or gives what it would have given."""

import contextlib
import hashlib
import io
import os
import random
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path

import yaml

from numerai_rounds.base.errors import RoundsError
from numerai_rounds.commands import packaging, reporting, scoring
from numerai_rounds.io.files import paths, vouched
from numerai_rounds.io.service import http
from numerai_rounds.play import uploading
from tests.rounds.season import MODEL, QUICK, Season
from tests.test_rot import files_of, flip, left_alone
from tests.torture.ground import Ground
from tests.torture.outcome import Case

TITLE = "rot: what reads it"
AT_A_TIME = 40
STAGES = ("split", "select", "bin", "train", "evaluate", "submit")
TIMES = {"kept": "the time of change kept", "new": "with a new time of change"}
COMMANDS: dict[str, tuple[Callable[[], object], tuple[str, ...]]] = {
    "report": (reporting.report, ("metrics", "dvc.lock", "params.yaml", "data/submission")),
    "score": (
        lambda: scoring.score(paths.PREDICTIONS, columns=[], targets=[], round_number=None, output=Path("../scores")),
        ("data/predictions", "data/raw/history", "dvc.lock", "params.yaml"),
    ),
    "upload": (
        lambda: uploading.upload(uploading.Options(models=[MODEL]), dry_run=True),
        ("data/submission", "models/model.txt", "data/raw/live", "dvc.lock", "params.yaml", "conf/round.yaml"),
    ),
    "package": (
        lambda: packaging.package(check=False),
        ("data/submission", "models/model.txt", "data/raw/live", "dvc.lock", "params.yaml"),
    ),
}


def cases(ground: Ground, seed: int) -> list[Case]:
    """Each reader with each file that it may read."""
    clone, found = ground.folder / "done/clone", []
    for reader in (*STAGES, *COMMANDS):
        what = f"the stage {reader}" if reader in STAGES else f"`rounds {reader}`"
        for path in _files(clone, reader):
            found += [Case(f"readers/{reader}/{when}/{path}", what) for when in ("kept", "new")]
    return found


def attempt(ground: Ground, some: Sequence[Case], chance: Callable[[Case], random.Random]) -> Mapping[Case, str | None]:
    """One after the other, in one repository."""
    with ground.season(f"read-{os.getpid()}", of="done") as season, _within(season):
        for name in sorted({case.name.split("/")[1] for case in some}):
            if refused := _refusal(_main(name)):
                raise AssertionError(f"{name} refuses what is sound: {refused}")
        before = _contents()
        return {case: _read(case, chance(case), before, season) for case in some}


def _read(case: Case, chance: random.Random, before: dict[str, str], season: Season) -> str | None:
    _, reader, when, name = case.name.split("/", 3)
    path = Path(name)
    with left_alone(path):
        flip(path, chance, keep_time=when == "kept")
        damaged = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
        try:
            refused = _refusal(_main(reader))
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is no refusal
            return f"{type(error).__name__}: {error}"
        after = {**_contents(), name: before.get(name, "")} if _md5(path) == damaged else _contents()
    vouched._outputs.cache_clear()
    if refused is not None and not refused.endswith((".", "?")):
        return f"no sentence: {refused}"
    changed = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
    for key in changed:
        restored = season.repository.path.parent / "sound" / key
        if restored.exists():
            shutil.copy2(restored, season.repository.path / key)
    return f"made another {', '.join(changed)}" if changed and refused is None else None


def _refusal(main: Callable[[], object]) -> str | None:
    for cached in (vouched._outputs, vouched._listing):
        cached.cache_clear()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            main()
        except RoundsError as error:
            return f"{error}" if 1 < error.exit_code < 8 else f"exit code {error.exit_code}: {error}"
    return None


def _main(reader: str) -> Callable[[], object]:
    return COMMANDS[reader][0] if reader in COMMANDS else import_module(f"numerai_rounds.stages.{reader}").main


@contextlib.contextmanager
def _within(season: Season) -> Iterator[None]:
    """In the repository of a season."""
    shutil.copytree(season.repository.path, season.repository.path.parent / "sound", symlinks=True)
    known, folder, patience = dict(os.environ), Path.cwd(), http.PATIENCE
    os.environ.update(season.environment)
    os.chdir(season.repository.path)
    http.PATIENCE = QUICK
    try:
        yield
    finally:
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(known)
        http.PATIENCE = patience


def _files(clone: Path, reader: str) -> list[Path]:
    listed = COMMANDS[reader][1] if reader in COMMANDS else _deps(clone, reader)
    return [path.relative_to(clone) for name in listed for path in files_of(clone / name)]


def _deps(clone: Path, stage: str) -> list[str]:
    listed = yaml.safe_load((clone / "dvc.yaml").read_text())["stages"][stage]["deps"]
    return [*(name for name in listed if name.startswith(("data/", "models/"))), "dvc.lock", "params.yaml"]


def _contents() -> dict[str, str]:
    """Everything that stages and commands make."""
    places = ["data", "models", "metrics", "params.yaml", "dvc.lock", "conf", "../scores"]
    files = [path for name in places for path in files_of(Path(name)) if not path.name.startswith(".")]
    return {str(path): _md5(path) for path in files}


def _md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() if path.exists() else ""
