"""A part of the data is staged whole, checked together, and only then put in place of the one before."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from numerai_rounds.base.errors import DataError
from numerai_rounds.base.params import Pin
from numerai_rounds.base.roles import file_name
from numerai_rounds.io import atomic, checks, paths

MANIFEST = "manifest.json"


class Staging:
    """The files of one part (`history` or `live`) on their way into place.

    Files that are already in place, or staged by an interrupted run, count as present when the manifest
    beside them names the pinned identity and their bytes still have the hash it names.
    """

    def __init__(self, part: str, pins: Mapping[str, Pin]) -> None:
        """Open the staging folder of a part, without what no pin asks for any more."""
        self.folder = paths.STAGING / part
        self.place = paths.raw(part, "features").parent
        self.pins = dict(sorted(pins.items()))
        self.part = part
        self.folder.mkdir(parents=True, exist_ok=True)
        self._clear({self.path(role).name for role in self.pins} | {MANIFEST})
        self._staged, self._placed = _manifest(self.folder), _manifest(self.place)
        self._proofs: dict[str, dict[str, object]] = {}

    def path(self, role: str) -> Path:
        """Where a role's file is staged."""
        return self.folder / file_name(role)

    def missing(self) -> list[tuple[str, Pin]]:
        """The roles that must be fetched; those already in place are linked into the staging folder.

        MachineError where the disk has no room for all of them together.
        """
        wanted = [(role, pin) for role, pin in self.pins.items() if not self._present(role, pin)]
        begun = sum(part.stat().st_size for part in self.folder.glob("*.part"))
        atomic.check_room(self.folder, sum(pin.size or 0 for _, pin in wanted) - begun, self.part)
        return wanted

    def keep(self, role: str) -> None:
        """Check a staged file and record it, so that an interrupted run need not fetch it again.

        A file that breaks the rules is removed, and its DataError raised.
        """
        try:
            checks.check_file(self.path(role), role)
        except DataError:
            self.path(role).unlink()
            raise
        self._proofs[role] = {"pin": self.pins[role].model_dump(), "sha256": _sha256(self.path(role))}
        _write_manifest(self.folder, self._proofs)

    def settle(self) -> None:
        """Check the files together, move them into place, remove what is no longer pinned, and write the manifest.

        Files that do not belong together are removed from the staging folder; those in place stay.
        """
        if self.part == "history":
            try:
                checks.check_history(self.folder)
            except DataError:
                self._discard()
                raise
        self.place.mkdir(parents=True, exist_ok=True)
        (self.place / MANIFEST).unlink(missing_ok=True)
        for role in self.pins:
            if not self.path(role).is_symlink():
                self.path(role).replace(self.place / file_name(role))
        expected = {file_name(role) for role in self.pins}
        for path in self.place.iterdir():
            if path.name not in expected:
                path.unlink()
        _write_manifest(self.place, self._proofs)
        self._discard()

    def _discard(self) -> None:
        """Empty the staging folder."""
        self._clear(set())
        self.folder.rmdir()

    def _present(self, role: str, pin: Pin) -> bool:
        path, settled = self.path(role), self.place / file_name(role)
        if not path.is_symlink() and _proved(path, pin, self._staged.get(role)):
            self._proofs[role] = self._staged[role]
            return True
        path.unlink(missing_ok=True)
        if _proved(settled, pin, self._placed.get(role)):
            path.symlink_to(settled.resolve())
            self._proofs[role] = self._placed[role]
            return True
        return False

    def _clear(self, wanted: set[str]) -> None:
        """Remove staged files that no pin asks for; parts of `wanted` files stay, to be resumed."""
        for path in self.folder.iterdir():
            if not any(path.name.startswith(name) for name in wanted):
                path.unlink()


@contextmanager
def staged(part: str, pins: Mapping[str, Pin]) -> Iterator[Staging]:
    """Stage a part: put in place when the block ends well, else left to be continued."""
    staging = Staging(part, pins)
    yield staging
    staging.settle()


def _manifest(folder: Path) -> dict[str, dict[str, object]]:
    try:
        return dict(json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError):
        return {}


def _write_manifest(folder: Path, proofs: Mapping[str, dict[str, object]]) -> None:
    atomic.write_text(folder / MANIFEST, json.dumps(proofs, indent=2, sort_keys=True) + "\n")


def _proved(path: Path, pin: Pin, proof: dict[str, object] | None) -> bool:
    return (
        proof is not None and proof["pin"] == pin.model_dump() and path.is_file() and proof["sha256"] == _sha256(path)
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
