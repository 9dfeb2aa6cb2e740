"""DVC's cache: contents by their hash. DVC trusts what lies there; here it is looked at before it is believed."""

import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from numerai_rounds.io.files import atomic

USUAL = Path(".dvc/cache")
CONTENTS = Path("files/md5")
"""Of a cache: where it keeps contents."""

FOLDER = ".dir"
"""Ends the hash of an output that is a folder: that of a list of its files."""

NAME = re.compile(r"[0-9a-f]{30}(\.dir)?")
"""Of a file in the cache: its hash, less the first two letters, which are its folder's name."""

MODE = 0o444
"""Of a file in the cache: DVC asks no more of it than that."""


def folder() -> Path:
    """Where the cache is."""
    from dvc.config import Config, ConfigError  # noqa: PLC0415 - stages start faster without it

    with suppress(ConfigError):
        return Path(Config.from_cwd().get("cache", {}).get("dir", USUAL))
    return USUAL


def place(digest: str) -> Path:
    """Where the content with this hash is, if it is there."""
    name = CONTENTS / digest[:2] / digest[2:]
    usual = USUAL / name
    return usual if usual.exists() else folder() / name


def every() -> list[Path]:
    """Every content that the cache has."""
    return sorted(path for path in (folder() / CONTENTS).glob("??/*") if NAME.fullmatch(path.name))


def md5(content: bytes) -> str:
    """The hash of a content as DVC has it."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def md5_of(path: Path) -> str:
    """The hash of a file, which is read a block at a time."""
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(atomic.BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def is_sound(digest: str) -> bool:
    """Whether the cache has the content with this hash, and it still has it."""
    path = place(digest)
    return path.is_file() and md5_of(path) == digest.removesuffix(FOLDER)


def listing(digest: str) -> dict[str, str] | None:
    """The hash of each file of the folder with this hash, by its path there; None where the cache has it not sound."""
    return listing_in(place(digest), digest)


def listing_in(path: Path, digest: str) -> dict[str, str] | None:
    """The same of a cache in another place, where `path` is what it has with this hash."""
    content = path.read_bytes() if path.is_file() else b""
    if md5(content) + FOLDER != digest:
        return None
    return {str(entry["relpath"]): str(entry["md5"]) for entry in json.loads(content)}


def listed(files: Mapping[str, str]) -> bytes:
    """What the cache keeps of a folder of these files."""
    entries = [{"md5": digest, "relpath": name} for name, digest in sorted(files.items())]
    return json.dumps(entries, sort_keys=True).encode()


def digest_of(files: Mapping[str, str]) -> str:
    """The hash of a folder of these files."""
    return md5(listed(files)) + FOLDER


def unfinished(folder: Path) -> list[Path]:
    """Files that DVC began to write in a cache, or a part of one, and has not renamed into place."""
    return [path for path in folder.rglob(".*.tmp") if path.is_file()]
