"""What became of eras that were here before: history grows and resolves; anything else must not happen unseen."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from numerai_rounds.base.errors import DataError, some
from numerai_rounds.io.history import manifest, targets


def changed(before: Path, after: Path) -> list[str]:
    """A sentence for each era of the store `before` that is another one in the store `after`, in order.

    New eras, new targets, newly resolved targets, and validation eras that are `test` eras no longer are no changes.
    """
    old, new = manifest.read(before), manifest.read(after)
    sentences = [
        f"{what}: {some(names)}"
        for what, names in (
            ("features that are gone", sorted(set(old.features) - set(new.features))),
            ("targets that are gone", sorted(set(old.targets) - set(new.targets))),
        )
        if names
    ]
    found = new.eras
    comparable = old.features == new.features
    if not comparable and not sentences:
        sentences.append("features: others, or in another order, so that their values in older eras cannot be compared")
    for label, era in old.eras.items():
        if label not in found:
            sentences.append(f"era {label}: gone")
        elif era.rows != found[label].rows:
            sentences.append(f"era {label}: {found[label].rows:,} rows, before {era.rows:,}")
        elif comparable and era.features != found[label].features:
            sentences.append(f"era {label}: other ids or features")
    sentences += _revised(before, old, after, new)
    return sentences


def _revised(before: Path, old: manifest.Side, after: Path, new: manifest.Side) -> Iterator[str]:
    """Eras in which a target that was known is unknown now, or another."""
    known, found = old.eras, new.eras
    doubtful = [
        label
        for label, era in known.items()
        if label in found and era.targets != found[label].targets and era.rows == found[label].rows
    ]
    names = [name for name in old.targets if name in new.targets]
    pairs = zip(_tables(before, old, doubtful, names), _tables(after, new, doubtful, names), strict=True)
    try:
        for label, (was, now) in zip(doubtful, pairs, strict=True):
            revised = {name: rows for name in names if (rows := _different(was[name], now[name]))}
            if revised:
                worst = max(revised, key=lambda name: revised[name])
                yield f"era {label}: {len(revised)} targets revised ({worst} in {revised[worst]:,} rows)"
    except DataError as error:
        yield f"targets that cannot be compared: {error}"


def _tables(folder: Path, side: manifest.Side, eras: list[str], names: list[str]) -> Iterator[pa.Table]:
    """The targets of some eras, in order; each chunk is read once."""
    wanted = set(eras)
    for chunk in side.chunks:
        bounds = [bound for bound in chunk.bounds() if bound[0].era in wanted]
        if bounds:
            table = targets.read(folder, chunk, names)
            for _, start, stop in bounds:
                yield table.slice(start, stop - start)


def _different(was: pa.ChunkedArray, now: pa.ChunkedArray) -> int:
    """Rows whose value was known, and is not the same now."""
    before, after = was.to_numpy(), now.to_numpy()
    return int(np.count_nonzero(np.isfinite(before) & (before != after)))
