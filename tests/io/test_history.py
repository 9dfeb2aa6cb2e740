"""The reader: whole eras, in order, however the store is cut; missing features as configured; no damage unseen."""

import pickle
import threading
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

from numerai_rounds.base.errors import ConfigurationError, DataError
from numerai_rounds.io.fetch import layout
from numerai_rounds.io.files import paths
from numerai_rounds.io.history.live import Live
from numerai_rounds.io.history.prefetch import ahead
from numerai_rounds.io.history.reader import EraRows, History
from numerai_rounds.io.history.training import TrainingRows
from tests import tiny
from tests.io import stores

TARGET = tiny.MAIN_TARGET
ERA = tiny.ROWS_PER_ERA
RESTORE = r"`rounds mend` restores it.*`dvc repro --force fetch@history`"


@pytest.fixture
def market() -> tiny.Market:
    return tiny.market()


@pytest.fixture(params=[4, 1000], ids=["four eras a chunk", "one chunk"])
def any_chunks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "CHUNK_ROWS", request.param * ERA)
    monkeypatch.setattr(layout, "TAIL_ROWS", request.param * ERA)


def strict() -> History:
    """The history that is in place; no feature may be absent."""
    return History(missing_features="refuse")


def read(side: str, eras: Collection[str], features: Sequence[str] = (), *targets: str) -> list[EraRows]:
    """Eras of it."""
    return list(strict().read(side, eras, features, targets or [TARGET]))


def training(eras: Sequence[str], names: list[str]) -> TrainingRows:
    """The rows of it to train on."""
    return strict().training(eras, names, TARGET)


def of(table: pd.DataFrame, era: str) -> pd.DataFrame:
    return table[table["era"] == era]


@pytest.mark.usefixtures("any_chunks")
@pytest.mark.parametrize("side", ["train", "validation"])
def test_eras_come_whole_and_in_order(market: tiny.Market, side: str) -> None:
    stores.place(market)
    table = getattr(market, side)
    eras = list(table["era"].unique())
    wanted = [eras[place] for place in (1, 2, 8, -1)]
    chosen = tiny.FEATURES[3:9][::-1]
    other = "target_agnes_20"
    found = read(side, set(wanted), chosen, TARGET, other)
    assert [era.era for era in found] == wanted
    for era in found:
        expected = of(table, era.era)
        assert era.ids.to_pylist() == list(expected.index)
        assert (era.features.dtype, era.targets[TARGET].dtype) == (np.int8, np.float32)
        np.testing.assert_array_equal(era.features.T, expected[chosen])
        assert list(era.targets) == [TARGET, other]
        for name, values in era.targets.items():
            np.testing.assert_array_equal(values, expected[name])
        assert era.features.flags.c_contiguous


def test_nothing_is_read_where_nothing_is_asked_for(market: tiny.Market) -> None:
    stores.place(market)
    assert read("train", [], tiny.FEATURES) == []
    for eras, features, target, sentence in (
        (["0031"], tiny.FEATURES, TARGET, "train has no era '0031': did you mean '0030'"),
        (
            ["0007"],
            ["feature_strenght4"],
            TARGET,
            "train has no feature 'feature_strenght4': did you mean 'feature_str",
        ),
        (["0007"], tiny.FEATURES, "target_enders_20", "train has no target 'target_enders_20': did you mean"),
    ):
        with pytest.raises(ConfigurationError, match=sentence):
            read("train", eras, features, target)
    (era,) = read("train", ["0007"])
    assert era.features.shape == (0, ERA)
    (era,) = strict().read("train", ["0007"])
    assert era.targets == {}


def test_names_come_in_the_order_of_the_columns(market: tiny.Market) -> None:
    market.train = market.train[["era", "data_type", *tiny.FEATURES[::-1], *tiny.TARGETS]]
    stores.place(market)
    assert strict().features("train") == tiny.FEATURES[::-1]
    assert strict().features("validation") == tiny.FEATURES
    assert strict().feature_sets() == tiny.LISTED["feature_sets"]


@pytest.mark.usefixtures("any_chunks")
def test_rows_whose_target_is_known(market: tiny.Market) -> None:
    gaps = [1, 2, ERA - 1]
    market.train.iloc[gaps, market.train.columns.get_loc(TARGET)] = np.nan
    stores.place(market)
    first, second = read("train", ["0001", "0002"], tiny.FEATURES)
    expected = of(market.train, "0001").drop(index=market.train.index[gaps])
    known = first.known(TARGET)
    assert (known.era, known.ids.to_pylist()) == ("0001", list(expected.index))
    np.testing.assert_array_equal(known.features.T, expected[tiny.FEATURES])
    np.testing.assert_array_equal(known.targets[TARGET], expected[TARGET])
    assert known.features.flags.c_contiguous
    assert second.known(TARGET) is second
    (unknown,) = read("validation", ["0044"], tiny.FEATURES)
    assert unknown.known(TARGET).features.shape == (len(tiny.FEATURES), 0)


def plain(market: tiny.Market, eras: list[str]) -> pd.DataFrame:
    """The rows to train on, as pandas picks them."""
    return market.train[market.train["era"].isin(eras) & market.train[TARGET].notna()]


EVERY_THIRD = [f"{era:04d}" for era in range(2, tiny.TRAIN_ERAS, 3)]
ALL = [f"{era:04d}" for era in range(1, tiny.TRAIN_ERAS + 1)]


@pytest.mark.usefixtures("any_chunks")
@pytest.mark.parametrize("eras", [ALL, EVERY_THIRD, ["0030"], ["0004"], []], ids=lambda eras: f"{len(eras)} eras")
def test_rows_to_train_on_are_those_of_a_plain_table(market: tiny.Market, eras: list[str]) -> None:
    target = market.train.columns.get_loc(TARGET)
    market.train.iloc[::5, target] = np.nan
    market.train.iloc[3 * ERA : 4 * ERA, target] = np.nan
    stores.place(market)
    names = tiny.FEATURES[::-2]
    rows = training(eras, names)
    expected = plain(market, eras)
    assert rows.names == names
    assert rows.target.dtype == np.float32
    np.testing.assert_array_equal(rows.target, expected[TARGET])
    for start, stop in ((0, len(names)), (1, 3), (5, 6), (2, 2)):
        columns = rows.columns(start, stop)
        assert (columns.dtype, columns.shape) == (np.int8, (len(expected), stop - start))
        np.testing.assert_array_equal(columns, expected[names[start:stop]])
        assert all(column.flags.c_contiguous for column in columns.T)
    for _ in range(2):
        blocks = list(rows.blocks())
        assert all(len(block) and block.dtype == np.int8 for block in blocks)
        assert all(column.flags.c_contiguous for block in blocks for column in block.T)
        found = np.concatenate(blocks) if blocks else np.empty((0, len(names)))
        np.testing.assert_array_equal(found, expected[names])


@pytest.mark.parametrize("eras", [ALL, ALL[::4]], ids=["all eras", "an era a chunk"])
def test_what_was_read_stays_as_it_is_while_it_is_held(
    monkeypatch: pytest.MonkeyPatch, market: tiny.Market, eras: list[str]
) -> None:
    """The reader uses the memory of a packed chunk again, and no other."""
    monkeypatch.setattr(layout, "CHUNK_ROWS", 4 * ERA)
    stores.place(market)
    expected = plain(market, eras)[tiny.FEATURES]
    held = [era.features.T for era in read("train", eras, tiny.FEATURES)]
    np.testing.assert_array_equal(np.concatenate(held), expected)
    held = list(training(eras, tiny.FEATURES).blocks())
    np.testing.assert_array_equal(np.concatenate(held), expected)
    held = [era.features[3] for era in read("train", eras, tiny.FEATURES)]
    np.testing.assert_array_equal(np.concatenate(held), expected[tiny.FEATURES[3]])


@pytest.mark.usefixtures("any_chunks")
def test_missing_features_are_the_middle_or_refused(market: tiny.Market) -> None:
    name, other = tiny.FEATURES[:2]
    market.train[name] = market.train[name].astype("Int8")
    market.train.iloc[:3, market.train.columns.get_loc(name)] = pd.NA
    stores.place(market)
    expected = market.train[name].fillna(2)
    for era in History().read("train", ALL, [other, name]):
        np.testing.assert_array_equal(era.features[1], expected[of(market.train, era.era).index])
    columns = History().training(ALL, [name], TARGET).columns(0, 1)
    np.testing.assert_array_equal(columns[:, 0], expected)

    sentence = rf"{name} is missing in 3 rows of eras? 0001.*missing_features=middle"
    with pytest.raises(DataError, match=sentence):
        read("train", ["0001"], [name])
    with pytest.raises(DataError, match=sentence):
        training(["0001"], [name]).columns(0, 1)
    read("train", ["0001"], [other])


@pytest.mark.usefixtures("any_chunks")
def test_features_missing_in_other_eras_or_rows_are_no_reason_to_refuse(market: tiny.Market) -> None:
    name = tiny.FEATURES[0]
    market.train[name] = market.train[name].astype("Int8").mask(market.train["era"] == "0001")
    stores.place(market)
    (era,) = read("train", ["0002"], [name])
    np.testing.assert_array_equal(era.features[0], of(market.train, "0002")[name])
    columns = training(ALL[1:], [name]).columns(0, 1)
    np.testing.assert_array_equal(columns[:, 0], market.train[name].iloc[ERA:])


@pytest.mark.usefixtures("any_chunks")
def test_rows_are_counted_where_the_chosen_target_is_known(market: tiny.Market) -> None:
    market.train.iloc[:5, market.train.columns.get_loc("target_agnes_20")] = np.nan
    stores.place(market)
    table = strict().era_table("target_agnes_20").set_index("era")
    assert list(table.index) == [f"{era:04d}" for era in range(1, 45)]
    assert (table.loc["0001", "rows"], table.loc["0001", "resolved"]) == (24, 19)
    assert table.loc["0044", "resolved"] == 0
    assert list(table["data_type"].unique()) == ["train", "validation", "test"]
    assert strict().era_table(TARGET).set_index("era").loc["0001", "resolved"] == 24


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("target_ender_6", "did you mean 'target_ender_60'"),
        ("target", r"alias.*it equals target_ender_60 here.*`rounds compose target=target_ender_60`"),
    ],
)
def test_a_target_is_named_in_full(market: tiny.Market, target: str, sentence: str) -> None:
    stores.place(market)
    with pytest.raises(ConfigurationError, match=sentence):
        strict().era_table(target)


@pytest.mark.usefixtures("any_chunks")
def test_an_alias_that_equals_no_named_target_everywhere_is_said_so(market: tiny.Market) -> None:
    market.validation.iloc[100, market.validation.columns.get_loc("target")] = np.nan
    stores.place(market)
    with pytest.raises(
        ConfigurationError, match=r"it equals none of the named targets here. Name one of them: target_ender_20, "
    ):
        strict().era_table("target")


def test_the_only_target_may_be_called_target(market: tiny.Market) -> None:
    for side in ("train", "validation"):
        setattr(market, side, getattr(market, side).drop(columns=tiny.TARGETS[1:]))
    stores.place(market)
    assert strict().era_table("target")["resolved"].sum() == 42 * ERA


def test_live_data_without_a_feature_of_the_model_is_refused(market: tiny.Market) -> None:
    market.live = market.live.drop(columns=tiny.FEATURES[:5])
    stores.place(market)
    with pytest.raises(DataError, match=r"lacks 5 features that the model uses .*and 2 more.*`rounds open`"):
        Live().rows(tiny.FEATURES)


def test_live_rows_come_in_the_order_of_the_file(market: tiny.Market) -> None:
    name = tiny.FEATURES[4]
    market.live[name] = market.live[name].astype("Int8")
    market.live.iloc[7, market.live.columns.get_loc(name)] = pd.NA
    stores.place(market)
    chosen = tiny.FEATURES[::-3]
    ids, features = Live().rows([*chosen, name])
    assert list(ids) == list(market.live.index)
    np.testing.assert_array_equal(features.T, market.live[[*chosen, name]].fillna(2))
    with pytest.raises(DataError, match=f"{name} is missing in 1 rows of the live era"):
        Live(missing_features="refuse").rows([name])


def read_all() -> None:
    read("train", ALL, tiny.FEATURES)


def train_on_all() -> None:
    training(ALL, tiny.FEATURES).columns(0, len(tiny.FEATURES))


@pytest.mark.parametrize("reading", [read_all, train_on_all])
@pytest.mark.parametrize("harm", [stores.FLIPPED, stores.CUT, stores.APPENDED, stores.ABSENT])
@pytest.mark.parametrize("file", ["features/0011-0020.levels", "targets/0011-0020.parquet"])
def test_a_harmed_file_is_named_with_how_to_restore_it(
    monkeypatch: pytest.MonkeyPatch, market: tiny.Market, file: str, harm: str, reading
) -> None:
    stores.small_chunks(monkeypatch)
    stores.place(market)
    stores.harm(paths.raw("history", "train") / file, harm)
    with pytest.raises(DataError, match=rf"^data/raw/history/train/{file} is .*{RESTORE}"):
        reading()
    era, *_ = read("train", ["0003", "0025"], tiny.FEATURES)
    assert era.era == "0003"


@pytest.mark.parametrize("kind", ["features", "targets"])
def test_a_chunk_of_another_history_is_foreign(market: tiny.Market, kind: str) -> None:
    stores.place(tiny.market(seed=1))
    folder = paths.raw("history", "train")
    (path,) = (folder / kind).iterdir()
    other = path.read_bytes()
    stores.place(market)
    path.write_bytes(other)
    with pytest.raises(DataError, match=rf"^{path} is not the file that its manifest\.json tells of.*{RESTORE}"):
        read_all()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, r"is missing: there is no history here\. `dvc repro` fetches it, `rounds mend` restores it"),
        (b"{", rf"is no manifest of a store \(content: .*\)\. .*{RESTORE}"),
        (b"\xff\xfe", r"is no manifest of a store \(content: "),
        (
            b'{"format": 2, "features": [], "targets": [], "chunks": []}',
            r"is no manifest of a store \(format: Input should be 1\)",
        ),
        (b'{"format": 1, "features": [], "targets": []}', r"is no manifest of a store \(chunks: Field required\)"),
    ],
)
def test_a_harmed_manifest_is_named(market: tiny.Market, content: bytes | None, sentence: str) -> None:
    stores.place(market)
    path = paths.raw("history", "train") / "manifest.json"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    for reading in (read_all, lambda: strict().era_table(TARGET), lambda: strict().features("train")):
        with pytest.raises(DataError, match=rf"^{path} {sentence}"):
            reading()


def numbers(made: list[int], end: int, error: Exception | None = None) -> Iterator[int]:
    for number in range(end):
        made.append(number)
        yield number
    if error:
        raise error


def aheads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("ahead")]


def test_ahead_gives_the_same_items_and_makes_one_more_than_asked_for() -> None:
    assert list(ahead(iter([]))) == []
    made: list[int] = []
    for number in ahead(numbers(made, 5)):
        assert len(made) <= number + 2
    assert made == [0, 1, 2, 3, 4]
    assert list(ahead(iter([None, 0, ""]))) == [None, 0, ""]


def test_ahead_passes_on_what_goes_wrong_where_it_does() -> None:
    items = ahead(numbers([], 2, DataError("the third")))
    assert [next(items), next(items)] == [0, 1]
    with pytest.raises(DataError, match="the third"):
        next(items)
    assert not aheads()


def test_ahead_stops_with_its_consumer() -> None:
    made: list[int] = []
    items = ahead(numbers(made, 100, DataError("never")))
    assert next(items) == 0
    items.close()
    assert len(made) <= 2
    assert not aheads()


@pytest.mark.usefixtures("any_chunks")
def test_a_reader_that_is_left_early_leaves_no_thread_and_no_open_file(market: tiny.Market) -> None:
    stores.place(market)
    for era in strict().read("train", ALL, tiny.FEATURES, [TARGET]):
        if era.era == "0002":
            break
    del era
    assert not aheads()
    held = [Path(file.path) for file in psutil.Process().open_files()]
    assert not [path for path in held if path.suffix in (".levels", ".parquet")]


def test_a_history_is_read_from_any_folder_and_by_another_process_alike(
    market: tiny.Market, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stores.place(market)
    history = strict()
    expected = [era.features for era in history.read("train", ALL, tiny.FEATURES)]
    sent = pickle.dumps(history)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    for other in (pickle.loads(sent), History(tmp_path / paths.HISTORY)):
        np.testing.assert_array_equal([era.features for era in other.read("train", ALL, tiny.FEATURES)], expected)
        assert other.feature_sets() == tiny.LISTED["feature_sets"]


def test_what_a_side_consists_of_is_read_once(market: tiny.Market) -> None:
    stores.place(market)
    history = strict()
    assert history.features("train") == tiny.FEATURES
    (paths.raw("history", "train") / "manifest.json").write_text("{")
    assert len(list(history.read("train", ALL))) == len(ALL)
    assert [era.era for era in pickle.loads(pickle.dumps(history)).read("train", ALL[:2])] == ALL[:2]
    with pytest.raises(DataError, match="is no manifest of a store"):
        strict().features("train")
