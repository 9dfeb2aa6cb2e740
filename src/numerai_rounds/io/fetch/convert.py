"""A side's parquet file becomes a folder of chunks: in bounded memory, and going on where it was interrupted."""

import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xxhash

from numerai_rounds.base.columns import DATA_TYPE, ERA, FEATURE_LEVELS, ID, is_feature, is_target
from numerai_rounds.base.errors import DataError
from numerai_rounds.io import console
from numerai_rounds.io.fetch import layout
from numerai_rounds.io.files import atomic, json_files, parquet
from numerai_rounds.io.history import manifest, packed, targets

PROGRESS = "progress.json"
"""How far an interrupted conversion came: the identity of its source, and how many features are on the disk."""

BLOCK_BYTES = 128 << 20
BLOCK_FEATURES = 64
"""Features converted together: what they take over all rows, and how many they are, at most."""

SAVED_EVERY = 8
"""Blocks after which what is written must survive a crash."""

EraSize = tuple[str, str, int]
"""An era, its data_type and the number of its rows."""


@dataclass(frozen=True)
class Plan:
    """What a file becomes: the eras of each chunk, and the names of the columns."""

    chunks: list[list[EraSize]]
    features: list[str]
    targets: list[str]

    @property
    def rows(self) -> list[int]:
        """Rows of each chunk."""
        return [sum(rows for _, _, rows in eras) for eras in self.chunks]

    @property
    def names(self) -> list[str]:
        """Name of each chunk."""
        return [manifest.chunk_name(eras[0][0], eras[-1][0]) for eras in self.chunks]


def convert(source: Path, where: str, identity: str, folder: Path) -> None:
    """Write the store of a checked parquet file whose content is named by `identity`.

    Memory holds a block of features over all rows, or all features of one chunk, whichever is more. DataError
    beginning with `where` for a feature that is none of the five levels.
    """
    for kind in (manifest.FEATURES, manifest.TARGETS):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    with parquet.opened(source, where) as file:
        plan = _plan(file)
        digests = _write_features(file, where, plan, identity, folder)
        tables = targets.rechunked(parquet.batches(file, [ID, ERA, *plan.targets]), plan.targets, plan.rows)
        with console.progress(f"reading back {where}", len(digests), "chunks") as advance:
            chunks = []
            for eras, digest, table in zip(plan.chunks, digests, tables, strict=True):
                chunks.append(_finished(folder, plan, eras, digest, table))
                advance(1)
    manifest.write(
        manifest.Side(format=manifest.FORMAT, features=plan.features, targets=plan.targets, chunks=chunks), folder
    )
    (folder / PROGRESS).unlink(missing_ok=True)


def _plan(file: pq.ParquetFile) -> Plan:
    eras = [(str(era), str(kind), rows) for (era, kind), rows in parquet.run_lengths(file, [ERA, DATA_TYPE])]
    parts = layout.chunks([rows for _, _, rows in eras])
    names = file.schema_arrow.names
    return Plan(
        [eras[part.start : part.stop] for part in parts],
        [name for name in names if is_feature(name)],
        [name for name in names if is_target(name)],
    )


def _write_features(file: pq.ParquetFile, where: str, plan: Plan, identity: str, folder: Path) -> list[str]:
    """Write the features of all chunks, a few features of all rows at a time; the digests of the files."""
    total = sum(plan.rows)
    together = min(BLOCK_FEATURES, max(1, BLOCK_BYTES // total))
    done = _progress(folder, identity, plan)
    with ExitStack() as stack, console.progress(f"storing {where}", len(plan.features), "features") as advance:
        writers = [
            stack.enter_context(packed.Writer(manifest.features_path(folder, name), rows, done))
            for name, rows in zip(plan.names, plan.rows, strict=True)
        ]
        advance(done)
        for block, start in enumerate(range(done, len(plan.features), together), start=1):
            names = plan.features[start : start + together]
            digits, first = _digits(file, names, total, where), 0
            for writer, rows in zip(writers, plan.rows, strict=True):
                writer.write(digits[:, first : first + rows])
                first += rows
            if block % SAVED_EVERY == 0:
                for writer in writers:
                    writer.flush()
                _save_progress(folder, identity, start + len(names))
            advance(len(names))
        return [writer.finish() for writer in writers]


def _digits(file: pq.ParquetFile, names: list[str], total: int, where: str) -> packed.Levels:
    """Features of all rows, shape (features, rows): levels, and the digit of absent values."""
    digits = np.empty((len(names), total), np.int8)
    start = 0
    for batch in parquet.batches(file, names):
        for number, name in enumerate(names):
            column = targets.of_type(batch.column(name), pa.int8())
            low, high = pc.min_max(column).as_py().values()
            if low is not None and (low < 0 or high >= FEATURE_LEVELS):
                raise DataError(
                    f"{where}: features must lie within 0 to {FEATURE_LEVELS - 1} ({name} goes from {low} to {high})."
                )
            if column.null_count:
                column = column.fill_null(pa.scalar(packed.ABSENT, pa.int8()))
            digits[number, start : start + len(column)] = column.to_numpy()
        start += batch.num_rows
    return digits


def _finished(folder: Path, plan: Plan, eras: list[EraSize], digest: str, table: pa.Table) -> manifest.Chunk:
    """Write the targets of a chunk whose features are written, and describe it from what the disk gives back."""
    name = manifest.chunk_name(eras[0][0], eras[-1][0])
    path = manifest.targets_path(folder, name)
    targets.write(table, path)
    places = range(len(plan.features))
    digits = np.empty((len(places), table.num_rows), np.int8)
    packed.read(manifest.features_path(folder, name), len(places), places, digest, digits)
    described, start = [], 0
    for era, data_type, rows in eras:
        part = table.slice(start, rows)
        described.append(
            manifest.Era(
                era=era,
                data_type=data_type,
                rows=rows,
                features=_features_digest(part, digits[:, start : start + rows]),
                targets=targets.digest(part),
            )
        )
        start += rows
    lacking = np.flatnonzero(digits.max(axis=1) == packed.ABSENT)
    return manifest.Chunk(
        eras=described,
        features=digest,
        targets=atomic.sha256(path),
        absent={plan.features[place]: int(np.count_nonzero(digits[place] == packed.ABSENT)) for place in lacking},
    )


def _features_digest(table: pa.Table, digits: packed.Levels) -> str:
    hashed = xxhash.xxh3_128("\n".join(table.column(ID).to_pylist()).encode())
    for feature in digits:
        hashed.update(feature)
    return hashed.hexdigest()


def _progress(folder: Path, identity: str, plan: Plan) -> int:
    """Features that an interrupted conversion of the same source has on the disk."""
    try:
        saved = json_files.read(folder / PROGRESS)
        done = int(saved["features"]) if saved["identity"] == identity else 0
        sizes = [manifest.features_path(folder, name).stat().st_size for name in plan.names]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return 0
    there = all(size >= done * packed.packed_width(rows) for size, rows in zip(sizes, plan.rows, strict=True))
    return done if there else 0


def _save_progress(folder: Path, identity: str, features: int) -> None:
    atomic.write_text(folder / PROGRESS, json.dumps({"identity": identity, "features": features}) + "\n")
