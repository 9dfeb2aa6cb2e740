"""Binned rows on disk: LightGBM's own binary files, each with some of the columns, and a table of them."""

import re
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import reduce
from typing import Any
from urllib.parse import unquote

import lightgbm
import numpy as np
import pyarrow as pa

from numerai_rounds.base.errors import ConfigurationError, DataError
from numerai_rounds.models.contract import Rows, broken, read_table, unwritten, write_table

KIND = "lightgbm"

COLUMNS = 128
"""In a part. Binning 2.75 million rows of them takes .7 GB of memory, and loading them .4 GB."""

TABLE = "parts.parquet"
"""Names each part's file and features, as LightGBM keeps them, in the order of choice."""

TOKEN = b"______LightGBM_Binary_File_Token______\n\0"
"""How LightGBM's binary files begin."""

UNHELD = re.compile(r'[\0\n\r "%,:\[\]{}]')
"""Letters of names that LightGBM refuses, changes, or cuts its text at; and %, which stands for them."""


def held(name: str) -> str:
    """The name of a feature as LightGBM keeps it: `%20` for a space, as in URLs; most names are kept as they are."""
    return UNHELD.sub(lambda letter: f"%{ord(letter[0]):02X}", name)


def meant(name: str) -> str:
    """The inverse of `held`."""
    return unquote(name)


def write(folder: str, rows: Rows, settings: dict[str, Any], progress: Callable[[float], None]) -> None:
    """Bin some columns at a time, and save each part; memory holds one.

    `settings` are LightGBM's, its lists by feature and its places of features as for all columns. ConfigurationError
    where LightGBM refuses them, MachineError where the disk is full.
    """
    count = len(rows.names)
    parts = []
    for start in range(0, count, COLUMNS):
        stop = min(start + COLUMNS, count)
        part, file = _bin(rows, start, stop, settings), f"{start:05}.bin"
        _save(part, f"{folder}/{file}")
        parts.append({"file": file, "features": part.get_feature_name()})
        progress((stop - start) / count)
    # Written last: without it, the others are no dataset.
    write_table(pa.Table.from_pylist(parts), f"{folder}/{TABLE}", KIND)


def join(folder: str, settings: dict[str, Any]) -> lightgbm.Dataset:
    """All columns, as if they had been binned at once; DataError where `folder` is not what `write` wrote.

    `settings` must be those that `write` was given, but for the number of threads.
    """
    # In a thread of its own, for which the C library keeps memory of its own: in the gaps that the parts leave
    # behind, the bins would take 1.4 times their size.
    with ThreadPoolExecutor(1) as aside:
        return reduce(lambda left, right: aside.submit(_beside, left, right).result(), _loaded(folder, settings))


def _bin(rows: Rows, start: int, stop: int, settings: dict[str, Any]) -> lightgbm.Dataset:
    """The columns from `start` to `stop`."""
    places = [place - start for place in settings.get("categorical_feature", []) if start <= place < stop]
    # LightGBM reads the columns of an Arrow table where they are; an array it would copy as floats.
    names = [held(name) for name in rows.names[start:stop]]
    table = pa.table([pa.array(column) for column in rows.columns(start, stop).T], names=names)
    own = _of_columns(settings, start, stop)
    try:
        return lightgbm.Dataset(table, rows.target, params=own, categorical_feature=places).construct()
    except lightgbm.basic.LightGBMError as error:
        raise ConfigurationError(f"LightGBM cannot bin with these parameters of `model.dataset`: {error}.") from None


def _of_columns(settings: dict[str, Any], start: int, stop: int) -> dict[str, Any]:
    """Settings with the part of each list by feature; places of features are apart."""
    own = {name: value for name, value in settings.items() if name != "categorical_feature"}
    if "max_bin_by_feature" in own:
        own["max_bin_by_feature"] = own["max_bin_by_feature"][start:stop]
    return own


def _save(part: lightgbm.Dataset, path: str) -> None:
    # What is lost when the file is closed, LightGBM does not notice.
    with suppress(lightgbm.basic.LightGBMError):
        part.save_binary(path)
    if not _is_whole(path):
        raise unwritten(path, "LightGBM does not say why")


def _loaded(folder: str, settings: dict[str, Any]) -> Iterator[lightgbm.Dataset]:
    """Each part, in order."""
    start = 0
    for part in read_table(f"{folder}/{TABLE}", KIND).to_pylist():
        stop = start + len(part["features"])
        yield _load(f"{folder}/{part['file']}", part["features"], _of_columns(settings, start, stop))
        start = stop


def _load(path: str, features: list[str], settings: dict[str, Any]) -> lightgbm.Dataset:
    # LightGBM itself prints, and may crash, on a file that is not its own.
    if not _is_whole(path):
        raise broken(path, KIND)
    try:
        part = lightgbm.Dataset(path, params=settings).construct()
    except lightgbm.basic.LightGBMError as error:
        raise DataError(f"LightGBM cannot use {path} ({str(error).rstrip('.')}). `dvc repro` makes it anew.") from None
    if part.get_feature_name() != features:
        raise broken(path, KIND)
    return part


def _beside(left: lightgbm.Dataset, right: lightgbm.Dataset) -> lightgbm.Dataset:
    """`left` with the columns of `right` added."""
    with warnings.catch_warnings():
        # Both are about the values before binning, which nobody has any more.
        warnings.filterwarnings("ignore", "Cannot add features from|Resetting categorical features", UserWarning)
        return left.add_features_from(right)


def _is_whole(path: str) -> bool:
    """Whether a file begins as LightGBM's do, and ends where its sections do, each of which comes after its size."""
    try:
        content = np.memmap(path, dtype=np.uint8, mode="r")
    except (ValueError, OSError):  # ValueError: an empty file
        return False
    if content[: len(TOKEN)].tobytes() != TOKEN:
        return False
    place = len(TOKEN)
    while place + 8 <= len(content):
        place += 8 + int.from_bytes(content[place : place + 8].tobytes(), "little")
    return place == len(content)
