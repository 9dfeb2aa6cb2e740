"""The disk that fetching takes."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from numerai_rounds.base.errors import MachineError
from numerai_rounds.base.params import Pin
from numerai_rounds.base.roles import SIDES, file_name


def room(role: str, pin: Pin) -> int:
    """Bytes that fetching a file takes: itself; of a side also its chunks, which may be larger, and those before.

    A copy in DVC's cache is included.
    """
    return (4 if role in SIDES else 2) * (pin.size or 0)


def check(part: str, folder: Path, wanted: Mapping[str, Pin], owed: Mapping[str, Pin]) -> None:
    """Refuse to begin what the disk of a folder has no room for, all files together; MachineError.

    Those that are `owed` are not converted. What came of any of them already needs no more room.
    """
    needed = sum(room(role, pin) for role, pin in wanted.items()) + sum(pin.size or 0 for pin in owed.values())
    patterns = [pattern for role in {**wanted, **owed} for pattern in (f"{file_name(role)}*", f"{role}/*/*")]
    held = [path for pattern in patterns for path in folder.glob(pattern)]
    needed -= sum(path.stat().st_size for path in held)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise MachineError(
            f"{part} needs {needed / 1e9:,.2f} GB more, its copy in DVC's cache included, but the disk of "
            f"{folder} has {free / 1e9:,.2f} GB free. Free some space and run again; what came is kept."
        )
