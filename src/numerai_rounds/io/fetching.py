"""A part of the data is staged whole, checked together, and only then put in place of the one before."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from numerai_rounds.base.errors import DataError, MachineError
from numerai_rounds.base.params import Pin
from numerai_rounds.base.roles import file_name
from numerai_rounds.io import atomic, checks, paths

MANIFEST = "manifest.json"

Proof = dict[str, object]
"""The pin of a file that was fetched and checked, and the hash of its bytes."""


class Staging:
    """The files of one part (`history` or `live`) on their way into place.

    Files that are already in place, or staged by an interrupted run, count as present when the manifest of
    either folder names the pinned identity and their bytes still have the hash it names. So no manifest can
    lie, however old it is, and whatever was interrupted.
    """

    def __init__(self, part: str, pins: Mapping[str, Pin]) -> None:
        """Open the staging folder of a part, without what no pin asks for any more."""
        self.folder = paths.STAGING / part
        self.place = paths.raw(part, "features").parent
        self.pins = dict(sorted(pins.items()))
        self.part = part
        self.folder.mkdir(parents=True, exist_ok=True)
        self._clear({self.path(role).name for role in self.pins} | {MANIFEST})
        self._manifests = [_manifest(self.folder), _manifest(self.place)]
        self._proofs: dict[str, Proof] = {}

    def path(self, role: str) -> Path:
        """Where a role's file is staged."""
        return self.folder / file_name(role)

    def missing(self) -> list[tuple[str, Pin]]:
        """The roles that must be fetched; those already in place are linked into the staging folder.

        MachineError where the disk has no room for all of them together.
        """
        wanted = [(role, pin) for role, pin in self.pins.items() if not self._present(role, pin)]
        self._check_room(sum(pin.size or 0 for _, pin in wanted))
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
        self._proofs[role] = _proof(self.path(role), self.pins[role])
        _write_manifest(self.folder, self._proofs)

    def settle(self) -> None:
        """Check the files together, move them into place, and remove what is no longer pinned.

        Files that do not belong together are removed from the staging folder; those in place stay. The staging
        folder names all proofs until the last file is in place: a run that is killed on the way loses nothing.
        """
        if self.part == "history":
            try:
                checks.check_history(self.folder)
            except DataError:
                self._discard()
                raise
        _write_manifest(self.folder, self._proofs)
        self.place.mkdir(parents=True, exist_ok=True)
        for role in self.pins:
            if not self.path(role).is_symlink():
                self.path(role).replace(self.place / file_name(role))
        _write_manifest(self.place, self._proofs)
        expected = {file_name(role) for role in self.pins} | {MANIFEST}
        for path in self.place.iterdir():
            if path.name not in expected:
                path.unlink()
        self._discard()

    def _discard(self) -> None:
        """Empty the staging folder."""
        self._clear(set())
        self.folder.rmdir()

    def _present(self, role: str, pin: Pin) -> bool:
        staged, placed = self.path(role), self.place / file_name(role)
        if staged.is_symlink():
            staged.unlink()
        claims = [manifest[role] for manifest in self._manifests if role in manifest]
        claims = [claim for claim in claims if claim.get("pin") == pin.model_dump()]
        for path in (staged, placed):
            if claims and path.is_file() and (proof := _proof(path, pin)) in claims:
                self._proofs[role] = proof
                if path == placed:
                    staged.symlink_to(placed.resolve())
                return True
            staged.unlink(missing_ok=True)
        return False

    def _check_room(self, size: int) -> None:
        """Refuse to begin what the disk has no room for, once here and once more in DVC's cache."""
        needed = 2 * size - sum(part.stat().st_size for part in self.folder.glob("*.part"))
        free = shutil.disk_usage(self.folder).free
        if needed > free:
            raise MachineError(
                f"{self.part} needs {needed / 1e9:,.2f} GB more, its copy in DVC's cache included, but the disk of "
                f"{self.folder} has {free / 1e9:,.2f} GB free. Free some space and run again; what came is kept."
            )

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


def _manifest(folder: Path) -> dict[str, Proof]:
    """What a manifest claims; nothing where it is missing or broken, for every claim is verified anyway."""
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    claims = content.items() if isinstance(content, dict) else []
    return {role: claim for role, claim in claims if isinstance(claim, dict)}


def _write_manifest(folder: Path, proofs: Mapping[str, Proof]) -> None:
    atomic.write_text(folder / MANIFEST, json.dumps(proofs, indent=2, sort_keys=True) + "\n")


def _proof(path: Path, pin: Pin) -> Proof:
    return {"pin": pin.model_dump(), "sha256": atomic.sha256(path)}
