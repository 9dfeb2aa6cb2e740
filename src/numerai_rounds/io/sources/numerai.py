"""The tournament's own files, any version from 5 on, as the service serves them."""

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from numerai_rounds.base import roles
from numerai_rounds.base.errors import ConfigurationError, RefusedError, ServiceError, one_of, some
from numerai_rounds.base.params import RESTORE, DataSection, Pin, Round
from numerai_rounds.base.roles import Extra

if TYPE_CHECKING:
    from numerai_rounds.io.numerai import Client


class Params(DataSection):
    """Parameters of `data=numerai`."""

    kind: Literal["numerai"]
    version: Annotated[str, Field(pattern=r"^v5\.\d+$")]
    """Data version, such as `v5.3`."""
    extra_files: list[Extra]
    """Files to have beside train, validation, live and features."""


def current_round(params: Params, pinned: Round | None) -> int:
    """Number of the round that the service plays now; a ServiceError between rounds."""
    from numerai_rounds.io.numerai import Client

    return Client().current_round()


def pins(params: Params, number: int | None) -> tuple[dict[str, Pin], dict[str, Pin]]:
    """Name, size and ETag of every file that is needed, as served now: those of the history, and the live ones.

    Raises ConfigurationError for a version, file or round that the service does not have.
    """
    from numerai_rounds.io import transfer
    from numerai_rounds.io.numerai import Client

    client = Client()
    served = client.files()
    _check_version(params.version, served)
    history, live = roles.needed(params.extra_files)
    names = {role: _served(f"{params.version}/{roles.file_name(role)}", served) for role in history}
    names |= {role: _live_name(client, f"{params.version}/{role}", number, served) for role in live}
    found = {role: transfer.identify(name, partial(client.signed_url, name)) for role, name in names.items()}
    return {role: found[role] for role in history}, {role: found[role] for role in live}


def check_pins(params: Params, pinned: Round) -> None:
    """Refuse pins of other files than these parameters ask for, or of another version."""
    from numerai_rounds.io import transfer

    history, live = roles.needed(params.extra_files)
    found = pinned.history | pinned.live
    served = [
        role
        for role, pin in found.items()
        if pin.name.startswith(f"{params.version}/")
        and pin.identity.startswith((transfer.ETAG, transfer.LAST_MODIFIED))
    ]
    other = {*history, *live}.symmetric_difference(found) | set(found).difference(served)
    if other:
        raise ConfigurationError(
            f"data and conf/round.yaml do not agree: {some(sorted(other))} must be pinned as data.version "
            f"({params.version}) and data.extra_files ask for. Run `rounds open` to pin what is served."
        )


def fetch(params: Params, number: int | None, role: str, pin: Pin, destination: Path) -> None:
    """Download the pinned file; a ServiceError says how to restore it where the service no longer has it."""
    from numerai_rounds.io import transfer
    from numerai_rounds.io.numerai import Client

    client = Client()

    def address() -> str:
        try:
            return client.signed_url(pin.name)
        except RefusedError as error:
            raise ServiceError(f"{pin.name}: the service no longer serves it ({error}). {RESTORE}") from None

    transfer.download(address, pin, destination)


def _check_version(version: str, served: list[str]) -> None:
    versions = {name.partition("/")[0] for name in served if re.match(r"v5\.\d+/", name)}
    if version not in versions:
        raise ConfigurationError(f"data.version is {version!r}, which is not served; {one_of(version, versions)}")


def _served(name: str, served: list[str]) -> str:
    if name not in served:
        raise ConfigurationError(f"the configuration needs {name}, which is not served; {one_of(name, served)}")
    return name


def _live_name(client: "Client", stem: str, number: int | None, served: list[str]) -> str:
    """The file that belongs to a round for good where there is one, else the one that changes with every round."""
    lasting = f"{stem}_{number}.parquet"
    if lasting in served:
        return lasting
    current = client.current_round()
    if number != current:
        raise ConfigurationError(
            f"the service has no {lasting}, and its {stem}.parquet is of the current round, {current}, not of round "
            f"{number}. Run `rounds open` to play the current round."
        )
    return _served(f"{stem}.parquet", served)
