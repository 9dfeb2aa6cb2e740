"""Which pinned files a part of the data is of, as `fetch` noted it beside them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numerai_rounds.base.errors import DataError
from numerai_rounds.base.params import Pin, Round
from numerai_rounds.io import json_files, paths

MANIFEST = "manifest.json"


def read(folder: Path) -> dict[str, Any]:
    """What a manifest claims; nothing where it is missing or broken, for every claim is verified anyway."""
    try:
        content = json_files.read(folder / MANIFEST)
    except (FileNotFoundError, ValueError):
        return {}
    return content if isinstance(content, dict) and isinstance(content.get("files", {}), dict) else {}


def refuse_other(part: str, pinned: Round) -> None:
    """DataError where a part (`history`, `live`) that is here is not of the files that a round pins."""
    folder = paths.HISTORY if part == "history" else paths.LIVE
    pins: Mapping[str, Pin] = pinned.history if part == "history" else pinned.live
    if not folder.exists():
        return
    claims = read(folder).get("files", {})
    other = [role for role, pin in sorted(pins.items()) if claims.get(role, {}).get("pin") != pin.known]
    if other:
        raise DataError(
            f"{folder} is not of what {paths.ROUND} pins for {pinned.title} ({other[0]} is another file): the "
            f"pins were changed after it was fetched. Run `dvc repro --force fetch@{part}`, then `dvc repro`."
        )
