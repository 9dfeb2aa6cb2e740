"""What a side of the history consists of, as its manifest.json says; every reading begins here."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from numerai_rounds.base.errors import DamagedError, DataError
from numerai_rounds.base.params import Section
from numerai_rounds.io.files import atomic
from numerai_rounds.io.history import packed

NAME = "manifest.json"
FORMAT: Literal[1] = 1
"""Of a store; raise it with every change to what its files hold."""
FEATURES, TARGETS = "features", "targets"

Digest = Annotated[str, Field(pattern="^[0-9a-f]+$")]
Count = Annotated[int, Field(ge=1)]


class Era(Section):
    """One era of a chunk; digests are of values, so they tell what changed whatever wrote the file."""

    era: str
    data_type: str
    rows: Count
    features: Digest
    """Of the ids and of all features."""
    targets: Digest
    """Of all targets."""


class Chunk(Section):
    """Neighbouring eras whose rows lie in the same two files."""

    eras: Annotated[list[Era], Field(min_length=1)]
    features: Digest
    """Of the checksums of its features."""
    targets: Digest
    """SHA-256 of its file of targets."""
    absent: dict[str, Count]
    """Features with absent values, and how many."""

    @property
    def name(self) -> str:
        """Its first and last era: `0001-0016`."""
        return chunk_name(self.eras[0].era, self.eras[-1].era)

    @cached_property
    def rows(self) -> int:
        """Rows of all its eras."""
        return sum(era.rows for era in self.eras)

    def bounds(self) -> list[tuple[Era, int, int]]:
        """Each era with the first of its rows and the one after its last."""
        bounds, start = [], 0
        for era in self.eras:
            bounds.append((era, start, start + era.rows))
            start += era.rows
        return bounds


class Side(Section):
    """A side of the history: names of columns in the order of the files, and chunks in the order of eras."""

    format: Literal[1]
    features: list[str]
    targets: list[str]
    chunks: list[Chunk]

    @property
    def eras(self) -> dict[str, Era]:
        """Every era by its label, in order."""
        return {era.era: era for chunk in self.chunks for era in chunk.eras}


def chunk_name(first: str, last: str) -> str:
    """The name of the files of a chunk, less their suffix."""
    return f"{first}-{last}" if first != last else first


def features_path(folder: Path, chunk: str) -> Path:
    """Where a side keeps the features of a chunk."""
    return folder / FEATURES / f"{chunk}.levels"


def targets_path(folder: Path, chunk: str) -> Path:
    """Where a side keeps the ids and targets of a chunk."""
    return folder / TARGETS / f"{chunk}.parquet"


def read(folder: Path, content: Callable[[Path], bytes] = Path.read_bytes) -> Side:
    """The manifest of a side, whose file `content` reads; DataError where there is none, DamagedError if it is none."""
    path = folder / NAME
    try:
        return Side.model_validate_json(content(path))
    except FileNotFoundError:
        raise DataError(
            f"{path} is missing: there is no history here. `dvc repro` fetches it, `rounds mend` restores it."
        ) from None
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        place = ".".join(map(str, problem["loc"])) or "content"
        raise DamagedError(f"{path} is no manifest of a store ({place}: {problem['msg']}). {packed.RESTORE}") from None


def held(folder: Path) -> Side | None:
    """The manifest of a side; None where there is none, one of another format, or a damaged one."""
    with suppress(DataError):
        return read(folder)
    return None


def write(side: Side, folder: Path) -> None:
    """Write the manifest of a side."""
    atomic.write_text(folder / NAME, side.model_dump_json(indent=1) + "\n")


def verify(folder: Path) -> Side:
    """The manifest of a side all of whose files are there and intact; a DamagedError names the first that is not."""
    side = read(folder)
    for chunk in side.chunks:
        packed.verify(features_path(folder, chunk.name), chunk.rows, len(side.features), chunk.features)
        checked_targets(folder, chunk)
    return side


def foreign(folder: Path) -> list[Path]:
    """Files in a store that its manifest does not name; none in a store without a manifest."""
    side = held(folder)
    if side is None:
        return []
    names = [chunk.name for chunk in side.chunks]
    known = {folder / NAME, *(path(folder, name) for name in names for path in (features_path, targets_path))}
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and path not in known]


def refuse_foreign(folder: Path) -> None:
    """DataError where a store holds files that its manifest does not name."""
    if found := foreign(folder):
        raise DataError(
            f"{found[0]} does not belong to the history: {folder / NAME} does not name it ({len(found):,} such "
            "files). Move it away and run again."
        )


def checked_targets(folder: Path, chunk: Chunk) -> bytes:
    """The file of a chunk's targets, whole; DamagedError where it is missing or another than the manifest tells of."""
    path = targets_path(folder, chunk.name)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise DamagedError(f"{path} is missing, which its manifest.json names. {packed.RESTORE}") from None
    if hashlib.sha256(content).hexdigest() != chunk.targets:
        raise DamagedError(
            f"{path} is not the file that its manifest.json tells of: damaged, or foreign. {packed.RESTORE}"
        )
    return content
