"""DVC's cache, as far as it has to be known to take something out of it."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from dvc.repo import Repo
from dvc.schema import COMPILED_LOCK_FILE_STAGE_SCHEMA
from voluptuous import Invalid

from numerai_rounds.io.files import dvc_cache


class Entry(NamedTuple):
    """An entry of the run-cache: a stage that ran, with what it read and wrote."""

    path: Path
    stage: Mapping[str, Any]


class Cache:
    """Objects by their md5, and the run-cache beside them; nothing of it is changed here."""

    def __init__(self, repo: Repo) -> None:
        """The cache of a repository, wherever its configuration has it."""
        self._objects = repo.cache.local
        self._runs = Path(repo.stage_cache.cache_dir)
        self.folder = Path(self._objects.path)
        self.is_own = self.folder.resolve().is_relative_to(Path(repo.root_dir).resolve())
        """Whether it lies in this folder: nobody else has what is in it."""

    def path(self, md5: str) -> Path:
        """Where an object is, if it is there."""
        return Path(self._objects.oid_to_path(md5))

    def files(self, md5: str) -> dict[str, str] | None:
        """Files of an output, name to md5; of a single file the name is empty. None where its list is not here."""
        return dvc_cache.listing_in(self.path(md5), md5) if md5.endswith(dvc_cache.FOLDER) else {"": md5}

    def has(self, md5: str, size: int | None, within: str = "") -> bool:
        """Whether an output, or what it holds `within` a folder or file of it, is here whole.

        `size` is the sum of what is asked for, where it is known.
        """
        listed = self.files(md5)
        wanted = [oid for name, oid in (listed or {}).items() if _is_within(name, within)]
        if listed is None or not wanted:
            return False
        try:
            sizes = {oid: self.path(oid).stat().st_size for oid in wanted}
        except OSError:
            return False
        return size is None or sum(sizes[oid] for oid in wanted) == size

    def runs(self) -> Iterator[Entry]:
        """Entries of the run-cache that can be read."""
        for path in sorted(self._runs.glob("*/*/*")):
            with suppress(OSError, ValueError, yaml.YAMLError, Invalid):
                yield Entry(path, COMPILED_LOCK_FILE_STAGE_SCHEMA(yaml.safe_load(path.read_text(encoding="utf-8"))))

    def temporary(self) -> list[Path]:
        """Files that DVC had begun to write: under its lock nobody writes them any more."""
        return [path for folder in (self.folder, self._runs) for path in dvc_cache.unfinished(folder)]


def _is_within(name: str, folder: str) -> bool:
    return not folder or name == folder or name.startswith(f"{folder}/")
