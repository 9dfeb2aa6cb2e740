"""What a round has to be in the end, whatever happened on the way: one round, and that of an undisturbed run."""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.rounds.season import MODEL, NEXT, Season

RECEIPT = re.compile(r"^receipts/round-\d+/")
CODES = range(8)
"""The exit codes that README.md has; 1 is none that a person should see."""
TRACEBACK = "Traceback (most recent call last)"
TEMPORARY = ".*.tmp"


def result(season: Season) -> dict[str, Any]:
    """What is compared: dvc.lock, the tree of the commit, the submission, what the remotes have."""
    clone = season.repository
    lock = yaml.safe_load((clone.path / "dvc.lock").read_text())["stages"]
    return {
        "outputs": {name: stage.get("outs", []) for name, stage in lock.items()},
        "tree": _tree(season, "HEAD"),
        "submission": season.sha256,
        "stored": sorted(path.name for path in (clone.path.parent / "store").rglob("*") if path.is_file()),
    }


COMPARED = ("submission", "outputs", "tree")


def flaw(
    season: Season, expected: dict[str, Any], only: Sequence[str] = COMPARED, *, may_precede: bool = False
) -> str | None:
    """Why a round is not what an undisturbed run makes of it; None where it is."""
    found = result(season)
    flaws = [f"{key}: {_first_difference(found[key], expected[key])}" for key in only if found[key] != expected[key]]
    missing = set(expected["stored"]) - set(found["stored"])
    if missing and only == COMPARED:
        flaws.append(f"not in DVC's remote: {sorted(missing)[:3]}")
    return "; ".join([*flaws, *_flaws(season, may_precede=may_precede)]) or None


def _flaws(season: Season, *, may_precede: bool) -> Iterator[str]:
    """Ways in which a round is not one from end to end.

    A submission `may_precede` the commit of what it sends, by hand or on a full disk: its receipt says so.
    """
    run, path = season.repository.run, season.repository.path
    sent = season.service.submissions
    if len(sent) != 1 or season.counted() != [season.content]:
        yield f"{len(sent)} submissions were sent, {len(season.counted())} count, or another than this"
    yield from _ill_kept(season, may_precede=may_precede)
    if dirty := run("git", "status", "--porcelain").stdout:
        yield f"git status: {dirty}"
    if run("git", "diff", f"round-{NEXT}", "HEAD", check=False).stdout:
        yield f"round-{NEXT} is not HEAD"
    refs = {ref: run("git", "rev-parse", ref, check=False).stdout.strip() for ref in ("main", f"round-{NEXT}")}
    there = run("git", "ls-remote", "origin", check=False).stdout
    for ref, commit in refs.items():
        if f"{commit}\trefs/" not in there:
            yield f"{ref} was not pushed"
    yield from leftovers(season)
    if not _pins(path, NEXT):
        yield f"conf/round.yaml does not pin round {NEXT}"


def _ill_kept(season: Season, *, may_precede: bool) -> Iterator[str]:
    """What is wrong with the receipts."""
    kept = [json.loads(file.read_text()) for file in season.repository.path.glob(f"receipts/round-{NEXT}/*.json")]
    if [(receipt["outcome"], receipt["sha256"]) for receipt in kept] != [("accepted", season.sha256)]:
        yield f"receipts: {[(receipt['outcome'], receipt['sha256'][:8]) for receipt in kept]}"
    elif may_precede and "dvc.lock" in kept[0]["uncommitted"]:
        return
    elif (told := _submission_of(season, kept[0]["commit"])) != season.sha256:
        yield f"the receipt's commit makes another submission: {told}"
    elif kept[0]["uncommitted"]:
        yield f"the receipt tells of what is not committed: {kept[0]['uncommitted']}"


def leftovers(season: Season) -> Iterator[str]:
    """Temporary files in the tree and in history; those in DVC's cache are DVC's own."""
    path = season.repository.path
    left = [file.relative_to(path) for file in path.rglob(TEMPORARY) if not file.is_relative_to(path / ".dvc/cache")]
    if left:
        yield f"left: {', '.join(map(str, left[:3]))}"
    if ".tmp" in season.repository.run("git", "log", "--all", "--name-only", "--format=").stdout:
        yield "temporary files in git's history"


def _pins(path: Path, number: int) -> bool:
    return bool(yaml.safe_load((path / "conf/round.yaml").read_text())["round"]["number"] == number)


def _submission_of(season: Season, commit: str) -> str | None:
    """The SHA-256 of the submission that a commit's dvc.lock names, read in DVC's cache."""
    done = season.repository.run("git", "show", f"{commit}:dvc.lock", check=False)
    if done.returncode:
        return None
    (out,) = yaml.safe_load(done.stdout)["stages"]["submit"]["outs"]
    cached = season.repository.path / ".dvc/cache/files/md5" / out["md5"][:2] / out["md5"][2:]
    return hashlib.sha256(cached.read_bytes()).hexdigest() if cached.exists() else "not in the cache"


def _tree(season: Season, commit: str) -> list[str]:
    """Every file of a commit with its content; of receipts, which have times and the service's ids, the name."""
    lines = season.repository.run("git", "ls-tree", "-r", commit).stdout.splitlines()
    return sorted(name if RECEIPT.match(name := line.split("\t")[1]) else line for line in lines)


def _first_difference(found: Any, expected: Any) -> str:
    if isinstance(found, dict):
        return next(f"{key} is {found.get(key)}" for key in expected if found.get(key) != expected[key])
    if isinstance(found, list):
        return f"{sorted(set(found) ^ set(expected))[:4]}"
    return f"{found}, expected {expected}"


def ill_said(said: str, code: int) -> str | None:
    """What is wrong with how a command ended: its exit code, or a traceback."""
    if TRACEBACK in said:
        return f"a traceback: {said[said.index(TRACEBACK) :][-600:]}"
    if code not in CODES or code == 1:
        return f"exit code {code}: {said[-400:]}"
    return None


__all__ = ["MODEL", "flaw", "ill_said", "leftovers", "result"]
