"""A part of the data is staged whole, checked together, and only then put in place of the one before."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from numerai_rounds.base.errors import DataError, ServiceError
from numerai_rounds.base.params import DataSection, Pin
from numerai_rounds.base.roles import SIDES, file_name
from numerai_rounds.io import console
from numerai_rounds.io.fetch import checks, downloads, placing, room
from numerai_rounds.io.fetch.claims import DOWNLOADED, Claims
from numerai_rounds.io.fetch.convert import convert
from numerai_rounds.io.fetch.replacing import Held
from numerai_rounds.io.files import paths
from numerai_rounds.io.history.fetched import MANIFEST

Fetch = Callable[[str, Pin, Path], None]
"""Brings the pinned file of a role to a path; ServiceError or DataError if it cannot."""


def bring(part: str, pins: Mapping[str, Pin], data: DataSection, fetch: Fetch, *, accept_changes: bool = False) -> None:
    """Have the pinned files of a part (`history` or `live`) in place; what is there already is not fetched.

    A run that is stopped anywhere is gone on with. Raises what `fetch` does, DataError for files that break the rules
    or, unless `accept_changes`, replace older eras; MachineError without room for all files together.
    """
    staging = Staging(part, pins, data)
    for role, pin in staging.missing():
        try:
            if not staging.downloaded(role):
                fetch(role, pin, staging.path(role))
            staging.keep(role)
        except (ServiceError, DataError) as error:
            if not staging.in_place(role):
                raise
            console.complain(
                f"{error}\nThe {part} has {role} already; only its download cannot be kept, as data.keep_downloads "
                f"asks. `dvc repro --force fetch@{part}` tries again."
            )
    staging.settle(accept_changes=accept_changes)


class Staging:
    """The files of one part on their way into place.

    Train and validation are converted into stores (`io.history`); everything else stays the file it is. What is in
    place, or staged by an interrupted run, counts as present when a claim about it holds.
    """

    def __init__(self, part: str, pins: Mapping[str, Pin], data: DataSection) -> None:
        """Open the staging folder of a part of `data`, without what no pin asks for any more.

        DataError for files in a store that are not its own.
        """
        self.folder = paths.STAGING / part
        self.place = paths.raw(part, "features").parent
        self.pins = dict(sorted(pins.items()))
        self.part = part
        self._keep_downloads = data.keep_downloads
        for role in SIDES:
            placing.restore(self.folder / role, self.place / role)
        source = data.model_dump(exclude={"keep_downloads", "extra_files", "eras"})
        self._claims = Claims(self.folder, self.place, self.pins, source)
        self._held = Held(self.place, self._claims.hashes)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._clear()
        self._found: dict[str, Path] = {}
        self._owed: set[str] = set()
        """Roles that are there, but whose file is to be kept as it came and is not."""

    def path(self, role: str) -> Path:
        """Where the source puts a role's file."""
        return self.folder / file_name(role)

    def missing(self) -> list[tuple[str, Pin]]:
        """The roles that are neither in place nor staged, then those whose file is only to be kept as it came.

        MachineError where the disk has no room for them together.
        """
        wanted = {role: pin for role, pin in self.pins.items() if not self._present(role)}
        sides = [role for role in SIDES if role in self._found]
        for role in sides:
            if self.downloaded(role):
                self._release(role)
        if self._keep_downloads:
            self._owed = {role for role in sides if not downloads.has(self.part, role, self.pins[role])}
        owed = {role: self.pins[role] for role in sorted(self._owed)}
        room.check(self.part, self.folder, wanted, owed)
        return [*wanted.items(), *owed.items()]

    def in_place(self, role: str) -> bool:
        """Whether a missing role is there, and its file is only to be kept: the pipeline can do without."""
        return role in self._owed

    def downloaded(self, role: str) -> bool:
        """Whether an interrupted run has fetched and checked a role's file, but not yet converted it."""
        return self._claims.hold(role + DOWNLOADED, self.path(role))

    def keep(self, role: str) -> None:
        """Check and convert a fetched file and record it, so that an interrupted run need not fetch it again.

        One that was converted before is only kept as it came. A file that breaks the rules is removed, and its
        DataError raised.
        """
        path = self.path(role)
        if role in self._owed:
            self._claims.prove(role + DOWNLOADED, path)
            self._release(role)
            self._owed.remove(role)
            return
        try:
            checks.check_file(path, role)
            if role in SIDES:
                self._claims.prove(role + DOWNLOADED, path)
                convert(path, f"{role} ({path})", self.pins[role].identity, self.folder / role)
        except DataError:
            path.unlink()
            shutil.rmtree(self.folder / role, ignore_errors=True)
            raise
        self._found[role] = _item(self.folder, role)
        self._claims.prove(role, self._found[role])
        if role in SIDES:
            self._release(role)

    def settle(self, *, accept_changes: bool) -> None:
        """Check the files together, move them into place, and remove what is no longer pinned.

        Files that do not belong together are removed from the staging folder; those in place stay. The staging
        folder names all proofs until the last file is in place: a run that is killed on the way loses nothing.
        DataError where older eras are not what they were, unless `accept_changes`; what was staged then stays.
        """
        if self.part == "history":
            self._check_history(accept_changes=accept_changes)
        self._claims.write(self.folder)
        self.place.mkdir(parents=True, exist_ok=True)
        for item in self._found.values():
            if item.is_dir() and item.parent == self.folder:
                placing.swap(item, self.place / item.name)
            elif item.parent == self.folder:
                item.replace(self.place / item.name)
        self._claims.write(self.place)
        expected = {_item(self.place, role) for role in self.pins} | {self.place / MANIFEST}
        for path in self.place.iterdir():
            if path not in expected and path.is_file():
                path.unlink()
        self._leave()

    def _check_history(self, *, accept_changes: bool) -> None:
        """Compare what came with itself and with what is in place, whose unchanged chunks it takes."""
        try:
            checks.check_history(self._found)
        except DataError:
            shutil.rmtree(self.folder)
            raise
        if self._claims.is_of_this_data:
            self._held.compare(self._found, accept_changes=accept_changes)
        for role, store in self._held.adopt(self._found):
            self._claims.prove(role, store)

    def _present(self, role: str) -> bool:
        """Find a role staged or in place."""
        for folder in (self.folder, self.place):
            if self._claims.hold(role, item := _item(folder, role)):
                self._found[role] = item
                return True
        return False

    def _release(self, role: str) -> None:
        """Keep or remove a downloaded file, whose store is proved."""
        path = self.path(role)
        if self._keep_downloads:
            downloads.keep(self.part, role, path, self._claims.proof(role + DOWNLOADED))
        else:
            path.unlink()

    def _leave(self) -> None:
        """Remove the staging folder; parts of files that are still to be kept stay there for the next run."""
        parts = {path for role in self._owed for path in self.folder.glob(f"{file_name(role)}.*")}
        for path in self.folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path not in parts:
                path.unlink()
        if not parts:
            self.folder.rmdir()

    def _clear(self) -> None:
        """Remove staged files that no pin asks for; parts of wanted files stay, to be resumed."""
        files = tuple(file_name(role) for role in self.pins)
        for path in self.folder.iterdir():
            if path.is_dir() and path.name not in self.pins:
                shutil.rmtree(path)
            elif path.is_file() and not path.name.startswith((*files, MANIFEST)):
                path.unlink()


def _item(folder: Path, role: str) -> Path:
    """The file, or the folder of a side, that a role is in the end."""
    return folder / (role if role in SIDES else file_name(role))
