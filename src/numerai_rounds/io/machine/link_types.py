"""How DVC puts outputs in place: a way that does not work is found out before anything is fetched."""

import os

from dvc.fs import localfs
from dvc.repo import Repo
from dvc_objects.fs.generic import test_links as working

from numerai_rounds.base.errors import ConfigurationError
from numerai_rounds.io.files import paths


def check() -> None:
    """Refuse link types that DVC's cache, where it is, has none of; ConfigurationError with one that works."""
    with Repo(os.curdir) as repo:
        cache = repo.cache.local
        wanted = list(cache.cache_types)
        if not {"copy", "symlink"}.isdisjoint(wanted):
            return
        if not working(wanted, cache.fs, cache.path, localfs, str(paths.HISTORY.absolute())):
            raise ConfigurationError(
                f"cache.type is {','.join(wanted)}, which does not work between DVC's cache ({cache.path}) and "
                f"{paths.DATA}/: a stage would stop after its work. `dvc config --local cache.type symlink` does."
            )
