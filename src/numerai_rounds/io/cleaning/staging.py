"""Staged files: those of pins that are in place are of no use any more."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from numerai_rounds.base.params import Pin, Round
from numerai_rounds.io.files import paths
from numerai_rounds.io.history import fetched


def files(pinned: Round | None) -> tuple[list[Path], list[Path]]:
    """Files in data/staging that can go, and folders there that stay; all stay if it is not known what is `pinned`.

    A folder stays while some pinned file is not in place: fetching goes on from there, and the service may have
    replaced the file since. So does one that holds a store which a killed run had moved out of its place.
    """
    folders = sorted(paths.STAGING.iterdir()) if paths.STAGING.is_dir() else []
    lasting = [folder for folder in folders if _is_wanted(folder, pinned)]
    going = [folder for folder in folders if folder not in lasting]
    return [path for folder in going for path in _files(folder)], [path for path in lasting if any(_files(path))]


def remove_empty() -> None:
    """Remove folders of data/staging that nothing is left in."""
    if paths.STAGING.is_dir():
        for folder in sorted((path for path in paths.STAGING.rglob("*") if path.is_dir()), reverse=True):
            with suppress(OSError):
                folder.rmdir()


def _is_wanted(folder: Path, pinned: Round | None) -> bool:
    if pinned is None or any(folder.glob("*.former")):
        return True
    pins = {"history": pinned.history, "live": pinned.live}.get(folder.name, {})
    return not _is_in_place(folder.name, pins)


def _is_in_place(part: str, pins: dict[str, Pin]) -> bool:
    """Whether every pinned file of a part is here, by the manifest beside them."""
    return not pins or (not fetched.others(part, pins) and all(paths.raw(part, role).exists() for role in pins))


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir() and not path.is_symlink():
        yield from (inside for inside in sorted(path.rglob("*")) if inside.is_symlink() or not inside.is_dir())
    else:
        yield path
