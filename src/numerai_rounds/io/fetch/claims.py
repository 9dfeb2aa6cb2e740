"""What is claimed of the files of a part, in a manifest beside them, and whether it still holds."""

import json
from collections.abc import Mapping
from pathlib import Path

from numerai_rounds.base.errors import DataError
from numerai_rounds.base.params import Pin
from numerai_rounds.io import console
from numerai_rounds.io.files import atomic
from numerai_rounds.io.history import fetched, manifest

DOWNLOADED = " as downloaded"
"""Follows a role in the staging folder's manifest: the proof of a file that is not converted yet."""

Proof = dict[str, object]
"""The pin of a file that was fetched and checked, and the hash of its bytes, or of a store's manifest."""


class Claims:
    """The claims of two folders, staged and in place, and the proofs of those that hold.

    A claim holds when it names the pinned identity, and the content still has the hash that it names. So no manifest
    can lie, however old it is, and whatever was interrupted.
    """

    def __init__(self, staged: Path, place: Path, pins: Mapping[str, Pin], data: Mapping[str, object]) -> None:
        """Read what both folders claim of files of `pins`; `data` is where they come from."""
        self._staged, self._pins, self._data = staged, pins, data
        self._claimed = [fetched.read(staged), fetched.read(place)]
        self._proofs: dict[str, Proof] = {}

    @property
    def is_of_this_data(self) -> bool:
        """Whether what is in place came from the same data."""
        return bool(self._claimed[1].get("data") == self._data)

    def hashes(self, key: str) -> set[object]:
        """The hashes that are claimed of a role, of whatever pin."""
        return {claim.get("sha256") for claim in self._of(key)}

    def hold(self, key: str, item: Path) -> bool:
        """Whether a claim about a role, or its download, names its pin and the hash of what is there."""
        pin = self._pins[key.removesuffix(DOWNLOADED)]
        claims = [claim for claim in self._of(key) if claim.get("pin") == pin.known]
        if not claims or not item.exists() or (proof := _proof(item, pin)) not in claims:
            return False
        self._proofs[key] = proof
        return True

    def prove(self, key: str, item: Path) -> None:
        """Claim that a role, or its download, is what is there, and note it in the staging folder."""
        self._proofs[key] = _proof(item, self._pins[key.removesuffix(DOWNLOADED)])
        self.write(self._staged)

    def proof(self, key: str) -> Proof:
        """The proof of a role, or its download."""
        return self._proofs[key]

    def write(self, folder: Path) -> None:
        """Note every proof in a folder; downloads only where they are staged."""
        staged = folder == self._staged
        files = {key: proof for key, proof in self._proofs.items() if staged or key in self._pins}
        content = {"data": self._data, "files": files}
        atomic.write_text(folder / fetched.MANIFEST, json.dumps(content, indent=2, sort_keys=True) + "\n")

    def _of(self, key: str) -> list[dict[str, object]]:
        """Every claim about a role, or its download."""
        claims = [claims["files"][key] for claims in self._claimed if key in claims.get("files", {})]
        return [claim for claim in claims if isinstance(claim, dict)]


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
