"""Which pinned files a part of the data is of, as `fetch` noted it beside them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numerai_rounds.base.params import Pin
from numerai_rounds.io.files import json_files, paths

MANIFEST = "manifest.json"
FOLDERS = {"history": paths.HISTORY, "live": paths.LIVE}
"""Where the files of a part are."""


def read(folder: Path) -> dict[str, Any]:
    """What a manifest claims; nothing where it is missing or broken, for every claim is verified anyway."""
    try:
        content = json_files.read(folder / MANIFEST)
    except (FileNotFoundError, ValueError):
        return {}
    return content if isinstance(content, dict) and isinstance(content.get("files", {}), dict) else {}


def others(part: str, pins: Mapping[str, Pin]) -> list[str]:
    """Roles of a part whose files here are not of these pins, or not here."""
    claims = read(FOLDERS[part]).get("files", {})
    return [role for role, pin in sorted(pins.items()) if _pin(claims.get(role)) != pin.known]


def _pin(claim: object) -> object:
    return claim.get("pin") if isinstance(claim, dict) else None
