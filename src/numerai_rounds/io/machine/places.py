"""Where data may lie: DVC finds out only after a stage has run, which is after gigabytes were fetched."""

from pathlib import Path

from numerai_rounds.base.errors import ConfigurationError
from numerai_rounds.io.files import paths

FOLDERS = (
    paths.HISTORY.parent,
    *(path.parent for path in (*paths.ERAS.values(), paths.SELECTED, paths.PREDICTIONS, paths.SUBMISSION)),
    paths.MODELS,
    paths.METRICS / "plots",
)
"""Folders in which DVC keeps outputs."""

INSTEAD = (
    "Keep DVC's cache there instead: `dvc config --local cache.dir FOLDER` and `dvc config --local cache.type symlink`."
)


def check() -> None:
    """Refuse links and mounts that a stage, or DVC after it, would stop at; ConfigurationError with what to do.

    DVC takes no output whose folder lies outside of the repository, by whatever link. What is fetched is renamed into
    place, which works on one disk only; and DVC takes a link in the place of the bins away.
    """
    root = Path.cwd().resolve()
    for place in dict.fromkeys(above for folder in FOLDERS for above in (*reversed(folder.parents), folder)):
        if not place.resolve().is_relative_to(root):
            raise ConfigurationError(
                f"{place} is a link to {place.resolve()}, outside of this repository, where DVC keeps no outputs: "
                f"a stage would stop after its work. Make it a folder of its own (`git checkout -- {place.parts[0]}` "
                f"brings what git has there). {INSTEAD}"
            )
    if paths.BINNED.is_symlink():
        raise ConfigurationError(f"{paths.BINNED} is a link, which DVC would take away. Remove it. {INSTEAD}")
    for place in (paths.HISTORY, paths.LIVE):
        if _disk(place) != _disk(paths.STAGING):
            raise ConfigurationError(
                f"{place} and {paths.STAGING} are on different disks, and what is fetched is renamed from the one to "
                f"the other. Have all of {paths.DATA}/ on one. {INSTEAD}"
            )


def _disk(path: Path) -> int:
    """The device of a path, or of the nearest folder above it that is there."""
    there = next(place for place in (path, *path.absolute().parents) if place.exists())
    return there.stat().st_dev
