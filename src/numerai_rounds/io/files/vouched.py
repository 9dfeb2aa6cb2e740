"""Files of the pipeline as their stages wrote them: what is read is compared with the hash that dvc.lock has of it.

DVC itself looks at a file's size and time of change, and no further where they are as before: a byte that the disk
lost passes it. What no stage wrote, or where nothing has run yet, is taken as it is. The files of chunks of a store
are apart: the store's manifest, which is compared here, has digests of them.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatch
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import yaml

from numerai_rounds.base.errors import DamagedError
from numerai_rounds.io.files import dvc_cache, paths
from numerai_rounds.io.files.dvc_lock import DvcLock
from numerai_rounds.io.files.yaml_files import of_dvc, read_yaml

IGNORED = Path(".dvcignore")
THREADS = 2
"""Files of a folder that are hashed at a time."""


class Vouched(NamedTuple):
    """What dvc.lock has of an output."""

    stage: str
    digest: str
    """Ends in `.dir` where it is a folder."""


def read(path: Path) -> bytes:
    """The content of a file; DamagedError where it is not what its stage wrote."""
    content = path.read_bytes()
    _compare(path, lambda: dvc_cache.md5(content))
    return content


def text(path: Path) -> str:
    """The text of a file (UTF-8); DamagedError where it is not what its stage wrote, or no text."""
    try:
        return read(path).decode()
    except UnicodeDecodeError:
        raise refusal(path) from None


def check(path: Path) -> None:
    """DamagedError where a file is not what its stage wrote; it is read a block at a time."""
    _compare(path, lambda: dvc_cache.md5_of(path))


def check_folder(folder: Path) -> None:
    """DamagedError where a file of an output that is a folder is missing, or not what its stage wrote."""
    output = outputs().get(folder.as_posix())
    if output is not None:
        listed = _listing(folder.absolute(), output.digest, folder)
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lambda name: _check_listed(folder / name, listed[name]), listed))


def outputs() -> Mapping[str, Vouched]:
    """Every output that dvc.lock has, by its path; none where nothing has run yet."""
    if not paths.LOCK.exists():
        return {}
    known = paths.LOCK.stat()
    return _outputs(paths.LOCK.absolute(), known.st_ino, known.st_size, known.st_mtime_ns)


def hashed(folder: Path) -> dict[str, str]:
    """The hash of each file of a folder that DVC would not ignore, by its path there."""
    with ThreadPoolExecutor(THREADS) as pool:
        found = files(folder)
        names = [path.relative_to(folder).as_posix() for path in found]
        return dict(zip(names, pool.map(dvc_cache.md5_of, found), strict=True))


def files(folder: Path) -> list[Path]:
    """Every file of a folder that DVC would not ignore."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and not _is_ignored(path))


def refusal(path: Path) -> DamagedError:
    """The error for a file that is not what its stage wrote."""
    return DamagedError(
        f"{path} is not what its stage wrote, by the hash in {paths.LOCK}: it was damaged or changed, or is of another "
        "commit. `rounds mend` looks for a sound copy, and says what to do if there is none."
    )


def _compare(path: Path, found: Callable[[], str]) -> None:
    expected = _recorded(path)
    if expected is not None and found() != expected:
        raise refusal(path)


def _recorded(path: Path) -> str | None:
    """The hash that dvc.lock vouches for; None for what no stage wrote."""
    known = outputs()
    here = path.relative_to(Path.cwd()) if path.is_absolute() and path.is_relative_to(Path.cwd()) else path
    if here.as_posix() in known:
        return known[here.as_posix()].digest
    for folder in here.parents:
        if folder.as_posix() in known:
            listed = _listing(folder.absolute(), known[folder.as_posix()].digest, folder)
            return listed.get(here.relative_to(folder).as_posix(), "none")
    return None


@lru_cache(maxsize=1)
def _outputs(lock: Path, *_version: int) -> dict[str, Vouched]:
    try:
        content = of_dvc(lock.read_bytes())
    except yaml.YAMLError:
        content = read_yaml(paths.LOCK)  # says in a sentence what is wrong
    return {output.path: Vouched(stage, output.md5) for stage, output in DvcLock(content).outputs()}


@lru_cache(maxsize=8)
def _listing(_place: Path, digest: str, folder: Path) -> Mapping[str, str]:
    """The files of an output that is a folder: as the cache lists them, or, where it does not, by hashing them all."""
    known = dvc_cache.listing(digest)
    if known is None:
        known = hashed(folder)
        if dvc_cache.digest_of(known) != digest:
            raise refusal(folder)
    return known


def _check_listed(path: Path, digest: str) -> None:
    if not path.is_file() or dvc_cache.md5_of(path) != digest:
        raise refusal(path)


def _is_ignored(path: Path) -> bool:
    patterns = IGNORED.read_text(encoding="utf-8").splitlines() if IGNORED.exists() else []
    return any(fnmatch(path.name, pattern.rstrip("/")) for pattern in patterns if not pattern.startswith("#"))
