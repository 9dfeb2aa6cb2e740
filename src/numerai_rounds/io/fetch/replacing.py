"""The stores in place, as far as they are sound: what comes is compared with them, and takes their unchanged chunks."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from numerai_rounds.base.errors import DataError
from numerai_rounds.base.roles import SIDES
from numerai_rounds.io import console
from numerai_rounds.io.fetch import changes, placing
from numerai_rounds.io.files import atomic
from numerai_rounds.io.history import manifest


class Held:
    """The sides that have a store in place; one whose manifest is damaged counts as none."""

    def __init__(self, place: Path, hashes: Callable[[str], set[object]]) -> None:
        """Look at the stores of a folder; `hashes` are those that are claimed of a side.

        DataError for files in a store that are not its own.
        """
        self._place = place
        self._sides = {role for role in SIDES if _is_sound(place / role, hashes(role))}
        for role in self._sides:
            manifest.refuse_foreign(place / role)

    def compare(self, found: Mapping[str, Path], *, accept_changes: bool) -> None:
        """Tell what becomes of older eras in the stores that come; a DataError unless that is accepted."""
        told = [
            f"{role}: {sentence}"
            for role, before, after in self._replaced(found)
            for sentence in changes.changed(before, after)
        ]
        if told and not accept_changes:
            listed = "\n".join(f"  {sentence}" for sentence in told)
            raise DataError(
                f"{len(told):,} changes of the history that was here before:\n{listed}\nNothing was replaced. If you "
                "went back to an older commit, `dvc checkout` brings its history; if the source has changed, `rounds "
                "open --accept-changes` and `dvc repro` take what it has now, and conf/round.yaml and params.yaml as "
                "they were before stay with what you have."
            )
        for sentence in told:
            console.say(f"changed, and accepted: {sentence}")

    def adopt(self, found: Mapping[str, Path]) -> Iterator[tuple[str, Path]]:
        """Give the stores that come the files of unchanged chunks; each side whose store is another one now."""
        for role, before, after in self._replaced(found):
            written = placing.adopt(before, after)
            console.say(f"{role}: {written} of {2 * len(manifest.read(after).chunks)} files are new or changed")
            yield role, after

    def _replaced(self, found: Mapping[str, Path]) -> Iterator[tuple[str, Path, Path]]:
        """Sides that have a store in place and another one coming: role, the one and the other."""
        for role in SIDES:
            before, after = self._place / role, found[role]
            if before != after and role in self._sides:
                yield role, before, after


def _is_sound(store: Path, hashes: set[object]) -> bool:
    """Whether there is a store whose manifest is the one that was put there, as far as that is told."""
    path = store / manifest.NAME
    if not path.is_file() or (manifest.held(store) and (not hashes or atomic.sha256(path) in hashes)):
        return path.is_file()
    console.complain(f"{path} is damaged, or of another format: older eras cannot be compared with what comes.")
    return False
