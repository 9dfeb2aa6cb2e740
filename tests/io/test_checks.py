"""Fetched files are refused with a sentence that names what is wrong and where."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from numerai_rounds.base.errors import DataError
from numerai_rounds.io.fetch import checks
from numerai_rounds.io.fetch.convert import convert
from numerai_rounds.io.files import ids, paths
from numerai_rounds.io.history.live import Live
from numerai_rounds.io.history.reader import History
from tests import odd_names, tiny
from tests.io import stores

ROLES = ("features", "train", "validation", "live", "meta_model")


def check_all(folder: Path) -> None:
    for role in ROLES:
        checks.check_file(folder / ("features.json" if role == "features" else f"{role}.parquet"), role)
    check_together(folder)


def check_together(folder: Path) -> None:
    checks.check_history(stores.converted(folder))


def accept(path: Path, role: str) -> None:
    """What a file of a side must pass before it is history: features are checked where they are converted."""
    checks.check_file(path, role)
    convert(path, f"{role} ({path})", "any", Path("store"))


@pytest.fixture
def market() -> tiny.Market:
    return tiny.market()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"


@pytest.mark.parametrize(
    "options",
    [{}, {"row_group_size": 100}, {"write_statistics": False}],
    ids=["one row group", "many row groups", "no statistics"],
)
def test_sound_files_pass(folder: Path, market: tiny.Market, options: dict[str, object]) -> None:
    check_all(tiny.write_v5(folder, market, **options))


def test_missing_features_and_targets_are_left_to_the_reader(folder: Path, market: tiny.Market) -> None:
    name = tiny.FEATURES[0]
    market.train[name] = market.train[name].astype("Int8").mask(market.train["era"] == "0002")
    market.train["target_agnes_20"] = np.float32(np.nan)
    check_all(tiny.write_v5(folder, market))
    check_all(tiny.write_v5(folder, market, write_statistics=False))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", r"train \(.*train\.parquet\) is no parquet file: it is empty"),
        (b"<!DOCTYPE html><html>", r"is no parquet file: it begins with '<!DOCTYPE html><html>'"),
        (b"PAR1", r"has no parquet footer at its end \(4 bytes\)"),
        (
            b"PAR1\x00\x00\x00\x00\xff\xff\xff\x7fPAR1",
            r"is damaged: .*Run again to fetch it afresh",
        ),
    ],
)
def test_foreign_files_are_refused(folder: Path, content: bytes, sentence: str) -> None:
    folder.mkdir()
    (folder / "train.parquet").write_bytes(content)
    with pytest.raises(DataError, match=sentence):
        checks.check_file(folder / "train.parquet", "train")


@pytest.mark.parametrize("change", [lambda whole: whole[:-100], lambda whole: whole + b"\n"], ids=["cut", "appended"])
def test_truncated_and_oversized_files_are_refused(folder: Path, market: tiny.Market, change) -> None:
    path = tiny.write_v5(folder, market) / "train.parquet"
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(
        DataError, match=r"no parquet footer at its end .*: it was cut short, or something was appended"
    ):
        checks.check_file(path, "train")


def test_broken_pages_are_refused(folder: Path, market: tiny.Market) -> None:
    path = tiny.write_v5(folder, market) / "train.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[:4] + b"\xff" * 2000 + whole[2004:])
    with pytest.raises(DataError, match=r"train \(.*\) is damaged: it cannot be read as parquet"):
        checks.check_file(path, "train")


def pages(path: Path, name: str, row_group: int = 0) -> slice:
    """Where in a file the pages of a column are."""
    group = pa.parquet.read_metadata(path).row_group(row_group)
    column = next(each for each in map(group.column, range(group.num_columns)) if each.path_in_schema == name)
    start = column.dictionary_page_offset or column.data_page_offset
    return slice(start, start + column.total_compressed_size)


def last_of_dictionary(path: Path, name: str, row_group: int = 0) -> slice:
    """Where the last byte of what a column's dictionary holds is."""
    group = pa.parquet.read_metadata(path).row_group(row_group)
    column = next(each for each in map(group.column, range(group.num_columns)) if each.path_in_schema == name)
    return slice(column.data_page_offset - 1, column.data_page_offset)


def overwrite(path: Path, place: slice, octet: bytes) -> None:
    content = bytearray(path.read_bytes())
    content[place] = octet * (place.stop - place.start)
    path.write_bytes(content)


@pytest.mark.parametrize("name", [tiny.FEATURES[5], tiny.TARGETS[-1]])
@pytest.mark.parametrize("octet", [b"\xff", b"\x00"], ids=["ones", "zeros"])
def test_a_broken_page_of_any_column_is_refused(folder: Path, market: tiny.Market, name: str, octet: bytes) -> None:
    path = tiny.write_v5(folder, market, row_group_size=200) / "train.parquet"
    overwrite(path, pages(path, name, row_group=3), octet)
    with pytest.raises(DataError, match=r"train \(.*\) is damaged: .*Run again to fetch it afresh"):
        accept(path, "train")


def test_a_page_that_does_not_fit_its_checksum_is_refused(folder: Path, market: tiny.Market) -> None:
    market.train[tiny.FEATURES[0]] = np.int8(3)
    options = {"write_page_checksum": True, "compression": "none", "use_dictionary": False}
    path = tiny.write_v5(folder, market, **options) / "train.parquet"
    end = pages(path, tiny.FEATURES[0]).stop
    overwrite(path, slice(end - 4, end), b"\x00")
    with pytest.raises(DataError, match=r"is damaged: .*CRC"):
        accept(path, "train")


def test_predictions_are_decoded_too(folder: Path, market: tiny.Market) -> None:
    path = tiny.write_v5(folder, market) / "meta_model.parquet"
    overwrite(path, pages(path, "numerai_meta_model"), b"\xff")
    with pytest.raises(DataError, match=r"meta_model \(.*\) is damaged"):
        checks.check_file(path, "meta_model")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("<html>", r"features \(.*features\.json\) is no features\.json of the tournament \(content: Invalid JSON"),
        ('{"feature_sets": {}}', r"targets: Field required"),
        (
            '{"feature_sets": {"small": "feature_a"}, "targets": []}',
            r"feature_sets\.small: Input should be a valid list",
        ),
    ],
)
def test_a_foreign_features_file_is_refused(folder: Path, content: str, sentence: str) -> None:
    folder.mkdir()
    (folder / "features.json").write_text(content)
    with pytest.raises(DataError, match=sentence):
        checks.check_file(folder / "features.json", "features")


def with_levels(*levels: int):
    def change(table: pd.DataFrame) -> pd.DataFrame:
        table.iloc[: len(levels), 4] = np.array(levels, np.int8)
        return table

    return change


def with_eras(*eras: str):
    def change(table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(era=np.repeat([*eras], len(table) // len(eras)))

    return change


@pytest.mark.parametrize("statistics", [True, False])
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda table: table.reset_index(drop=True), r"has no `id`: its columns are era, data_type, .* more"),
        (lambda table: table.set_axis(pd.RangeIndex(len(table), name="id")), r"has no `id`"),
        (lambda table: table.drop(columns="era"), r"has no column `era`: its columns are data_type"),
        (lambda table: table.assign(era=table["era"].astype(int)), r"`era` must be text \(got int64\), such as '0575'"),
        (
            lambda table: table.set_axis(pd.Index(range(len(table)), dtype=np.int32, name="id")),
            r"`id` must be text \(got int32\), such as 'n",
        ),
        (lambda table: table.drop(columns=tiny.FEATURES), r"has no column `feature_\.\.\.`"),
        (lambda table: table.drop(columns=tiny.TARGETS), r"has no column `target_\.\.\.`"),
        (
            lambda table: table.astype({tiny.FEATURES[0]: float, tiny.FEATURES[1]: "int16"}),
            r"features must be int8 \(feature_intelligence1 is double, feature_intelligence2 is int16\)",
        ),
        (lambda table: table.assign(target_agnes_20=1), r"targets must be float32 \(target_agnes_20 is int64\)"),
        (
            lambda table: table.assign(target_agnes_20=88.5),
            r"targets must .* \(target_agnes_20 goes from 88\.5 to 88\.5\)",
        ),
        (lambda table: table.assign(target_agnes_20=np.inf), r"targets must lie within 0 to 1"),
        (with_levels(9), r"features must lie within 0 to 4 \(feature_intelligence3 goes from 0 to 9\)"),
        (with_levels(-1, 5), r"feature_intelligence3 goes from -1 to 5"),
        (with_eras("0575", "576"), r"era labels of mixed width \('576', '0575'\)"),
        (with_eras("0002", "0001"), r"era '0001' comes after era '0002'"),
        (with_eras("0001", "0002", "0001"), r"era '0001' comes after era '0002'"),
        (with_eras("X"), r"era 'X' is not a number"),
        (lambda table: table.assign(era=table["era"].where(table["era"] != "0003")), r"some rows have no era"),
        (
            lambda table: table.assign(data_type=table["data_type"].where(table["era"] < "0029", "live")),
            r"data_type must be train \(got 'live' in era 0029, 'live' in era 0030\)",
        ),
        (lambda table: table.head(0), r"holds no rows"),
    ],
)
def test_bad_tables_are_refused(folder: Path, market: tiny.Market, change, sentence: str, statistics: bool) -> None:
    market.train = change(market.train)
    path = tiny.write_v5(folder, market, write_statistics=statistics) / "train.parquet"
    with pytest.raises(DataError, match=rf"^(train \(.*train\.parquet\).*)?{sentence}"):
        accept(path, "train")


def test_an_era_of_two_data_types_is_refused(folder: Path, market: tiny.Market) -> None:
    market.validation.iloc[0, 1] = "test"
    path = tiny.write_v5(folder, market) / "validation.parquet"
    with pytest.raises(DataError, match="era 0031 is of more than one data_type"):
        checks.check_file(path, "validation")


def test_live_rows_of_a_numbered_era_are_refused(folder: Path, market: tiny.Market) -> None:
    market.live.iloc[0, 0] = "0045"
    path = tiny.write_v5(folder, market) / "live.parquet"
    with pytest.raises(DataError, match=r"the era of live rows must be 'X' \(got '0045', 'X'\)"):
        checks.check_file(path, "live")


@pytest.mark.parametrize("statistics", [True, False])
def test_features_of_live_rows_are_checked(folder: Path, market: tiny.Market, statistics: bool) -> None:
    market.live = with_levels(-1, 5)(market.live)
    path = tiny.write_v5(folder, market, write_statistics=statistics) / "live.parquet"
    with pytest.raises(
        DataError, match=r"live \(.*\): features must lie within 0 to 4 \(feature_.*3 goes from -1 to 5\)"
    ):
        checks.check_file(path, "live")


def test_a_broken_page_of_live_features_is_refused(folder: Path, market: tiny.Market) -> None:
    path = tiny.write_v5(folder, market) / "live.parquet"
    overwrite(path, pages(path, tiny.FEATURES[5]), b"\xff")
    with pytest.raises(DataError, match=r"live \(.*\) is damaged"):
        checks.check_file(path, "live")


def test_an_extra_without_predictions_is_refused(folder: Path, market: tiny.Market) -> None:
    market.extras["meta_model"] = market.validation[["era"]]
    path = tiny.write_v5(folder, market) / "meta_model.parquet"
    with pytest.raises(DataError, match=r"meta_model \(.*\) has no column of floats"):
        checks.check_file(path, "meta_model")


def renamed(table: pd.DataFrame, row: int, name: str | None) -> pd.DataFrame:
    names = table.index.to_list()
    return table.set_axis(pd.Index([*names[:row], name, *names[row + 1 :]], name="id"))


@pytest.mark.parametrize("name", [None, ""])
def test_rows_without_an_id_are_refused(folder: Path, market: tiny.Market, name: str | None) -> None:
    market.live = renamed(market.live, 3, name)
    path = tiny.write_v5(folder, market) / "live.parquet"
    with pytest.raises(DataError, match=r"live \(.*\): 1 rows have no id"):
        checks.check_file(path, "live")


def test_duplicate_ids_are_refused(folder: Path, market: tiny.Market) -> None:
    twice = market.train.index[100]
    market.train = renamed(market.train, 5, twice)
    tiny.write_v5(folder, market)
    with pytest.raises(DataError, match=rf"train \(.*\): 1 ids occur more than once \({twice}\)"):
        checks.check_file(folder / "train.parquet", "train")


def test_an_id_of_train_that_comes_again_in_validation_is_refused(folder: Path, market: tiny.Market) -> None:
    for row in range(5):
        market.validation = renamed(market.validation, row, market.train.index[row])
    tiny.write_v5(folder, market)
    checks.check_file(folder / "validation.parquet", "validation")
    with pytest.raises(DataError, match=r"train .* and validation .*: 5 ids occur more than once \(.* and 2 more\)"):
        check_together(folder)


def test_ids_that_only_share_a_hash_pass(folder: Path, market: tiny.Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids, "hashes", lambda values: np.zeros(len(values), np.uint64))
    check_all(tiny.write_v5(folder, market))


def test_train_and_validation_of_different_features_are_refused(folder: Path, market: tiny.Market) -> None:
    market.validation = market.validation.rename(columns={tiny.FEATURES[0]: "feature_new"})
    sentence = r"differ in their features: in the first, 1 absent \(feature_intelligence1\) and 1 extra \(feature_new\)"
    with pytest.raises(DataError, match=sentence):
        check_together(tiny.write_v5(folder, market))


def test_a_set_of_absent_features_is_refused(folder: Path, market: tiny.Market) -> None:
    market.features["feature_sets"]["medium"] = [tiny.FEATURES[0], "feature_a", "feature_b"]
    sentence = r"set medium names 2 columns that are absent \(feature_a, feature_b\)"
    with pytest.raises(DataError, match=sentence):
        check_together(tiny.write_v5(folder, market))


def test_a_target_that_is_no_column_is_refused(folder: Path, market: tiny.Market) -> None:
    market.validation = market.validation.drop(columns="target_agnes_20")
    with pytest.raises(DataError, match=r"validation .* lacks targets that features\.json names \(target_agnes_20\)"):
        check_together(tiny.write_v5(folder, market))


@pytest.mark.parametrize(
    ("first", "sentence"),
    [("0030", "era '0030' comes after era '0030'"), ("31", "mixed width")],
    ids=["overlap", "mixed width"],
)
def test_validation_must_follow_train(folder: Path, market: tiny.Market, first: str, sentence: str) -> None:
    market.validation.iloc[: tiny.ROWS_PER_ERA, 0] = first
    with pytest.raises(DataError, match=rf"train and validation together: .*{sentence}"):
        check_together(tiny.write_v5(folder, market))


def test_values_of_every_row_group_are_checked(folder: Path, market: tiny.Market) -> None:
    market.train.iloc[-1, 2] = 7
    path = tiny.write_v5(folder, market, row_group_size=50) / "train.parquet"
    with pytest.raises(DataError, match=r"feature_intelligence1 goes from 0 to 7"):
        accept(path, "train")


def cast(kind: pa.DataType, *names: str) -> Callable[[pa.Table], pa.Table]:
    def change(table: pa.Table) -> pa.Table:
        for name in names:
            values = table[name].combine_chunks()
            encoded = values.dictionary_encode() if pa.types.is_dictionary(kind) else values
            table = table.set_column(table.schema.get_field_index(name), name, encoded.cast(kind))
        return table

    return change


def with_unknown_columns(table: pa.Table) -> pa.Table:
    rows = table.num_rows
    more = {
        "ticker": pa.array(["a"] * rows),
        "id.x": pa.nulls(rows),
        "note": pa.array([{"id": 1, "era": "0001"}] * rows),
        "__index_level_0__": pa.array(range(rows)),
        "prediction": pa.array([0.5] * rows),
    }
    return pa.table({**more, **dict(zip(table.column_names, table.columns, strict=True))})


LABELS = ("id", "era", "data_type")


@pytest.mark.parametrize(
    "change",
    [
        cast(pa.string(), *LABELS),
        cast(pa.large_string(), *LABELS),
        cast(pa.string_view(), *LABELS),
        cast(pa.dictionary(pa.int32(), pa.string()), *LABELS),
        cast(pa.dictionary(pa.int16(), pa.large_string()), *LABELS),
        cast(pa.float64(), "target_ender_20"),
        with_unknown_columns,
        lambda table: table.replace_schema_metadata(None),
        lambda table: table.replace_schema_metadata({"pandas": "no json"}),
        lambda table: table.select(["id", *table.column_names[:-1]]),
    ],
    ids=[
        *("string", "large_string", "string_view", "dictionary", "dictionary of large_string"),
        *("float64", "unknown columns", "plain id", "metadata of nobody", "id first"),
    ],
)
@pytest.mark.parametrize("rows", [100, 65_536])
def test_files_of_other_writers_make_the_same_store(
    folder: Path, market: tiny.Market, change: Callable[[pa.Table], pa.Table], rows: int
) -> None:
    tiny.write_v5(folder, market)
    accept(folder / "train.parquet", "train")
    expected = Path("store/manifest.json").read_bytes()
    for role in ("train", "validation", "live"):
        table = change(pq.read_table(folder / f"{role}.parquet"))
        pq.write_table(table, folder / f"{role}.parquet", compression="zstd", use_dictionary=False, row_group_size=rows)
    check_all(folder)
    accept(folder / "train.parquet", "train")
    assert Path("store/manifest.json").read_bytes() == expected


@pytest.mark.parametrize("kind", [pa.null(), pa.int64(), pa.string(), pa.timestamp("ns"), pa.bool_()], ids=str)
def test_a_target_without_a_value_may_be_of_any_type(folder: Path, market: tiny.Market, kind: pa.DataType) -> None:
    market.train["target_agnes_20"] = np.float32(np.nan)
    tiny.write_v5(folder, market)
    place = market.train.columns.get_loc("target_agnes_20")
    rewrite(
        folder / "train.parquet",
        lambda table: table.set_column(place, "target_agnes_20", pa.nulls(table.num_rows, kind)),
    )
    accept(folder / "train.parquet", "train")
    found = stores.table(Path("store"))
    assert found["target_agnes_20"].isna().all()
    pd.testing.assert_frame_equal(found, stores.expected(market.train))


def test_a_feature_may_have_any_name(folder: Path) -> None:
    market = tiny.market(features=odd_names.listed(40, tiny.TARGETS))
    check_all(tiny.write_v5(folder, market))
    store = folder.with_name("files-stores") / "train"
    pd.testing.assert_frame_equal(stores.table(store), stores.expected(market.train))


def test_features_json_of_other_keys_passes(folder: Path, market: tiny.Market) -> None:
    market.features["feature_stats"] = {}
    tiny.write_v5(folder, market)
    assert "feature_stats" in json.loads((folder / "features.json").read_text())
    check_all(folder)


def rewrite(path: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    pq.write_table(change(pq.read_table(path)), path)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda table: table.append_column(tiny.FEATURES[0], table[tiny.FEATURES[0]]), "more than one column feature_"),
        (lambda table: table.append_column("target", table["target"]), "more than one column target"),
        (lambda table: table.append_column("target_x_20", table["target"].cast("float16")), "target_x_20 is halffloat"),
    ],
)
def test_odd_columns_are_refused(
    folder: Path, market: tiny.Market, change: Callable[[pa.Table], pa.Table], sentence: str
) -> None:
    path = tiny.write_v5(folder, market) / "train.parquet"
    rewrite(path, change)
    with pytest.raises(DataError, match=sentence):
        accept(path, "train")


@pytest.mark.parametrize("name", ["id", "era", "data_type"])
@pytest.mark.parametrize(
    "kind", [pa.list_(pa.string()), pa.struct({"a": pa.string()}), pa.map_(pa.string(), pa.string())], ids=str
)
def test_a_label_that_holds_lists_or_the_like_is_refused(folder: Path, name: str, kind: pa.DataType) -> None:
    market = tiny.market()
    path = tiny.write_v5(folder, market) / "live.parquet"
    foreign = pa.nulls(len(market.live), kind)
    rewrite(path, lambda table: table.drop([name]).append_column(name, foreign).replace_schema_metadata(None))
    with pytest.raises(DataError, match=f"live .*: `{name}` must be text .got "):
        checks.check_file(path, "live")
    if name == "id":
        with pytest.raises(DataError, match=r"live .*: `id` must be text .got "):
            Live(path).ids()


@pytest.mark.parametrize("name", ["id", "era", "data_type"])
@pytest.mark.parametrize("encoded", [True, False], ids=["said once", "said in each row"])
def test_a_label_that_is_no_text_is_refused(folder: Path, name: str, encoded: bool) -> None:
    options = {"compression": "none", "use_dictionary": encoded}
    path = tiny.write_v5(folder, tiny.market(), **options) / "train.parquet"
    place = pages(path, name)
    overwrite(path, slice(place.stop - 1, place.stop) if not encoded else last_of_dictionary(path, name), b"\xff")
    with pytest.raises(DataError, match=r"train .* is damaged: .*UTF"):
        accept(path, "train")


@pytest.mark.parametrize("name", ["id", "data_type", tiny.FEATURES[0], "target_agnes_20"])
def test_a_name_that_is_no_text_is_refused(folder: Path, name: str) -> None:
    path = folder.with_name("train.parquet")
    pq.write_table(pa.Table.from_pandas(tiny.market().train).replace_schema_metadata(None), path, store_schema=False)
    path.write_bytes(path.read_bytes().replace(name.encode(), b"\xff" * len(name)))
    with pytest.raises(DataError, match=r"train .* is damaged: .*utf-8"):
        accept(path, "train")


def test_a_set_that_repeats_a_feature_is_refused(folder: Path, market: tiny.Market) -> None:
    market.features["feature_sets"]["small"] = [tiny.FEATURES[0]] * 2
    with pytest.raises(DataError, match="the sets small name a feature more than once"):
        checks.check_file(tiny.write_v5(folder, market) / "features.json", "features")


@pytest.mark.parametrize("kind", [pa.null(), pa.float64(), pa.string(), pa.timestamp("ns")], ids=str)
@pytest.mark.parametrize("roles", [("train", "validation", "live"), ("live",)], ids=" ".join)
def test_a_feature_without_a_value_may_be_of_any_type(
    folder: Path, market: tiny.Market, roles: tuple[str, ...], kind: pa.DataType
) -> None:
    name = tiny.FEATURES[3]
    tiny.write_v5(folder, market)
    for role in roles:
        table = pq.read_table(folder / f"{role}.parquet")
        place = table.schema.get_field_index(name)
        pq.write_table(table.set_column(place, name, pa.nulls(table.num_rows, kind)), folder / f"{role}.parquet")
    check_all(folder)
    for path in (folder.parent / "files-stores").glob("*"):
        assert stores.table(path)[name].isna().all() == (path.name in roles)
    assert (Live(folder / "live.parquet").rows([name])[1] == 2).all()


def test_features_json_may_begin_with_a_mark_of_its_encoding(folder: Path, market: tiny.Market) -> None:
    path = tiny.write_v5(folder, market) / "features.json"
    path.write_text(path.read_text(), encoding="utf-8-sig")
    check_all(folder)
    paths.HISTORY.mkdir(parents=True)
    path.replace(paths.raw("history", "features"))
    assert History().feature_sets() == tiny.LISTED["feature_sets"]


def test_a_target_that_is_named_twice_is_refused(folder: Path, market: tiny.Market) -> None:
    market.features["targets"] = [*tiny.TARGETS, tiny.MAIN_TARGET]
    tiny.write_v5(folder, market)
    with pytest.raises(DataError, match=rf"its `targets` name {tiny.MAIN_TARGET} more than once\.$"):
        checks.check_file(folder / "features.json", "features")
