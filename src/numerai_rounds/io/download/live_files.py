"""The service's live files: they are replaced with every round under the same names, so whose they are is asked first.

A file with the round's number in its name is taken where the service lists one. Names that it does not list are not
tried: it signs any name, and what answers to one that nobody promised may be anything.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from numerai_rounds.base.errors import ClosedError, ConfigurationError, GoneError, RoundsError, ServiceError
from numerai_rounds.base.params import RESTORE, Pin, Round
from numerai_rounds.io.download import listed, pinning
from numerai_rounds.io.service.client import Client


def pins(client: Client, stems: Mapping[str, str], number: int | None, pinned: Round | None) -> dict[str, Pin]:
    """The live files of round `number` by role; `stems` are their names without an ending, such as `v5.3/live`.

    `pinned` is the round that was pinned before, this one or another. Raises ConfigurationError where the service has
    no such file of that round, ClosedError where the round is over, ServiceError where its file is not there yet.
    """
    served = client.files()
    names = {role: _name(stem, number, served) for role, stem in stems.items()}
    passing = [name for name in names.values() if not _has_number(name)]
    is_current = not passing or _is_current(client, passing[0], number, pinned)
    for name in passing:
        listed.check(name, served)
    before = pinned.live if pinned is not None else {}
    found = {}
    for role, name in names.items():
        found[role] = pinning.pin(name, partial(client.signed_url, name), before.get(role))
        is_same = role in before and found[role].known == before[role].known
        if name in passing and pinned is not None:
            _refuse_other_rounds(name, number, pinned, is_current=is_current, is_same=is_same)
    return found


def told_apart(client: Client, pin: Pin, number: int | None, error: GoneError) -> GoneError:
    """What to say of a pinned live file that is gone: whose file took its place, where another round is played now."""
    if number is None or _has_number(pin.name):
        return error
    try:
        current = client.current_round()
    except RoundsError:
        return error
    if current == number:
        return error
    return GoneError(
        f"{pin.name}: the service now serves that of round {current}, and no longer that of round {number}, which is "
        f"pinned. {RESTORE}"
    )


def _name(stem: str, number: int | None, served: Sequence[str]) -> str:
    """The file that belongs to a round for good where one is listed, else the one that changes with every round."""
    lasting = f"{stem}_{number}.parquet"
    return lasting if lasting in served else f"{stem}.parquet"


def _has_number(name: str) -> bool:
    return name.removesuffix(".parquet").rpartition("_")[2].isdecimal()


def _is_current(client: Client, name: str, number: int | None, pinned: Round | None) -> bool:
    """Whether round `number` is the service's current one; False between rounds where it is the pinned one."""
    is_pinned = pinned is not None and pinned.number == number
    try:
        current = client.current_round()
    except ClosedError:
        if is_pinned:
            return False
        raise
    if number == current:
        return True
    if is_pinned:
        raise ClosedError(
            f"round {number}, which is pinned, is over: the service's {name} is of round {current} now. `rounds open` "
            f"plays round {current}; `dvc checkout` and `dvc pull` bring back what was fetched for round {number}."
        )
    lasting = name.replace(".parquet", f"_{number}.parquet")
    raise ConfigurationError(
        f"the service has no {lasting}, and its {name} is of the current round, {current}, not of round {number}. Run "
        "`rounds open` to play the current round."
    )


def _refuse_other_rounds(name: str, number: int | None, pinned: Round, *, is_current: bool, is_same: bool) -> None:
    """Refuse the file of an earlier round that is still there, and that of a later one that is there already."""
    if not is_current and not is_same:
        raise ClosedError(
            f"no round is open, and {name} is not what is pinned for round {number} any more: it may be the next "
            "round's. Rounds open from Tuesday to Saturday at 12:00 UTC: run `rounds open` then."
        )
    if is_same and pinned.number is not None and number is not None and pinned.number < number:
        raise ServiceError(
            f"{name} is still that of round {pinned.number}, which is pinned: the service has not put up that of round "
            f"{number} yet. Run the same command again in a minute; `rounds run --wait` waits for it."
        )
