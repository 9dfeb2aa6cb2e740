"""What the service has of the files that a round needs, beside what is pinned here: for `rounds doctor --service`."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from numerai_rounds.base import roles
from numerai_rounds.base.params import Params, Pin
from numerai_rounds.commands.doctor import NOTE, SOUND, WRONG
from numerai_rounds.io.download import proofs, transfer
from numerai_rounds.io.service.client import Client
from numerai_rounds.io.sources import numerai


def needed(client: Client, parameters: Params | None) -> Iterator[tuple[str, str]]:
    """What is listed, and what is needed and is not."""
    listed = client.files()
    versions = sorted({name.partition("/")[0] for name in listed if re.match(r"v\d", name)})
    yield SOUND, f"{len(listed)} files; data versions: {', '.join(versions) or 'none'}"
    data = _data(parameters)
    if data is None:
        yield NOTE, "data.kind is not numerai, so no file is asked for"
        return
    names = sorted(name.partition("/")[2] for name in listed if name.startswith(f"{data.version}/"))
    yield SOUND, f"{data.version}: {', '.join(names) or 'nothing'}"
    absent = [name for _, name, _ in _wanted(parameters) if name not in listed]
    if absent:
        yield WRONG, f"not listed, and needed: {', '.join(absent)}"


def compared(client: Client, parameters: Params | None) -> Iterator[tuple[str, Iterator[tuple[str, str]]]]:
    """For each file that is needed its role, and what it is today beside its pin."""
    for role, name, pin in _wanted(parameters):
        yield role, _compared(client, name, pin)


def _compared(client: Client, name: str, pin: Pin | None) -> Iterator[tuple[str, str]]:
    folders: list[str] = []

    def address() -> str:
        url = client.signed_url(name)
        folders[:] = re.findall(r"/(\d{8})/", urlsplit(url).path)
        return url

    now = transfer.identify(name, address, client.limits)
    text = f"{now.size:,} bytes, {now.identity}{''.join(f', in folder {folder}' for folder in folders[:1])}"
    if pin is None:
        yield NOTE, f"{text}; nothing is pinned"
    elif now.known == pin.known:
        yield SOUND, f"{text}; as pinned"
    elif now.size != pin.size:
        yield NOTE, f"{text}; another file than is pinned ({pin.size:,} bytes, {pin.identity})"
    elif pin.proof is None:
        yield NOTE, f"{text}; pinned with the same size under {pin.identity}, without a proof to compare with"
    elif proofs.of_served(now, address, client.limits) == pin.proof:
        yield SOUND, f"{text}; the same content as is pinned under {pin.identity}"
    else:
        yield NOTE, f"{text}; another file of the same size than is pinned ({pin.identity})"


def _wanted(parameters: Params | None) -> list[tuple[str, str, Pin | None]]:
    """Role, name and pin of every file that the configuration needs from the service."""
    data = _data(parameters)
    if parameters is None or data is None:
        return []
    pinned = parameters.round.history | parameters.round.live if parameters.round.source == data.kind else {}
    history, live = roles.needed(data.extra_files)
    names = {role: f"{data.version}/{roles.file_name(role)}" for role in [*history, *live]}
    return [(role, pinned[role].name if role in pinned else name, pinned.get(role)) for role, name in names.items()]


def _data(parameters: Params | None) -> numerai.Params | None:
    """Which of the service's data are configured; None where they are not the service's."""
    data = parameters.data if parameters is not None else None
    return data if isinstance(data, numerai.Params) else None
