"""A parquet file becomes a store: the same bytes however it is cut and however often it is interrupted."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from numerai_rounds.base.errors import DataError
from numerai_rounds.io.fetch import convert, layout
from numerai_rounds.io.files import parquet
from numerai_rounds.io.history import manifest, packed
from tests import tiny
from tests.io import stores

SOURCE, STORE = Path("train.parquet"), Path("store")
ROWS = tiny.TRAIN_ERAS * tiny.ROWS_PER_ERA
IDENTITY = "etag:1"


@pytest.fixture
def train() -> pd.DataFrame:
    return tiny.market().train


def make(folder: Path = STORE, identity: str = IDENTITY) -> Path:
    convert.convert(SOURCE, "train", identity, folder)
    return folder


def equal(found: Path, train: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(stores.table(found), stores.expected(train))


@pytest.mark.parametrize("row_group_size", [7, 100, ROWS])
@pytest.mark.parametrize("block", [1, 5 * ROWS, 1 << 30], ids=["one feature", "five features", "all features"])
@pytest.mark.parametrize(("chunk_rows", "tail_rows"), [(200, 60), (10_000, 10_000)], ids=["many chunks", "one chunk"])
def test_every_value_is_there_however_file_and_store_are_cut(
    monkeypatch: pytest.MonkeyPatch,
    train: pd.DataFrame,
    row_group_size: int,
    block: int,
    chunk_rows: int,
    tail_rows: int,
) -> None:
    train[tiny.FEATURES[3]] = train[tiny.FEATURES[3]].astype("Int8").mask(train["era"] < "0004")
    train.iloc[5:9, -1] = np.nan
    monkeypatch.setattr(layout, "CHUNK_ROWS", chunk_rows)
    monkeypatch.setattr(layout, "TAIL_ROWS", tail_rows)
    train.to_parquet(SOURCE)
    whole = stores.content(make(Path("whole")))

    monkeypatch.setattr(convert, "BLOCK_BYTES", block)
    monkeypatch.setattr(parquet, "BATCH_ROWS", 50)
    train.to_parquet(SOURCE, row_group_size=row_group_size)
    equal(make(), train)
    assert stores.content(STORE) == whole


def test_chunks_are_whole_eras_within_their_size(monkeypatch: pytest.MonkeyPatch, train: pd.DataFrame) -> None:
    stores.small_chunks(monkeypatch)
    train.to_parquet(SOURCE)
    side = manifest.verify(make())
    assert [chunk.name for chunk in side.chunks] == [
        *("0001-0010", "0011-0020"),
        *("0021-0023", "0024-0026", "0027-0029", "0030"),
    ]
    assert [(era.era, era.data_type, era.rows) for era in side.eras.values()] == [
        (era, "train", tiny.ROWS_PER_ERA) for era in train["era"].unique()
    ]
    assert (side.features, side.targets) == (tiny.FEATURES, tiny.TARGETS)


def test_a_chunks_targets_are_a_table_that_pandas_reads(train: pd.DataFrame) -> None:
    train.to_parquet(SOURCE)
    (path,) = (make() / "targets").iterdir()
    pd.testing.assert_frame_equal(pd.read_parquet(path), train[["era", *tiny.TARGETS]])


def test_absent_values_are_counted_chunk_by_chunk(monkeypatch: pytest.MonkeyPatch, train: pd.DataFrame) -> None:
    stores.small_chunks(monkeypatch)
    first, last = tiny.FEATURES[0], tiny.FEATURES[-1]
    train[first] = train[first].astype("Int8").mask(train["era"] < "0013")
    train[last] = train[last].astype("Int8")
    train.iloc[:5, train.columns.get_loc(last)] = pd.NA
    train.to_parquet(SOURCE)
    side = manifest.read(make())
    assert [chunk.absent for chunk in side.chunks] == [
        {first: 10 * tiny.ROWS_PER_ERA, last: 5},
        {first: 2 * tiny.ROWS_PER_ERA},
        *([{}] * 4),
    ]
    equal(STORE, train)


def double(table: pa.Table) -> pa.Table:
    for name in tiny.TARGETS:
        table = table.set_column(table.schema.get_field_index(name), name, table[name].cast(pa.float64()))
    return table


def null_targets(table: pa.Table) -> pa.Table:
    for name in tiny.TARGETS:
        values = pa.array(table[name].to_numpy(), from_pandas=True)
        table = table.set_column(table.schema.get_field_index(name), name, values)
    return table


def large_text(table: pa.Table) -> pa.Table:
    for name in ("id", "era", "data_type"):
        table = table.set_column(table.schema.get_field_index(name), name, table[name].cast(pa.large_string()))
    return table


def small_text(table: pa.Table) -> pa.Table:
    for name in ("id", "era", "data_type"):
        table = table.set_column(table.schema.get_field_index(name), name, table[name].cast(pa.string()))
    return table


@pytest.mark.parametrize("change", [double, null_targets, large_text, small_text])
def test_other_types_of_the_same_values_give_the_same_store(
    train: pd.DataFrame, change: Callable[[pa.Table], pa.Table]
) -> None:
    train.iloc[40:50, -2] = np.nan
    train.to_parquet(SOURCE)
    whole = stores.content(make(Path("whole")))
    pq.write_table(change(pq.read_table(SOURCE)), SOURCE)
    assert stores.content(make()) == whole


def test_an_eras_digests_tell_which_half_of_it_changed(train: pd.DataFrame) -> None:
    def eras(table: pd.DataFrame) -> dict[str, manifest.Era]:
        table.to_parquet(SOURCE)
        return manifest.read(make()).eras

    def different(found: dict[str, manifest.Era], kind: str) -> list[str]:
        return [label for label, era in before.items() if getattr(era, kind) != getattr(found[label], kind)]

    before = eras(train)
    other = train.copy()
    other.loc[other["era"] == "0007", "target_agnes_20"] = np.float32(np.nan)
    found = eras(other)
    assert (different(found, "features"), different(found, "targets")) == ([], ["0007"])
    other = train.copy()
    other.iloc[100, 5] = (other.iloc[100, 5] + 1) % 5
    found = eras(other)
    assert (different(found, "features"), different(found, "targets")) == (["0005"], [])
    found = eras(train.set_axis(pd.Index(["other", *train.index[1:]], name="id")))
    assert (different(found, "features"), different(found, "targets")) == (["0001"], [])


@pytest.mark.parametrize("statistics", [True, False])
@pytest.mark.parametrize("value", [-1, 5, 100])
def test_a_feature_beyond_its_levels_is_refused(train: pd.DataFrame, value: int, statistics: bool) -> None:
    train.iloc[-1, 6] = np.int8(value)
    train.to_parquet(SOURCE, row_group_size=50, write_statistics=statistics)
    low, high = min(0, value), max(4, value)
    sentence = rf"^train: features must lie within 0 to 4 \({tiny.FEATURES[4]} goes from {low} to {high}\)"
    with pytest.raises(DataError, match=sentence):
        make()
    assert not (STORE / manifest.NAME).exists()


class KilledError(BaseException):
    """Ends a run in the middle, as a signal would."""


@pytest.fixture
def few_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of two features of twelve, saved after every second block, in chunks of ten eras."""
    stores.small_chunks(monkeypatch)
    monkeypatch.setattr(convert, "BLOCK_BYTES", 2 * ROWS)
    monkeypatch.setattr(convert, "SAVED_EVERY", 2)


def killed(step: tuple[Any, str], calls: int) -> bool:
    """Convert until `step` was done `calls` times; whether the next one was its end."""
    owner, name = step
    original, done = getattr(owner, name), iter(range(calls))

    def counted(*arguments: Any, **options: Any) -> Any:
        if next(done, None) is None:
            raise KilledError
        return original(*arguments, **options)

    with pytest.MonkeyPatch.context() as patch, suppress(KilledError):
        patch.setattr(owner, name, counted)
        make()
        return False
    return True


def decoded() -> list[str]:
    """Convert to the end; the features that were decoded."""
    names: list[str] = []
    original = parquet.batches

    def recorded(file: pq.ParquetFile, columns: list[str]) -> Iterator[pa.RecordBatch]:
        names.extend(name for name in columns if name.startswith("feature_"))
        return original(file, columns)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parquet, "batches", recorded)
        make()
    return names


WRITE, FLUSH, FINISH, RENAME = (
    *((packed.Writer, name) for name in ("write", "flush", "finish")),
    (Path, "replace"),
)


@pytest.mark.usefixtures("few_together")
@pytest.mark.parametrize(
    ("step", "calls"),
    [
        *((WRITE, calls) for calls in (0, 3, 14, 24, 35)),  # of six blocks times six chunks
        *((FLUSH, calls) for calls in (0, 5, 7, 18, 23)),  # after every second block, and at the end
        *((FINISH, calls) for calls in (0, 5)),
        *((RENAME, calls) for calls in (0, 1, 2, 3, 8, 9)),  # of the progress, of targets, of the manifest
    ],
    ids=lambda value: value if isinstance(value, int) else value[1],
)
def test_an_interrupted_conversion_goes_on_where_it_stopped(
    train: pd.DataFrame, step: tuple[Any, str], calls: int
) -> None:
    train.to_parquet(SOURCE)
    whole = stores.content(make(Path("whole")))
    assert killed(step, calls)
    assert not (STORE / manifest.NAME).exists()
    progress = STORE / convert.PROGRESS
    saved = json.loads(progress.read_text())["features"] if progress.exists() else 0
    assert decoded() == tiny.FEATURES[saved:]
    assert stores.content(STORE) == whole


@pytest.mark.usefixtures("few_together")
def test_most_of_an_interrupted_conversion_is_saved(train: pd.DataFrame) -> None:
    train.to_parquet(SOURCE)
    assert killed(WRITE, 5 * 6)
    assert decoded() == tiny.FEATURES[8:]
    assert not (STORE / convert.PROGRESS).exists()


@pytest.mark.usefixtures("few_together")
def test_an_interrupted_conversion_of_another_source_is_not_continued(train: pd.DataFrame) -> None:
    train.to_parquet(SOURCE)
    assert killed(WRITE, 5 * 6)
    other = tiny.market(seed=1).train
    other.to_parquet(SOURCE)
    equal(make(identity="etag:2"), other)
    assert stores.content(STORE) == stores.content(make(Path("whole")))


@pytest.mark.usefixtures("few_together")
@pytest.mark.parametrize("harm", [stores.ABSENT, "emptied", "no progress", "broken progress", "strange progress"])
def test_what_is_not_as_the_progress_says_is_begun_again(train: pd.DataFrame, harm: str) -> None:
    train.to_parquet(SOURCE)
    assert killed(WRITE, 5 * 6)
    file, progress = STORE / "features/0024-0026.levels", STORE / convert.PROGRESS
    match harm:
        case stores.ABSENT:
            file.unlink()
        case "emptied":
            file.write_bytes(b"")
        case "no progress":
            progress.unlink()
        case "broken progress":
            progress.write_text("{")
        case "strange progress":
            progress.write_text('["identity", "features"]')
    assert decoded() == tiny.FEATURES
    equal(STORE, train)
