"""A folder of the user's own files: as Numerai serves them today, or as it did when they were CSVs."""

import hashlib
import shutil
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from numerai_rounds.base.errors import ConfigurationError, DataError, MachineError, some
from numerai_rounds.base.params import DataSection, Pin, Round
from numerai_rounds.base.roles import HISTORY, HISTORY_EXTRAS, LIVE, LIVE_EXTRAS, file_name
from numerai_rounds.io import atomic, console

TRAINING_CSV, TOURNAMENT_CSV = "numerai_training_data.csv", "numerai_tournament_data.csv"
OLD_LAYOUT = {
    "features": TRAINING_CSV,
    "train": TRAINING_CSV,
    "validation": TOURNAMENT_CSV,
    "live": TOURNAMENT_CSV,
}
"""Role -> the file of the old layout that it is made from."""

BLOCK_BYTES = 1 << 20


def _given(path: str) -> str:
    if path.strip() in ("", "???"):
        raise PydanticCustomError("path", "must name the folder of your files: data.path=DIR")
    return path


class Params(DataSection):
    """Parameters of `data=local`."""

    kind: Literal["local"]
    path: Annotated[str, AfterValidator(_given)]
    """Folder of the files, relative to the repository's root or absolute."""


def current_round(params: Params, pinned: Round | None) -> int | None:
    """A folder knows no rounds: the number already pinned stays."""
    return pinned.number if pinned is not None and pinned.source == params.kind else None


def pins(params: Params, number: int | None) -> tuple[dict[str, Pin], dict[str, Pin]]:
    """Size and SHA-256 of every file in the folder: those of the history, and the live ones.

    The extras are pinned where the folder has them. Where it holds both layouts, the newer is taken.
    """
    folder = _folder(params)
    files = _layout(folder)
    measured = {name: _measured(folder / name) for name in sorted(set(files.values()))}
    history, live = (
        {role: measured[files[role]] for role in roles if role in files}
        for roles in (HISTORY + HISTORY_EXTRAS, LIVE + LIVE_EXTRAS)
    )
    return history, live


def fetch(params: Params, number: int | None, pin: Pin, destination: Path) -> None:
    """Copy the pinned file, or make the role that `destination` is named after from a file of the old layout."""
    source = _folder(params) / pin.name
    _refuse_changed(source, pin)
    with atomic.writing(destination) as temporary:
        if pin.name in OLD_LAYOUT.values():
            from numerai_rounds.io import legacy

            legacy.convert(source, destination.stem, temporary)
        else:
            shutil.copyfile(source, temporary)


def _folder(params: Params) -> Path:
    folder = Path(params.path).expanduser()
    if not folder.is_dir():
        raise ConfigurationError(
            f"data.path is {params.path!r}, and there is no such folder ({folder.resolve()}). Name yours with "
            "`rounds compose data.path=DIR`, or restore data that was fetched before with `dvc pull`."
        )
    return folder


def _layout(folder: Path) -> dict[str, str]:
    """Role -> name of its file; a ConfigurationError where the folder has neither layout in full."""
    present = {path.name for path in folder.iterdir() if path.is_file()}
    names = {role: file_name(role) for role in HISTORY + LIVE + HISTORY_EXTRAS + LIVE_EXTRAS}
    required = [names[role] for role in HISTORY + LIVE]
    if present.issuperset(required):
        return {role: name for role, name in names.items() if name in present}
    if present.issuperset(OLD_LAYOUT.values()):
        return OLD_LAYOUT
    known = sorted(present.intersection([*names.values(), *OLD_LAYOUT.values()]))
    raise ConfigurationError(
        f"data.path is {str(folder)!r}, which holds {some(known) if known else 'no file of the tournament'}. "
        f"It must hold {', '.join(required)}; or, in the old layout, {TRAINING_CSV} and {TOURNAMENT_CSV}."
    )


def _refuse_changed(source: Path, pin: Pin) -> None:
    if not source.is_file():
        raise DataError(f"{source} is gone since it was pinned: put it back, or restore its data with `dvc pull`.")
    if source.stat().st_size != pin.size or _measured(source) != pin:
        raise DataError(
            f"{source} has changed since it was pinned: run `rounds open` to pin it as it is now, or "
            "`dvc pull` to restore the data that was pinned."
        )


def _measured(path: Path) -> Pin:
    size = path.stat().st_size
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file, console.progress(f"checking {path.name}", size, "bytes") as advance:
            while block := file.read(BLOCK_BYTES):
                digest.update(block)
                advance(len(block))
    except PermissionError as error:
        raise MachineError(f"{path} may not be read ({error.strerror}). Check its permissions.") from None
    return Pin(name=path.name, size=size, identity=f"sha256:{digest.hexdigest()}")
