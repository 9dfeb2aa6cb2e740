"""A DVC remote that is a folder: a push that was killed leaves an empty file there in place of a list of files.

DVC makes a content of its own that it did not finish anew, but ends for good at such a list, which it reads before.
"""

import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from dvc.config import Config

from numerai_rounds.io import console
from numerai_rounds.io.files import dvc_cache


def drop_unfinished() -> None:
    """Remove lists of files that were not written to their end: the push that follows brings them."""
    for folder in _folders():
        for path in folder.glob(f"{dvc_cache.CONTENTS}/??/*{dvc_cache.FOLDER}"):
            with suppress(OSError):
                if not _is_finished(path):
                    path.unlink()
                    console.complain(f"{path} in the DVC remote was not written to its end: it is brought anew.")


def _folders() -> Iterator[Path]:
    for remote in Config.from_cwd().get("remote", {}).values():
        folder = Path(str(remote.get("url", "")))
        if folder.is_absolute() and folder.is_dir():
            yield folder


def _is_finished(path: Path) -> bool:
    """Whether DVC has protected a list, which it does in the end, or it is whole nevertheless."""
    if stat.S_IMODE(path.stat().st_mode) == dvc_cache.MODE:
        return True
    return dvc_cache.md5(path.read_bytes()) + dvc_cache.FOLDER == path.parent.name + path.name
