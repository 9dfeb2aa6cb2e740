"""A part of the data is staged whole, checked together, and only then put in place of the one before."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from numerai_rounds.base.errors import DataError, MachineError
from numerai_rounds.base.params import DataSection, Pin
from numerai_rounds.base.roles import SIDES, file_name
from numerai_rounds.io import console
from numerai_rounds.io.fetch import changes, checks, downloads, placing
from numerai_rounds.io.fetch.convert import convert
from numerai_rounds.io.files import atomic, paths
from numerai_rounds.io.history import fetched, manifest
from numerai_rounds.io.history.fetched import MANIFEST

DOWNLOADED = " as downloaded"
"""Follows a role in the staging folder's manifest: the proof of a file that is not converted yet."""

Proof = dict[str, object]
"""The pin of a file that was fetched and checked, and the hash of its bytes, or of a store's manifest."""


class Staging:
    """The files of one part (`history` or `live`) on their way into place.

    Train and validation are converted into stores (`io.store`); everything else stays the file it is. What is already
    in place, or staged by an interrupted run, counts as present when the manifest of either folder names the pinned
    identity and the content still has the hash it names. So no manifest can lie, however old it is, and whatever was
    interrupted.
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
        self._data = data.model_dump(exclude={"keep_downloads", "extra_files", "eras"})
        for role in SIDES:
            placing.restore(self.folder / role, self.place / role)
        self._claims = [fetched.read(self.folder), fetched.read(self.place)]
        self._held = {role for role in SIDES if self._is_held(role)}
        """Sides that have a store in place; one whose manifest is damaged counts as none."""
        for role in self._held:
            manifest.refuse_foreign(self.place / role)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._clear()
        self._proofs: dict[str, Proof] = {}
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
        wanted = [(role, pin) for role, pin in self.pins.items() if not self._present(role, pin)]
        for role in SIDES:
            if role in self._found and self.downloaded(role):
                self._release(role)
        if self._keep_downloads:
            sides = [role for role in SIDES if role in self._found]
            self._owed = {role for role in sides if not downloads.has(self.part, role, self.pins[role])}
        owed = [(role, self.pins[role]) for role in sorted(self._owed)]
        self._check_room(wanted, owed)
        return wanted + owed

    def in_place(self, role: str) -> bool:
        """Whether a missing role is there, and its file is only to be kept: the pipeline can do without."""
        return role in self._owed

    def downloaded(self, role: str) -> bool:
        """Whether an interrupted run has fetched and checked a role's file, but not yet converted it."""
        return self._proved(role + DOWNLOADED, self.pins[role], self.path(role))

    def keep(self, role: str) -> None:
        """Check and convert a fetched file and record it, so that an interrupted run need not fetch it again.

        One that was converted before is only kept as it came. A file that breaks the rules is removed, and its
        DataError raised.
        """
        path = self.path(role)
        if role in self._owed:
            self._prove(role + DOWNLOADED, path)
            self._release(role)
            self._owed.remove(role)
            return
        try:
            checks.check_file(path, role)
            if role in SIDES:
                self._prove(role + DOWNLOADED, path)
                convert(path, f"{role} ({path})", self.pins[role].identity, self.folder / role)
        except DataError:
            path.unlink()
            shutil.rmtree(self.folder / role, ignore_errors=True)
            raise
        self._found[role] = self._item(self.folder, role)
        self._prove(role, self._found[role])
        if role in SIDES:
            self._release(role)

    def settle(self, *, accept_changes: bool) -> None:
        """Check the files together, move them into place, and remove what is no longer pinned.

        Files that do not belong together are removed from the staging folder; those in place stay. The staging
        folder names all proofs until the last file is in place: a run that is killed on the way loses nothing.
        DataError where older eras are not what they were, unless `accept_changes`; what was staged then stays.
        """
        if self.part == "history":
            try:
                checks.check_history(self._found)
            except DataError:
                shutil.rmtree(self.folder)
                raise
            self._compare(accept_changes=accept_changes)
            self._adopt()
        self._write(self.folder)
        self.place.mkdir(parents=True, exist_ok=True)
        for item in self._found.values():
            if item.is_dir() and item.parent == self.folder:
                placing.swap(item, self.place / item.name)
            elif item.parent == self.folder:
                item.replace(self.place / item.name)
        self._write(self.place)
        expected = {self._item(self.place, role) for role in self.pins} | {self.place / MANIFEST}
        for path in self.place.iterdir():
            if path not in expected and path.is_file():
                path.unlink()
        self._leave()

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

    def _release(self, role: str) -> None:
        """Keep or remove a downloaded file, whose store is proved."""
        path = self.path(role)
        if self._keep_downloads:
            downloads.keep(self.part, role, path, self._proofs[role + DOWNLOADED])
        else:
            path.unlink()

    def _compare(self, *, accept_changes: bool) -> None:
        """Tell what became of older eras of the same data; a DataError unless that is accepted."""
        if self._claims[1].get("data") != self._data:
            return
        found = [
            f"{role}: {sentence}"
            for role, before, after in self._replaced()
            for sentence in changes.changed(before, after)
        ]
        if found and not accept_changes:
            listed = "\n".join(f"  {sentence}" for sentence in found)
            raise DataError(
                f"{len(found):,} changes of the history that was here before:\n{listed}\nNothing was replaced. If you "
                "went back to an older commit, `dvc checkout` brings its history; if the source has changed, `rounds "
                "open --accept-changes` and `dvc repro` take what it has now, and conf/round.yaml and params.yaml as "
                "they were before stay with what you have."
            )
        for sentence in found:
            console.say(f"changed, and accepted: {sentence}")

    def _adopt(self) -> None:
        """Take the files of unchanged chunks from the stores in place."""
        for role, before, after in self._replaced():
            written = placing.adopt(before, after)
            console.say(f"{role}: {written} of {2 * len(manifest.read(after).chunks)} files are new or changed")
            self._prove(role, after)

    def _replaced(self) -> Iterator[tuple[str, Path, Path]]:
        """Sides that have a store in place and another one staged: role, the one and the other."""
        for role in SIDES:
            before, after = self.place / role, self._found[role]
            if before != after and role in self._held:
                yield role, before, after

    def _is_held(self, role: str) -> bool:
        """Whether a side has a store whose manifest is the one that was put there, as far as that is told."""
        path = self.place / role / manifest.NAME
        claims = [claims["files"][role] for claims in self._claims if role in claims.get("files", {})]
        told = {claim.get("sha256") for claim in claims if isinstance(claim, dict)}
        if not path.is_file() or (manifest.held(path.parent) and (not told or atomic.sha256(path) in told)):
            return path.is_file()
        console.complain(f"{path} is damaged, or of another format: older eras cannot be compared with what comes.")
        return False

    def _present(self, role: str, pin: Pin) -> bool:
        for folder in (self.folder, self.place):
            if self._proved(role, pin, item := self._item(folder, role)):
                self._found[role] = item
                return True
        return False

    def _proved(self, key: str, pin: Pin, item: Path) -> bool:
        """Whether a manifest names the pin, and the content still has the hash that it names."""
        claims = [claims["files"][key] for claims in self._claims if key in claims.get("files", {})]
        claims = [claim for claim in claims if isinstance(claim, dict) and claim.get("pin") == pin.known]
        if not claims or not item.exists() or (proof := _proof(item, pin)) not in claims:
            return False
        self._proofs[key] = proof
        return True

    def _prove(self, key: str, item: Path) -> None:
        self._proofs[key] = _proof(item, self.pins[key.removesuffix(DOWNLOADED)])
        self._write(self.folder)

    def _write(self, folder: Path) -> None:
        staged = folder == self.folder
        files = {key: proof for key, proof in self._proofs.items() if staged or key in self.pins}
        content = {"data": self._data, "files": files}
        atomic.write_text(folder / MANIFEST, json.dumps(content, indent=2, sort_keys=True) + "\n")

    def _item(self, folder: Path, role: str) -> Path:
        """The file, or the folder of a side, that a role is in the end."""
        return folder / role if role in SIDES else folder / file_name(role)

    def _check_room(self, wanted: list[tuple[str, Pin]], owed: list[tuple[str, Pin]]) -> None:
        """Refuse to begin what the disk has no room for, all files together; those of `owed` are not converted."""
        needed = sum(room(role, pin) for role, pin in wanted) + sum(pin.size or 0 for _, pin in owed)
        patterns = [pattern for role, _ in wanted + owed for pattern in (f"{file_name(role)}*", f"{role}/*/*")]
        held = [path for pattern in patterns for path in self.folder.glob(pattern)]
        needed -= sum(path.stat().st_size for path in held)
        free = shutil.disk_usage(self.folder).free
        if needed > free:
            raise MachineError(
                f"{self.part} needs {needed / 1e9:,.2f} GB more, its copy in DVC's cache included, but the disk of "
                f"{self.folder} has {free / 1e9:,.2f} GB free. Free some space and run again; what came is kept."
            )

    def _clear(self) -> None:
        """Remove staged files that no pin asks for; parts of wanted files stay, to be resumed."""
        files = tuple(file_name(role) for role in self.pins)
        for path in self.folder.iterdir():
            if path.is_dir() and path.name not in self.pins:
                shutil.rmtree(path)
            elif path.is_file() and not path.name.startswith((*files, MANIFEST)):
                path.unlink()


def room(role: str, pin: Pin) -> int:
    """Bytes that fetching a file takes: itself; of a side also its chunks, which may be larger, and those before.

    A copy in DVC's cache is included.
    """
    return (4 if role in SIDES else 2) * (pin.size or 0)


@contextmanager
def staged(part: str, pins: Mapping[str, Pin], data: DataSection, *, accept_changes: bool = False) -> Iterator[Staging]:
    """Stage a part: put in place when the block ends well, else left to be continued."""
    staging = Staging(part, pins, data)
    yield staging
    staging.settle(accept_changes=accept_changes)


def _proof(item: Path, pin: Pin) -> Proof:
    """The proof of a file, or of a store all of whose files are intact; one that matches nothing where they are not."""
    if item.is_file():
        return {"pin": pin.known, "sha256": atomic.sha256(item)}
    try:
        manifest.verify(item)
    except DataError as error:
        console.complain(f"{error} It is fetched again now.")
        return {}
    return {"pin": pin.known, "sha256": atomic.sha256(item / manifest.NAME), "format": manifest.FORMAT}
