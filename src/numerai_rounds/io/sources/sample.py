"""A synthetic market in the schema of v5.3, made on this machine from a seed; needs no network and no account."""

import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal

from numerai_rounds.base import roles
from numerai_rounds.base.eras import WEEKLY, CadenceName
from numerai_rounds.base.errors import ConfigurationError, some
from numerai_rounds.base.params import ONCE, DataSection, Payout, Pin, Round
from numerai_rounds.base.roles import Extra
from numerai_rounds.io.files import atomic
from numerai_rounds.io.market.size import FEATURES, WEEKS, Market
from numerai_rounds.io.sources._payouts import policy_of

GENERATOR = 6
"""Raise it with every change to what the market's files hold: pins of older files then no longer fit."""


class Params(Market, DataSection):
    """Parameters of the `sample` source: how large the market is, from a tiny one to the real one's size."""

    kind: Literal["sample"]
    version: Literal["v5.3"]
    """Data version whose schema is imitated."""
    extra_files: Annotated[list[Extra], ONCE]
    """Files to make beside train, validation, live and features."""


def current_round(params: Params, pinned: Round | None) -> int:
    """The round being played: the market has no clock, so the pinned round stays open until another is asked for.

    Where these parameters have no such round, it is their first one.
    """
    number = pinned.number if pinned is not None and pinned.source == "sample" else None
    return number if number is not None and params.first_round <= number <= params.last_round else params.first_round


def is_open(params: Params, number: int | None) -> bool:
    """The market has no clock: every round of it is open."""
    return True


def pins(params: Params, number: int | None, pinned: Round | None = None) -> tuple[dict[str, Pin], dict[str, Pin]]:
    """Identities of the files of history and of the live file: hashes of all that their bytes follow from.

    That includes the version of pyarrow, whose encoders differ from one to the next, and the content of the file that
    `features_json` names. ConfigurationError where the market cannot follow that file.
    """
    number = _checked(params, number)
    features = _features(params)
    history, live = (
        {role: _pin(params, number, role, features) for role in wanted} for wanted in roles.needed(params.extra_files)
    )
    return history, live


def live_pins(params: Params, number: int | None, pinned: Round | None = None) -> dict[str, Pin]:
    """The live part of `pins`."""
    return pins(params, number)[1]


def payout(params: Params, number: int | None) -> Payout | None:
    """How the tournament pays for the round of that number."""
    return policy_of(number)


def cadence(params: Params) -> CadenceName:
    """How far apart the eras of the history are."""
    return WEEKLY.name


def check_pins(params: Params, pinned: Round) -> None:
    """Refuse pins of files that these parameters would not make."""
    history, live = pins(params, pinned.number)
    wanted, found = history | live, pinned.history | pinned.live
    other = sorted(role for role in wanted.keys() | found.keys() if wanted.get(role) != found.get(role))
    if other:
        raise ConfigurationError(
            f"data and conf/round.yaml do not agree: in round {pinned.number} the sample market of these parameters "
            f"has other files ({some(other)}) than those pinned. Run `rounds open` to pin what it has."
        )


def fetch(params: Params, number: int | None, role: str, pin: Pin, destination: Path) -> None:
    """Make the pinned file."""
    from numerai_rounds.io.market.files import write_features, write_rows

    with atomic.writing(destination) as temporary:
        if role == roles.FEATURES:
            write_features(params, temporary)
        else:
            write_rows(params, role, _checked(params, number), temporary)


def _checked(params: Params, number: int | None) -> int:
    """The number of a round that the market has; a ConfigurationError for any other."""
    if number is None or number < params.first_round:
        raise ConfigurationError(
            f"the sample market has no round {number}: it begins with data.first_round, {params.first_round}. "
            f"`rounds open --round {params.first_round}` opens that one."
        )
    if number > params.last_round:
        raise ConfigurationError(
            f"the sample market has no round {number}: it goes on for {WEEKS} weeks, from data.first_round, "
            f"{params.first_round}, to round {params.last_round}. `rounds open --round {params.last_round}` opens that "
            f"one; after `rounds compose data.first_round={number}` the market begins with yours."
        )
    return number


def _features(params: Params) -> int | str:
    """What features follow from: how many there are, or the digest of the file that names them."""
    if params.features_json is None:
        return params.features or FEATURES
    from numerai_rounds.io.market import listing

    listing.given(params)
    return listing.digest(params.features_json)


def _pin(params: Params, number: int, role: str, features: int | str) -> Pin:
    """Name and identity of a role's file in a round; files that do not differ between rounds keep theirs."""
    parts = {"generator": GENERATOR, "role": role, "seed": params.seed, "features": features}
    if role != roles.FEATURES:
        parts |= {"train_eras": params.train_eras, "rows_per_era": params.rows_per_era}
        parts |= {"pyarrow": version("pyarrow")}
    if role not in (roles.FEATURES, "train", "train_benchmark_models"):
        parts |= {"validation_eras": params.validation_eras, "test_eras": params.test_eras}
        parts |= {"newest": params.newest(number)}
    if role in (*roles.LIVE, *roles.LIVE_EXTRAS):
        parts |= {"key": params.live(number).key}
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
    return Pin(name=f"{params.version}/{roles.file_name(role)}", size=None, identity=f"seed:{digest[:32]}")
