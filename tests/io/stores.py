"""Tiny stores: made from a market, put in place as `fetch` puts them there, and read back whole."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from numerai_rounds.base.roles import SIDES
from numerai_rounds.io.fetch import layout
from numerai_rounds.io.fetch.convert import convert
from numerai_rounds.io.files import paths
from numerai_rounds.io.history import manifest, packed, targets
from tests import tiny

FLIPPED, CUT, APPENDED, ABSENT = "a flipped bit", "cut", "appended to", "missing"


def place(market: tiny.Market, **options: Any) -> None:
    """Put the history and the live data of `market` in place; `options` go to pandas' to_parquet."""
    files = tiny.write_v5(Path("files"), market, **options)
    for side in SIDES:
        convert(files / f"{side}.parquet", side, "any", paths.raw("history", side))
    paths.LIVE.mkdir(parents=True, exist_ok=True)
    (files / "features.json").replace(paths.raw("history", "features"))
    (files / "live.parquet").replace(paths.raw("live", "live"))


def converted(folder: Path) -> dict[str, Path]:
    """The parts of the history of a folder of files, the sides as stores beside that folder."""
    places = {side: folder.with_name(f"{folder.name}-stores") / side for side in SIDES}
    for side, store in places.items():
        path = folder / f"{side}.parquet"
        convert(path, f"{side} ({path})", "any", store)
    return {"features": folder / "features.json", **places}


def small_chunks(monkeypatch: pytest.MonkeyPatch, eras: int = 10, at_the_end: int = 3) -> None:
    """So many tiny eras to a chunk."""
    monkeypatch.setattr(layout, "CHUNK_ROWS", eras * tiny.ROWS_PER_ERA)
    monkeypatch.setattr(layout, "TAIL_ROWS", at_the_end * tiny.ROWS_PER_ERA)


def table(folder: Path) -> pd.DataFrame:
    """Everything in a store: index `id`, `era`, `data_type`, features as nullable Int8, targets."""
    side = manifest.read(folder)
    pieces = []
    for chunk in side.chunks:
        piece = targets.read(folder, chunk, ["id", "era", *side.targets]).to_pandas()
        count = len(side.features)
        digits = np.empty((count, chunk.rows), np.int8)
        packed.read(manifest.features_path(folder, chunk.name), count, range(count), chunk.features, digits)
        values = pd.DataFrame(digits.T, piece.index, side.features).astype("Int8")
        kinds = np.repeat([era.data_type for era in chunk.eras], [era.rows for era in chunk.eras])
        pieces.append(piece.assign(data_type=kinds).join(values.mask(values == packed.ABSENT)))
    return pd.concat(pieces)[["era", "data_type", *side.features, *side.targets]]


def expected(source: pd.DataFrame) -> pd.DataFrame:
    """A market's table as `table` gives it."""
    features = [name for name in source if name.startswith("feature_")]
    return source.astype(dict.fromkeys(features, "Int8"))


def content(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def harm(path: Path, how: str) -> None:
    """Do to a file what disks and people do."""
    whole = path.read_bytes()
    if how == ABSENT:
        path.unlink()
        return
    harmed = {
        FLIPPED: bytes([*whole[:5], whole[5] ^ 1, *whole[6:]]),
        CUT: whole[:-1],
        APPENDED: whole + b"\n",
    }
    path.write_bytes(harmed[how])
