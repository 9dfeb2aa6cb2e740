"""A folder of the user's own files: as Numerai serves them today, or as it did when they were CSVs."""

from pathlib import Path
from typing import Annotated, BinaryIO, Literal

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from numerai_rounds.base.eras import WEEKLY, CadenceName
from numerai_rounds.base.errors import ConfigurationError, DataError, MachineError, some
from numerai_rounds.base.params import RESTORE, DataSection, Payout, Pin, Round
from numerai_rounds.base.roles import HISTORY, HISTORY_EXTRAS, LIVE, LIVE_EXTRAS, file_name
from numerai_rounds.io import console
from numerai_rounds.io.files import atomic
from numerai_rounds.io.sources._payouts import policy_of

TRAINING_CSV, TOURNAMENT_CSV = "numerai_training_data.csv", "numerai_tournament_data.csv"
VALIDATION_CSV = "numerai_validation_data.csv"
"""Beside the others if eras are called `0001`: the release of 2021 took the validation rows out of the tournament's."""
OLD_LAYOUT = {
    "features": TRAINING_CSV,
    "train": TRAINING_CSV,
    "validation": TOURNAMENT_CSV,
    "live": TOURNAMENT_CSV,
}
"""Role -> the file of the old layout that it is made from."""
CSVS = (TRAINING_CSV, TOURNAMENT_CSV, VALIDATION_CSV)


def _given(path: str) -> str:
    if path.strip() in ("", "???"):
        raise PydanticCustomError("path", "must name the folder of your files: data.path=DIR")
    return path


class Params(DataSection):
    """Parameters of `data=local`."""

    kind: Literal["local"]
    path: Annotated[str, AfterValidator(_given)]
    """Folder of the files, relative to the repository's root or absolute."""
    eras: CadenceName | None = None
    """How far apart eras are; null: as the layout tells."""


def current_round(params: Params, pinned: Round | None) -> int | None:
    """A folder knows no rounds: the number already pinned stays."""
    return pinned.number if pinned is not None and pinned.source == params.kind else None


def is_open(params: Params, number: int | None) -> bool:
    """A folder has no clock: it can be used at any time."""
    return True


def pins(params: Params, number: int | None, pinned: Round | None = None) -> tuple[dict[str, Pin], dict[str, Pin]]:
    """Place, size and SHA-256 of every file in the folder: those of the history, and the live ones.

    The extras are pinned where the folder has them. Where it holds both layouts, the newer is taken.
    """
    folder = _folder(params)
    files = _layout(folder)
    measured = {name: _measured(params, folder / name) for name in sorted(set(files.values()))}
    history, live = (
        {role: measured[files[role]] for role in roles if role in files}
        for roles in (HISTORY + HISTORY_EXTRAS, LIVE + LIVE_EXTRAS)
    )
    return history, live


def live_pins(params: Params, number: int | None, pinned: Round | None = None) -> dict[str, Pin]:
    """The live part of `pins`."""
    return pins(params, number)[1]


def payout(params: Params, number: int | None) -> Payout | None:
    """How the tournament pays for the round of that number; a folder without one pays nothing."""
    return policy_of(number)


def cadence(params: Params) -> CadenceName:
    """How far apart eras are: what `data.eras` says, weekly in today's layout, else what the training CSV tells.

    That is said, because it is read from marks (see `legacy.header.cadence`).
    """
    from numerai_rounds.io.legacy import header

    folder = _folder(params)
    if params.eras is not None or TRAINING_CSV not in _layout(folder).values():
        return params.eras or WEEKLY.name
    found = header.cadence(folder / TRAINING_CSV)
    other = "monthly" if found is WEEKLY else "weekly"
    console.say(
        f"{TRAINING_CSV}: its eras are {found.name} ({found.days} business days apart) by their labels and by the "
        f"names of the targets. If they are {other}, say so: `rounds compose data.eras={other}`, then `rounds open`."
    )
    return found.name


def check_pins(params: Params, pinned: Round) -> None:
    """Refuse pins of another folder's files or another cadence, and a round that lacks a file that all rounds need."""
    found = pinned.history | pinned.live
    absent = [role for role in HISTORY + LIVE if role not in found]
    foreign = [pin.name for pin in found.values() if Path(pin.name).parent != Path(params.path)]
    if absent or foreign:
        raise ConfigurationError(
            f"data and conf/round.yaml do not agree: {some(absent + foreign)} must be pinned as a file of "
            f"data.path={params.path}. Run `rounds open` to pin what is there."
        )
    if params.eras not in (None, pinned.eras):
        raise ConfigurationError(
            f"data and conf/round.yaml do not agree: data.eras is {params.eras}, and eras are pinned as {pinned.eras}. "
            "Run `rounds open` to pin them anew."
        )


def fetch(params: Params, number: int | None, role: str, pin: Pin, destination: Path) -> None:
    """Copy the pinned file, or make the file of `role` from one of the old layout.

    A DataError where it is gone, or has changed since it was pinned, even while it was read.
    """
    source = _folder(params) / Path(pin.name).name
    if not source.is_file():
        raise DataError(f"{source} is gone since it was pinned. {RESTORE}")
    with atomic.writing(destination) as temporary:
        if source.name in CSVS:
            from numerai_rounds.io.legacy import convert as legacy

            written = source.stat().st_mtime_ns
            _refuse_changed(source, pin, _identity(source))
            legacy.convert(source, role, temporary)
            if source.stat().st_mtime_ns != written:
                _refuse_changed(source, pin, _identity(source))
        else:
            with temporary.open("wb") as copy:
                identity = _identity(source, copy)
            _refuse_changed(source, pin, identity)


def _folder(params: Params) -> Path:
    folder = Path(params.path).expanduser()
    if not folder.is_dir():
        raise ConfigurationError(
            f"data.path is {params.path!r}, and there is no such folder ({folder.resolve()}). Name yours with "
            f"`rounds compose data.path=DIR`. If it held what is pinned: {RESTORE}"
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
        return OLD_LAYOUT | _validation_apart(folder, present)
    known = sorted(present.intersection([*names.values(), *CSVS]))
    packed = sorted(name for name in present if name.startswith(tuple(f"{csv}." for csv in CSVS)))
    hint = f" Unpack {some(packed)} first." if packed else ""
    raise ConfigurationError(
        f"data.path is {str(folder)!r}, which holds {some(known) if known else 'no file of the tournament'}. "
        f"It must hold {', '.join(required)}; or, in the old layout, {TRAINING_CSV} and {TOURNAMENT_CSV}.{hint}"
    )


def _validation_apart(folder: Path, present: set[str]) -> dict[str, str]:
    """The file of the validation rows, if it is not the tournament's."""
    from numerai_rounds.io.legacy import header

    apart = VALIDATION_CSV in present and not header.has_monthly_labels(folder / TRAINING_CSV)
    return {"validation": VALIDATION_CSV} if apart else {}


def _refuse_changed(source: Path, pin: Pin, identity: str) -> None:
    if identity != pin.identity:
        raise DataError(f"{source} has changed since it was pinned. {RESTORE}")


def _measured(params: Params, path: Path) -> Pin:
    return Pin(name=str(Path(params.path) / path.name), size=path.stat().st_size, identity=_identity(path))


def _identity(path: Path, copy: BinaryIO | None = None) -> str:
    try:
        return f"sha256:{atomic.sha256(path, copy)}"
    except PermissionError as error:
        raise MachineError(f"{path} may not be read ({error.strerror}). Check its permissions.") from None
