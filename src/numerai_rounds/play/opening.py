"""`rounds open`: pin the round and its files, so that `dvc repro` is a function of the commit alone."""

from numerai_rounds.base.errors import ClosedError, ConfigurationError
from numerai_rounds.base.params import DataSection, Params, Payout, Pin, Round
from numerai_rounds.conf import edits, plugins
from numerai_rounds.conf.compose import check_params
from numerai_rounds.conf.params import load
from numerai_rounds.conf.presets import ROUND
from numerai_rounds.io import console
from numerai_rounds.io.files import paths
from numerai_rounds.io.machine import exclusive
from numerai_rounds.io.sources import Source

NOTHING = Round(source="", number=None, history={}, live={})


def open_round(number: int | None, *, following: bool, accept_changes: bool = False, verify: bool = False) -> None:
    """Pin the current round, round `number`, or the one after the pinned round, while nobody else is at work here.

    `verify` takes a file under a new identity for another one, whatever it looks like. Raises BusyError, and what
    `pin_round` does.
    """
    with exclusive.only_one("rounds open"):
        pin_round(number, following=following, accept_changes=accept_changes, verify=verify, alone=True)


def pin_round(
    number: int | None,
    *,
    following: bool = False,
    accept_changes: bool = False,
    verify: bool = False,
    alone: bool = False,
) -> None:
    """Pin a round, for who holds the lock of the repository; not `alone`, only what changed is told.

    `accept_changes` lets `fetch` replace eras of the history that are not what they were; between rounds it is about
    the pinned one. Raises ConfigurationError where `number` and `following` are both given, where the source has no
    rounds, or where params.yaml holds what conf/ does not, which would be lost; ServiceError where the source does not
    answer.
    """
    if edits.pinned_round() is None:
        edits.write_round(NOTHING)
    check_params(beside=ROUND)
    edits.write_params()
    parameters = load()
    source = plugins.source(parameters.data.kind)
    pinned = parameters.round if parameters.round.source == parameters.data.kind else None
    if number is None and following:
        number = _following(parameters, pinned)
    elif following:
        raise ConfigurationError("--round and --next exclude each other.")
    if number is None:
        number = _current(source, parameters, pinned, accept_changes=accept_changes)
    before = _without_proofs(pinned) if verify and pinned is not None else pinned
    history, live = source.pins(parameters.data, number, before)
    opened = Round(
        source=parameters.data.kind,
        number=number,
        eras=source.cadence(parameters.data),
        payout=source.payout(parameters.data, number),
        accept_changes=accept_changes,
        history=history,
        live=live,
    )
    edits.write_round(opened)
    if alone or opened != pinned:
        _tell(opened, pinned, alone=alone)


def _current(
    source: Source[DataSection], parameters: Params, pinned: Round | None, *, accept_changes: bool
) -> int | None:
    try:
        return source.current_round(parameters.data, pinned)
    except ClosedError:
        if not accept_changes or pinned is None:
            raise
        return pinned.number


def _without_proofs(pinned: Round) -> Round:
    """The same pins; a file is then recognised by its identity alone."""
    bare = {
        part: {role: pin.model_copy(update={"proof": None}) for role, pin in pins.items()}
        for part, pins in (("history", pinned.history), ("live", pinned.live))
    }
    return pinned.model_copy(update=bare)


def _following(parameters: Params, pinned: Round | None) -> int:
    if pinned is None:
        raise ConfigurationError(f"no round of {parameters.data.kind!r} is pinned, so none follows. Run `rounds open`.")
    if pinned.number is None:
        raise ConfigurationError(
            f"the pinned files of {parameters.data.kind!r} are of no round, so none follows. `rounds open` pins what "
            "there is now, `rounds open --round NUMBER` says of which round it is."
        )
    return pinned.number + 1


def _tell(opened: Round, pinned: Round | None, *, alone: bool) -> None:
    before = {**pinned.history, **pinned.live} if pinned else {}
    files = {**opened.history, **opened.live}
    rows = [
        (role, pin.name, f"{pin.size:,}" if pin.size is not None else "made here", _state(pin, before.get(role)))
        for role, pin in sorted(files.items())
    ]
    console.table(opened.title, ["file", "name", "bytes", "since the last pin"], rows)
    console.say(_terms(opened.payout))
    if opened.accept_changes:
        console.say("`fetch` will replace eras of the history that are not what they were, and say which.")
    if alone:
        console.say(f"Pinned in {paths.ROUND}; {paths.PARAMS} follows. Next: `dvc repro`.")


def _terms(payout: Payout | None) -> str:
    if payout is None:
        return "No payout policy is pinned: `evaluate` will simulate none."
    factor = "" if payout.factor == 1 else f", with a factor of {payout.factor:g}"
    return (
        f"Pays {payout.corr:g} x CORR + {payout.mmc:g} x MMC on {payout.target}, "
        f"clipped to {100 * payout.clip:g} % of the stake{factor}."
    )


def _state(pin: Pin, before: Pin | None) -> str:
    if before is None:
        return "new"
    return "unchanged" if pin.known == before.known else "changed"
