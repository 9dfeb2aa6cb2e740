"""Files that the history was made from, kept as they came in data/downloads; nothing reads them."""

import json
from pathlib import Path
from typing import Any

from numerai_rounds.base.params import Pin
from numerai_rounds.base.roles import file_name
from numerai_rounds.io.files import atomic, json_files, paths


def has(part: str, role: str, pin: Pin) -> bool:
    """Whether the file of a role is kept, is the pinned one, and still has the hash that it had when it came."""
    path, claim = _place(part, role), _claims(part).get(role)
    if not isinstance(claim, dict) or claim.get("pin") != pin.model_dump() or not path.is_file():
        return False
    return claim.get("sha256") == atomic.sha256(path)


def keep(part: str, role: str, path: Path, proof: dict[str, object]) -> None:
    """Move a file here, whose pin and hash `proof` holds."""
    kept = _place(part, role)
    kept.parent.mkdir(parents=True, exist_ok=True)
    claims = _claims(part) | {role: proof}
    atomic.write_text(_list(part), json.dumps(claims, indent=2, sort_keys=True) + "\n")
    path.replace(kept)


def _place(part: str, role: str) -> Path:
    return paths.DOWNLOADS / part / file_name(role)


def _list(part: str) -> Path:
    """Beside the folder, which holds the files alone."""
    return paths.DOWNLOADS / f"{part}.json"


def _claims(part: str) -> dict[str, Any]:
    """What the list of a part claims; nothing where it is missing or broken, for every claim is verified anyway."""
    try:
        content = json_files.read(_list(part))
    except (FileNotFoundError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
