"""DVC's run-cache: what stages that ran wrote, by what they read. DVC brings back whatever an entry there says.

An entry is a file, named by the hash of what it says, in a folder that is named by the hash of what the stage read. DVC
takes the newest file of that folder, also one that it was killed while writing, and fails where there is none.
"""

from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from numerai_rounds.io import console
from numerai_rounds.io.files import dvc_cache, yaml_files

RUNS = Path("runs")
"""Of a cache: where it keeps them."""

NOT_HASHED = ["size", "nfiles"]
"""What DVC leaves out where it hashes what an entry says."""


def drop_unfinished() -> None:
    """Remove entries that DVC was killed while writing, and folders that have none."""
    runs = (dvc_cache.USUAL if dvc_cache.USUAL.is_dir() else dvc_cache.folder()) / RUNS
    for path in dvc_cache.unfinished(runs):
        path.unlink(missing_ok=True)
    for folder in runs.glob("*/*"):
        with suppress(OSError):  # it has entries
            folder.rmdir()


def drop_damaged() -> None:
    """Remove entries that do not say what DVC wrote there: their stages run again when they are asked for."""
    damaged = [path for path in sorted((dvc_cache.folder() / RUNS).glob("*/*/*")) if not _is_sound(path)]
    for path in damaged:
        path.unlink(missing_ok=True)
    drop_unfinished()
    if damaged:
        entries = "entry" if len(damaged) == 1 else "entries"
        console.complain(f"{len(damaged)} damaged {entries} removed from DVC's run-cache.")


def _is_sound(path: Path) -> bool:
    """Whether an entry hashes to its names, and what it leaves out of the hash is so in the cache."""
    from dvc.utils.serialize import ParseError, parse_yaml  # noqa: PLC0415 - stages start faster without it

    try:
        text = path.read_text(encoding="utf-8")
        # DVC's own parser takes more for a number than the fast one, and twenty times as long.
        return _says(path, yaml_files.of_dvc(text)) or _says(path, parse_yaml(text, str(path)))
    except (yaml.YAMLError, ParseError, OSError, ValueError, LookupError, TypeError, AttributeError):
        return False


def _says(path: Path, entry: dict[str, Any]) -> bool:
    from dvc.utils import dict_sha256  # noqa: PLC0415

    outputs = entry["outs"]
    read = dict_sha256({**entry, "outs": [output["path"] for output in outputs]}, exclude=NOT_HASHED)
    names = read, dict_sha256(entry, exclude=NOT_HASHED)
    return names == (path.parent.name, path.name) and all(map(_has_its_size, outputs))


def _has_its_size(output: dict[str, Any]) -> bool:
    """Whether the size and number of files of an output are those of the cache, as far as it has them."""
    digest = str(output["md5"])
    files = dvc_cache.listing(digest) if digest.endswith(dvc_cache.FOLDER) else {"": digest}
    try:
        sizes = [dvc_cache.place(file).stat().st_size for file in (files or {}).values()]
    except OSError:
        return True
    return not files or (output["size"] == sum(sizes) and output.get("nfiles", 1) == len(sizes))
