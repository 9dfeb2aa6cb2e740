"""Downloads that end with exactly the pinned file, or with a sentence and a part that the next run continues."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pyarrow.parquet as pq
import requests

from numerai_rounds.base.errors import ConfigurationError, GoneError, ServiceError, TransientError
from numerai_rounds.base.params import RESTORE, Pin
from numerai_rounds.io import console
from numerai_rounds.io.download import proofs, served
from numerai_rounds.io.files import atomic, json_files, parquet
from numerai_rounds.io.service import http
from numerai_rounds.io.service.http import Limits

SYNC_BYTES = 64 << 20
"""At most so much of a part is not yet on the disk: what a power cut can cost, and what a later run fetches again."""

ABSENT = "Try again later: what the service lists may only be there in a few minutes."
"""What to do about a file that is asked for by its name alone."""

Address = Callable[[], str]
"""Makes a fresh signed address of one file: signatures expire, so every attempt asks for its own."""


def identify(name: str, address: Address, limits: Limits | None = None) -> Pin:
    """Size and ETag of the file that is served now; its date where it has no ETag.

    Asks for one byte: signed addresses allow GET alone, HEAD is refused.
    """
    limits = limits or http.PATIENCE
    headers = http.UNCHANGED | {"Range": "bytes=0-0"}

    def ask() -> Pin:
        with http.Session() as session, http.send(session, "GET", address(), limits, headers=headers) as head:
            served.check(head, name, ABSENT)
            size = served.total(head)
            if not size:
                raise ServiceError(f"{name}: {http.answered(head)} without a size, or with none. Try again later.")
            return Pin(name=name, size=size, identity=served.identity(head, name))

    return http.patiently(ask, name, limits, "Try again later.")


def download(address: Address, pin: Pin, destination: Path, limits: Limits | None = None) -> None:
    """Write exactly the pinned file at `destination`.

    Bytes are gathered in a part beside it. The pinned file under another identity will do, if its proof is the pin's.
    Raises GoneError where the service has something else or nothing, ServiceError where it does not answer,
    MachineError where the disk has no room; the next call continues the part.
    """
    if not pin.size:
        raise ConfigurationError(f"conf/round.yaml pins {pin.name} without its size. Run `rounds open` again.")
    part = part_of(destination, pin)
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        _remove_unusable(part, pin.size, destination)
        is_sure = _Download(address, pin, part, limits or http.PATIENCE).run()
        _check_content(part, pin, is_sure=is_sure)
        part.replace(destination)
    except OSError as error:
        if refusal := atomic.machine_error(error, destination):
            raise refusal from error
        raise


def part_of(destination: Path, pin: Pin) -> Path:
    """Where a pinned file is gathered: under a name of its own, so that no other version is ever continued."""
    digest = hashlib.sha256(pin.model_dump_json(exclude={"proof"}).encode()).hexdigest()
    return destination.with_name(f"{destination.name}.{digest[:16]}.part")


class _Download:
    """One pinned file on its way, over as many connections as it takes."""

    def __init__(self, address: Address, pin: Pin, part: Path, limits: Limits) -> None:
        self._address, self._pin, self._part, self._limits = address, pin, part, limits
        self._whole = pin.size or 0
        self._synced = self._furthest = self._size()
        self._names = [pin.identity]
        """Identities that the server gives the pinned file, the one of now last."""
        self._is_weak = False

    def run(self) -> bool:
        """Complete the part and flush it to the disk; whether the pinned ETag alone proves each byte of it."""
        self._rewind()
        advice = "What came is kept: run the same command again to continue."
        with console.progress(self._pin.name, self._whole, "bytes") as self._advance:
            self._advance(self._size())
            while self._size() < self._whole:
                http.patiently(self._attempt, self._pin.name, self._limits, advice)
        with self._part.open("rb+") as file:
            os.fsync(file.fileno())
        return len(self._names) == 1 and not self._is_weak

    def _rewind(self) -> None:
        """Give up what an earlier run may not have flushed: a power cut would have left zeros there."""
        if self._size():
            os.truncate(self._part, max(0, self._size() - SYNC_BYTES))
            self._synced = self._furthest = self._size()

    def _sync(self, file: BinaryIO) -> None:
        file.flush()
        os.fsync(file.fileno())
        self._synced = file.tell()

    def _size(self) -> int:
        return self._part.stat().st_size if self._part.exists() else 0

    def _attempt(self) -> None:
        """Use one connection; its failure counts only where it brought nothing new."""
        try:
            while not self._receive():
                pass
        except TransientError:
            if self._size() < self._furthest + self._limits.progress:
                raise
        finally:
            self._furthest = max(self._furthest, self._size())

    def _receive(self) -> bool:
        """Take what comes of the file; False where nothing was taken, because the file has moved."""
        address, headers = self._address(), http.UNCHANGED | self._continuation()
        with http.Session() as session, http.send(session, "GET", address, self._limits, headers=headers) as head:
            start = self._checked_start(head)
            if start is None:
                head.close()
                self._recognise(head)
                return False
            self._advance(start - self._size())
            self._synced = min(self._synced, start)
            with self._part.open("ab" if start else "wb") as file:
                for piece in http.pieces(head, self._limits):
                    if file.tell() + len(piece) > self._whole:
                        file.truncate(0)
                        raise ServiceError(
                            f"{self._pin.name}: more came than the {self._whole:,} bytes pinned. {RESTORE}"
                        )
                    if file.tell() + len(piece) > self._synced + SYNC_BYTES:
                        self._sync(file)
                    file.write(piece)
                    self._advance(len(piece))
        if self._size() < self._whole:
            raise TransientError(f"the answer ended after {self._size():,} of {self._whole:,} bytes")
        return True

    def _continuation(self) -> dict[str, str]:
        """Headers that ask for the rest of the part; none where only a date could prove that the file is the same."""
        if not self._size() or not self._names[-1].startswith(served.ETAG):
            return {}
        return {"Range": f"bytes={self._size()}-", "If-Range": f'"{self._names[-1].removeprefix(served.ETAG)}"'}

    def _recognise(self, head: requests.Response) -> None:
        """Learn the file's new identity; a GoneError where it is another file."""
        size, identity = served.total(head) or self._whole, served.identity(head, self._pin.name)
        moved = self._pin.model_copy(update={"identity": identity})
        may_be = size == self._whole and self._pin.proof is not None
        if not (may_be and proofs.of_served(moved, self._address, self._limits) == self._pin.proof):
            raise GoneError(
                f"{self._pin.name}: the service now serves another version ({size:,} bytes, {identity}) than the "
                f"pinned one ({self._whole:,} bytes, {self._pin.identity}). {RESTORE}"
            )
        console.say(f"{self._pin.name} is the file that was pinned, under a new identity.")
        self._names.append(identity)

    def _checked_start(self, head: requests.Response) -> int | None:
        """Where in the file the body begins; None where the file is not known under this identity.

        Raises before a byte of anything else is written.
        """
        if head.status_code == requests.codes.requested_range_not_satisfiable:
            self._part.unlink(missing_ok=True)
            raise TransientError(http.answered(head))
        served.check(head, self._pin.name, RESTORE)
        identity = served.identity(head, self._pin.name)
        self._is_weak |= served.is_weak(head)
        if (served.total(head) or self._whole) != self._whole or identity not in self._names:
            return None
        if head.status_code == requests.codes.ok:
            return 0
        if not served.begins_at(head, self._size()):
            self._part.unlink(missing_ok=True)
            raise TransientError(f"{http.answered(head)}, but with another range than asked for")
        if self._is_weak and self._pin.proof is None:
            # The rest may be of other bytes, and nothing would show it.
            self._part.unlink(missing_ok=True)
            raise TransientError(f"{http.answered(head)} under an ETag that does not prove its bytes")
        return self._size()


def _remove_unusable(part: Path, size: int, destination: Path) -> None:
    """Parts of other pins would only take room; one that is too long holds something else."""
    for other in part.parent.glob(f"{destination.name}.*.part"):
        if other != part or other.stat().st_size > size:
            other.unlink()


def _check_content(part: Path, pin: Pin, *, is_sure: bool) -> None:
    """Refuse, and remove, a complete part that cannot be what its name says; unless `is_sure`, its proof counts too."""
    flaw = _flaw(part, pin.name)
    if flaw is None and not is_sure and pin.proof not in (None, proofs.of_file(part, pin.name)):
        flaw = "it differs from what was looked at when it was pinned"
    if flaw:
        part.unlink()
        raise ServiceError(
            f"{pin.name}: what came has the pinned size and identity, but is not sound ({flaw}). It was removed: "
            "run the same command again to fetch it afresh."
        )


def _flaw(path: Path, name: str) -> str | None:
    try:
        if name.endswith(".parquet"):
            with path.open("rb") as file:
                if file.read(len(parquet.MAGIC)) != parquet.MAGIC:
                    return "it does not begin as a parquet file"
            pq.read_metadata(path)
        elif name.endswith(".json"):
            json_files.read(path)
    except (ValueError, OSError) as error:
        return str(error).splitlines()[0].rstrip(".")
    return None
