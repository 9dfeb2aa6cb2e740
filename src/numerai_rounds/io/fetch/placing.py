"""A new store takes the place of the one before; files of chunks that did not change are the same files as before."""

import os
import shutil
from pathlib import Path

from numerai_rounds.base.errors import DataError
from numerai_rounds.io.history import manifest, packed


def adopt(before: Path, after: Path) -> int:
    """Put the intact files of unchanged chunks of `before` into `after`, as links; the number of files written anew.

    A chunk is unchanged where the digests of its eras are, whatever library wrote the file.
    """
    old, new = manifest.read(before), manifest.read(after)
    known = {chunk.name: chunk for chunk in old.chunks}
    chunks, written = [], 0
    for chunk in new.chunks:
        was = known.get(chunk.name)
        if was is not None and old.features == new.features and _intact_features(before, was, chunk, len(old.features)):
            _link(manifest.features_path(before, was.name), manifest.features_path(after, chunk.name))
        else:
            written += 1
        digest = chunk.targets
        if was is not None and old.targets == new.targets and _intact_targets(before, was, chunk):
            _link(manifest.targets_path(before, was.name), manifest.targets_path(after, chunk.name))
            digest = was.targets
        else:
            written += 1
        chunks.append(chunk.model_copy(update={"targets": digest}))
    manifest.write(new.model_copy(update={"chunks": chunks}), after)
    return written


def swap(staged: Path, place: Path) -> None:
    """Move a whole store into place; the one before is removed only when the new one is there.

    What interrupted runs, or another source, left in the staged folder stays behind.
    """
    for path in manifest.foreign(staged):
        path.unlink()
    if place.exists():
        place.replace(_former(staged))
    staged.replace(place)
    shutil.rmtree(_former(staged), ignore_errors=True)


def restore(staged: Path, place: Path) -> None:
    """Put back the store that a killed run had moved out of its place."""
    if _former(staged).exists() and not place.exists():
        _former(staged).replace(place)


def _former(staged: Path) -> Path:
    return staged.with_name(f"{staged.name}.former")


def _intact_features(before: Path, was: manifest.Chunk, now: manifest.Chunk, features: int) -> bool:
    if was.features != now.features:
        return False
    try:
        packed.verify(manifest.features_path(before, was.name), was.rows, features, was.features)
    except DataError:
        return False
    return True


def _intact_targets(before: Path, was: manifest.Chunk, now: manifest.Chunk) -> bool:
    values = [[(era.era, era.features, era.targets) for era in chunk.eras] for chunk in (was, now)]
    if values[0] != values[1]:
        return False
    try:
        manifest.checked_targets(before, was)
    except DataError:
        return False
    return True


def _link(source: Path, destination: Path) -> None:
    """Replace `destination` by the file `source` itself; by a copy where the file system has no links."""
    beside = destination.with_name(f".{destination.name}.link")
    beside.unlink(missing_ok=True)
    try:
        os.link(source, beside)
    except OSError:
        shutil.copy2(source, beside)
    beside.replace(destination)
