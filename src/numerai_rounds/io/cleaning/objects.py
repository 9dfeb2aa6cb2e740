"""Which objects of DVC's cache can be made again: those of a stage that some commit repeats from what stays."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from numerai_rounds.base.errors import ConfigurationError
from numerai_rounds.io.cleaning.cache import Cache, Entry
from numerai_rounds.io.cleaning.named import Locks, Named
from numerai_rounds.io.files import dvc_cache, paths
from numerai_rounds.io.files.dvc_lock import DvcLock, Output
from numerai_rounds.io.repository import recipe

MADE_AGAIN = {str(paths.BINNED): "bins", str(paths.PREDICTIONS): "predictions"}
"""Outputs that are large and follow from what stays: history, eras, features and model. Everything else stays."""

OURS = "python -m numerai_rounds.stages."


class Choice(NamedTuple):
    """What can go of the cache, and why the rest stays."""

    objects: dict[str, list[Path]]
    """Files, by what they are."""
    runs: list[Path]
    lasting: list[Output]
    """Outputs that nothing here makes again."""
    damaged: list[Path]
    """Lists of files that must stay, and cannot be read."""


def choose(cache: Cache, locks: Locks, others: Iterable[str]) -> Choice:
    """What no working folder needs and can be made again; a list of files comes after the files that it lists.

    `others` are the hashes that other files of DVC name. Nothing goes while a dvc.lock cannot be read: what it names
    is not known. The same goes for a damaged list of files that must stay.
    """
    if locks.broken:
        return Choice({}, [], [], [])
    every = [*(named.lock for named in locks.committed), *locks.current]
    named = {output for lock in every for _, output in lock.outputs()}
    nobody = _of_nobody(cache, named)
    stray = {Output(out["path"], out["md5"], out.get("size")) for entry in nobody for out in entry.stage["outs"]}
    candidates = {output for output in named | stray if output.path in MADE_AGAIN and cache.path(output.md5).exists()}
    needed = {output.md5 for lock in locks.current for _, output in lock.outputs()} | _linked(cache)
    kept = {*others, *needed, *(output.md5 for output in (named | stray) if output.path not in MADE_AGAIN)}
    damaged = [cache.path(md5) for md5 in sorted(kept) if cache.files(md5) is None and cache.path(md5).exists()]
    if damaged:
        return Choice({}, [], [], damaged)
    asked = {output for output in candidates & named if output.md5 not in kept}
    lasting = asked - _repeated(cache, locks.committed, asked)
    kept |= {output.md5 for output in lasting}
    files = {oid for md5 in kept for oid in (cache.files(md5) or {}).values()} | kept
    found: dict[str, list[Path]] = {}
    for output in sorted(candidates, key=lambda output: output.md5):
        if output.md5 not in kept:
            oids = dict.fromkeys([*(cache.files(output.md5) or {}).values(), output.md5])
            there = [path for path in (cache.path(oid) for oid in oids if oid not in files) if path.exists()]
            found.setdefault(MADE_AGAIN[output.path], []).extend(there)
    return Choice(
        {what: list(dict.fromkeys(places)) for what, places in found.items()},
        [entry.path for entry in nobody],
        sorted(lasting),
        [],
    )


def _of_nobody(cache: Cache, named: Iterable[Output]) -> list[Entry]:
    """Entries of the run-cache whose outputs no dvc.lock names; in a cache elsewhere they may be another folder's."""
    if not cache.is_own:
        return []
    known = {(output.path, output.md5) for output in named}
    return [
        entry
        for entry in cache.runs()
        if str(entry.stage["cmd"]).startswith(OURS)
        and any((out["path"], out.get("md5")) not in known for out in entry.stage.get("outs", []))
        and all("md5" in out for out in entry.stage.get("outs", []))
    ]


def _linked(cache: Cache) -> set[str]:
    """Objects that files of the working folder are links to, whatever dvc.lock says."""
    places = [paths.BINNED, *paths.BINNED.rglob("*"), paths.PREDICTIONS]
    ends = [place.resolve() for place in places if place.is_symlink()]
    return {end.parent.name + end.name for end in ends if end.is_relative_to(cache.folder.resolve())}


def _repeated(cache: Cache, committed: Iterable[Named], asked: Iterable[Output]) -> set[Output]:
    """Of outputs, those that the pipeline of some commit makes again, by the commit's own code, from what stays."""
    is_whole, left, found = _is_whole(), set(asked), set()
    for lock, commits in committed:
        for stage, output in lock.outputs():
            # The first commit with a dvc.lock is the one that ran.
            if output in left and has_inputs(cache, lock, stage) and any(map(is_whole, reversed(commits))):
                found.add(output)
                left.remove(output)
    return found


def has_inputs(cache: Cache, lock: DvcLock, stage: str) -> bool:
    """Whether all data that a stage of a dvc.lock read are in the cache, exactly as it read them."""
    outputs = {output.path: output for _, output in lock.outputs()}
    for dependency in lock.stages[stage].get("deps", []):
        path, md5 = dependency["path"], dependency.get("md5")
        above = next((place for place in (path, *map(str, Path(path).parents)) if place in outputs), None)
        if above is None:
            continue  # code: its commit has it
        output, within = outputs[above], path.removeprefix(above).lstrip("/")
        if above in MADE_AGAIN or not cache.has(output.md5, dependency.get("size"), within):
            return False
        if md5 != (_within(cache.files(output.md5) or {}, within) if within else output.md5):
            return False
    return True


def _within(files: Mapping[str, str], part: str) -> str:
    """The hash that DVC gives a file or folder of an output."""
    if part in files:
        return files[part]
    start = f"{part}/"
    return dvc_cache.digest_of({name.removeprefix(start): oid for name, oid in files.items() if name.startswith(start)})


def _is_whole() -> Callable[[str], bool]:
    """Whether a commit's dvc.lock records the commit's own code, commands and parameters; each asked once."""

    @cache
    def is_whole(commit: str) -> bool:
        try:
            return not recipe.changed(commit)
        except (ConfigurationError, OSError, ValueError):  # a commit that cannot be read repeats nothing
            return False

    return is_whole
