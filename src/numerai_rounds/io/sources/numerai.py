"""The tournament's own files, any version from 5 on, as the service serves them."""

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from numerai_rounds.base import roles
from numerai_rounds.base.columns import TARGET_PREFIX
from numerai_rounds.base.eras import HORIZONS, WEEKLY, CadenceName, horizon_in_name
from numerai_rounds.base.errors import ConfigurationError, GoneError, RefusedError, one_of, some
from numerai_rounds.base.params import MULTIPLIER, ONCE, RESTORE, DataSection, Payout, Pin, Round
from numerai_rounds.base.roles import Extra
from numerai_rounds.io import console
from numerai_rounds.io.sources._payouts import policy_of

if TYPE_CHECKING:
    from numerai_rounds.io.service.told import ScorePaid

CORR, MMC = "correlation", "meta_model_contribution"
"""The service's names of the scores that `Payout` knows."""


class Params(DataSection):
    """Parameters of `data=numerai`."""

    kind: Literal["numerai"]
    version: Annotated[str, Field(pattern=r"^v5\.\d+$")]
    """Data version, such as `v5.3`."""
    extra_files: Annotated[list[Extra], ONCE]
    """Files to have beside train, validation, live and features."""


def current_round(params: Params, pinned: Round | None) -> int:
    """Number of the round that the service plays now; a ClosedError between rounds."""
    from numerai_rounds.io.service.client import Client

    return Client().current_round()


def is_open(params: Params, number: int | None) -> bool:
    """Whether the service takes submissions for round `number` now that can be staked."""
    from numerai_rounds.io.service.client import Client

    return number is not None and Client().window(number).is_open


def pins(params: Params, number: int | None, pinned: Round | None = None) -> tuple[dict[str, Pin], dict[str, Pin]]:
    """Name, size and ETag of every file that is needed, as served now: those of the history, and the live ones.

    A file of the round that is `pinned` keeps its pin under another ETag, if it holds the same. Raises
    ConfigurationError for a version, file or round that the service does not have, ClosedError and ServiceError as
    `live_files.pins`.
    """
    from numerai_rounds.io.download import listed, live_files, pinning
    from numerai_rounds.io.service.client import Client

    client = Client()
    served = client.files()
    _check_version(params.version, served)
    history, _ = roles.needed(params.extra_files)
    names = {role: listed.check(f"{params.version}/{roles.file_name(role)}", served) for role in history}
    before = pinned.history if pinned is not None else {}
    found = {
        role: pinning.pin(name, partial(client.signed_url, name), before.get(role)) for role, name in names.items()
    }
    return found, live_files.pins(client, _live_stems(params), number, pinned)


def live_pins(params: Params, number: int | None, pinned: Round | None = None) -> dict[str, Pin]:
    """The live part of `pins`."""
    from numerai_rounds.io.download import live_files
    from numerai_rounds.io.service.client import Client

    return live_files.pins(Client(), _live_stems(params), number, pinned)


def payout(params: Params, number: int | None) -> Payout | None:
    """How the service pays for round `number`; a sentence where it pays for what `Payout` cannot hold, and None.

    The target is the round's own, as long as it looks as far ahead as the scores that are paid; otherwise that of the
    table of past policies, and at last `target_ender_N` for scores over N days. A multiplier that is not told counts
    as 0, a factor as 1, a clip as in the table, or else as 1, because nobody can lose more than the stake. The table
    answers where the service says nothing, and a sentence tells so.
    """
    from numerai_rounds.io.service.client import Client

    if number is None:
        return None
    told, scores = Client().terms(number)
    strange = _strange(scores)
    if strange:
        console.say(f"Round {number} pays for {strange}, which this version does not know, so no payout is simulated.")
        return None
    multipliers = {score.name: score.default_multiplier or 0.0 for score in scores}
    days = _told(scores, "total_score_days")
    past = policy_of(number)
    if not any(multipliers.values()) or not days:
        console.say(f"The service does not say how round {number} pays: the table of past policies is taken instead.")
        return past
    return Payout(
        target=_target(told, past.target if past else None, days[0]),
        corr=multipliers.get(CORR, 0.0),
        mmc=multipliers.get(MMC, 0.0),
        clip=(_told(scores, "clip_threshold") or [past.clip if past else 1.0])[0],
        factor=(_told(scores, "payout_factor") or [1.0])[0],
    )


def cadence(params: Params) -> CadenceName:
    """How far apart the eras of the history are."""
    return WEEKLY.name


def check_pins(params: Params, pinned: Round) -> None:
    """Refuse pins of other files than these parameters ask for, or of another version."""
    from numerai_rounds.io.download import served as heads

    history, live = roles.needed(params.extra_files)
    found = pinned.history | pinned.live
    served = [
        role
        for role, pin in found.items()
        if pin.name.startswith(f"{params.version}/") and pin.identity.startswith((heads.ETAG, heads.LAST_MODIFIED))
    ]
    other = {*history, *live}.symmetric_difference(found) | set(found).difference(served)
    if other:
        raise ConfigurationError(
            f"data and conf/round.yaml do not agree: {some(sorted(other))} must be pinned as data.version "
            f"({params.version}) and data.extra_files ask for. Run `rounds open` to pin what is served."
        )


def fetch(params: Params, number: int | None, role: str, pin: Pin, destination: Path) -> None:
    """Download the pinned file; a GoneError says how to restore it where the service no longer has it."""
    from numerai_rounds.io.download import live_files, transfer
    from numerai_rounds.io.service.client import Client

    client = Client()

    def address() -> str:
        try:
            return client.signed_url(pin.name)
        except RefusedError as error:
            raise GoneError(f"{pin.name}: the service no longer serves it ({error}). {RESTORE}") from None

    try:
        transfer.download(address, pin, destination)
    except GoneError as error:
        if role in (*roles.LIVE, *roles.LIVE_EXTRAS):
            raise live_files.told_apart(client, pin, number, error) from None
        raise


def _live_stems(params: Params) -> dict[str, str]:
    _, live = roles.needed(params.extra_files)
    return {role: f"{params.version}/{role}" for role in live}


def _strange(scores: list["ScorePaid"]) -> str | None:
    """What `Payout` cannot hold among the scores that a round pays for; None where it can hold everything."""
    names = [score.name for score in scores]
    foreign = sorted(set(names).difference((CORR, MMC)))
    if foreign:
        return some(foreign)
    if len(names) > len(set(names)):
        return f"several scores of the same name ({some(names)})"
    days = _told(scores, "total_score_days")
    if len(days) > 1 or not set(HORIZONS) >= set(days):
        return f"scores over {some(days)} days"
    for what, values in (
        ("clips", _told(scores, "clip_threshold")),
        ("factors", _told(scores, "payout_factor")),
    ):
        if len(values) > 1:
            return f"scores with different {what} ({some(values)})"
    sizes = [
        size
        for field in ("default_multiplier", "clip_threshold", "payout_factor")
        for size in _told(scores, field)
        if abs(size) > MULTIPLIER
    ]
    if sizes:
        return f"scores with a multiplier, clip or factor of {some(map('{:g}'.format, sizes))}"
    return None


def _target(told: str | None, past: str | None, days: int) -> str:
    """What scores over some days are on: the first of the names that looks as far ahead."""
    named = told if told is None or told.startswith(TARGET_PREFIX) else f"{TARGET_PREFIX}_{told}"
    fitting = (name for name in (named, past) if name is not None and horizon_in_name(name) == days)
    return next(fitting, f"{TARGET_PREFIX}_ender_{days}")


def _told(scores: list["ScorePaid"], field: str) -> list[Any]:
    """The different values of a field that the service told, sorted."""
    return sorted({getattr(score, field) for score in scores} - {None})


def _check_version(version: str, served: list[str]) -> None:
    versions = {name.partition("/")[0] for name in served if re.match(r"v5\.\d+/", name)}
    if version not in versions:
        raise ConfigurationError(f"data.version is {version!r}, which is not served; {one_of(version, versions)}")
