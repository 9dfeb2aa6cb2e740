"""One bit flipped in a file: a round that is played over it."""

import json
import os
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import yaml

from tests.rounds.season import NEXT, Season
from tests.test_rot import files_of, flip
from tests.torture import advice, whole
from tests.torture.ground import Ground
from tests.torture.kills import start
from tests.torture.outcome import Case
from tests.torture.readers import TIMES

TITLE = "rot: a round over it"
AT_A_TIME = 3
GIT_HAS = (
    "dvc.lock",
    "params.yaml",
    "conf/round.yaml",
    "conf/config.yaml",
    "conf/model/lightgbm.yaml",
    "conf/data/numerai.yaml",
)
RUNS_CACHE = ".dvc/cache/runs"
PINNED_ANEW = ("submission",)
"""What is compared if a pin was damaged: its file is pinned anew, under the identity that the service gives it now."""
RECEIPT = "receipt"
REFUSALS = 6
"""Times that a refusal may follow what was advised."""


def cases(ground: Ground, seed: int) -> Sequence[Case]:
    """A round played over each file."""
    clone = ground.folder / "ready/clone"
    outputs = [out["path"] for stage in _stages(clone).values() for out in stage.get("outs", [])]
    files = [str(path.relative_to(clone)) for name in outputs for path in files_of(clone / name)]
    cached = [f"cache:{name}" for name in outputs if name.startswith(("data/", "models/")) and name != "data/guard.txt"]
    twice = [f"both:{name}" for name in files if name in {"models/model.txt", "data/raw/history/features.json"}]
    runs = [f"{RUNS_CACHE}:{place}" for place in range(3)]
    places = [*files, *cached, *twice, *runs, *GIT_HAS, RECEIPT]
    return [
        Case(f"rot/{when}/{place}", f"{_kind(place)}, {words}") for when, words in TIMES.items() for place in places
    ]


def attempt(ground: Ground, some: Sequence[Case], chance: Callable[[Case], random.Random]) -> Mapping[Case, str | None]:
    """Flip all of them at once and play; each alone where that does not end well."""
    late = [case for case in some if case.name.endswith(RECEIPT)]
    flaws: dict[Case, str | None] = {}
    for group in [[case for case in some if case not in late], *([case] for case in late)]:
        flaw = _played(ground, group, chance) if group else None
        alone = flaw is not None and len(group) > 1
        found = {case: _played(ground, [case], chance) if alone else flaw for case in group}
        if alone and not any(found.values()):
            found = dict.fromkeys(group, f"{flaw} (only together with others)")
        flaws |= found
    return flaws


def _played(ground: Ground, group: Sequence[Case], chance: Callable[[Case], random.Random]) -> str | None:
    """What is the matter with a round that was played over damaged files, as advised where it was refused."""
    with ground.season(f"rot-{os.getpid()}") as season:
        clone = season.repository.path
        if group[0].name.endswith(RECEIPT):
            start(season, {})
        for case in group:
            _, when, place = case.name.split("/", 2)
            for path in _damaged(clone, place):
                flip(path, chance(case), keep_time=when == "kept")
        problem = _to_the_end(season)
        if problem is None and group[0].name.endswith(RECEIPT):
            season.repository.run("git", "checkout", "HEAD", "--", "receipts")
        return problem or whole.flaw(season, ground.known, PINNED_ANEW if _pins(group) else whole.COMPARED)


def _pins(group: Sequence[Case]) -> bool:
    return any(case.name.endswith("/conf/round.yaml") for case in group)


def _to_the_end(season: Season) -> str | None:
    """Run, and do what is advised, until it ends with 0."""
    done: list[list[str]] = []
    for _ in range(REFUSALS):
        code, said = start(season, {})
        if problem := whole.ill_said(said, code):
            return problem
        if code == 0:
            return None
        if not advice.sentence(said):
            return f"exit code {code} without a sentence: {said[-300:]}"
        answered = advice.follow(season, said, done)
        while answered is not None and advice.sentence(answered):
            answered = advice.follow(season, answered, done)
        if answered is not None and whole.TRACEBACK in answered:
            return f"a traceback: {answered[-600:]}"
    return f"refused after {done}: {advice.sentence(said)}"


def _damaged(clone: Path, place: str) -> list[Path]:
    kind, _, name = place.rpartition(":")
    if place == RECEIPT:
        return sorted(clone.glob(f"receipts/round-{NEXT}/*.json"))
    if kind == RUNS_CACHE:
        found = sorted(path for path in (clone / RUNS_CACHE).rglob("*") if path.is_file())
        return [found[int(name) % len(found)]]
    copies = [_copy(clone, name)] if kind in {"cache", "both"} else []
    return [*copies, *([] if kind == "cache" else [clone / name])]


def _copy(clone: Path, name: str) -> Path:
    """A file's place in DVC's cache; of a folder, its list of files."""
    outs = [out for stage in _stages(clone).values() for out in stage.get("outs", [])]
    digests = {out["path"]: out["md5"] for out in outs}
    folder = next((path for path in digests if name.startswith(f"{path}/")), None)
    digest = digests[name] if folder is None else _listed(clone, digests[folder])[name.removeprefix(f"{folder}/")]
    return _place(clone, digest)


def _listed(clone: Path, digest: str) -> dict[str, str]:
    return {entry["relpath"]: entry["md5"] for entry in json.loads(_place(clone, digest).read_text())}


def _place(clone: Path, digest: str) -> Path:
    return clone / ".dvc/cache/files/md5" / digest[:2] / digest[2:]


def _stages(clone: Path) -> dict[str, dict]:
    return yaml.safe_load((clone / "dvc.lock").read_text())["stages"]


def _kind(place: str) -> str:
    if ":" in place:
        return "DVC's cache" if "both" not in place else "a file and its copy in DVC's cache"
    if place in GIT_HAS:
        return "dvc.lock, params.yaml or conf/"
    return {RECEIPT: "a receipt"}.get(place, f"{place.partition('/')[0]}/")
