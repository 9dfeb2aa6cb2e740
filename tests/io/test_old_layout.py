"""What is odd about the old tournament's CSVs: the order of their eras, test rows, features of other kinds."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numerai_rounds.base.errors import ConfigurationError, DataError
from numerai_rounds.base.params import Round
from numerai_rounds.io.fetch import checks
from numerai_rounds.io.legacy import convert as module
from numerai_rounds.io.legacy.convert import convert
from numerai_rounds.io.sources import local
from tests import tiny
from tests.io.test_local_source import bring, params

ENGINEERED = "feature_mean1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"


def scored(market: tiny.Market) -> pd.DataFrame:
    """The validation rows in the order of their eras."""
    rows = market.validation[market.validation["data_type"] == "validation"]
    return rows.sort_values("era", kind="stable")


def same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    columns = ["era", "data_type", *tiny.FEATURES]
    pd.testing.assert_frame_equal(found[columns], expected[columns])
    np.testing.assert_array_equal(found["target"], expected[tiny.MAIN_TARGET])


def test_eras_in_the_published_order_come_in_that_of_their_numbers(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    market = tiny.published()
    staging = bring(tiny.write_old(folder, market), tmp_path / "staging")
    for role, expected in (
        ("train", market.train),
        ("validation", scored(market)),
        ("live", market.live[market.live["data_type"] == "live"]),
    ):
        same(pd.read_parquet(staging / f"{role}.parquet"), expected)
    said = capsys.readouterr().out
    assert "216 test rows of era575 to era582, eraX are left out: no stage uses them." in said
    assert said.count("left out") == 1


def test_train_eras_may_be_out_of_order_too(folder: Path, tmp_path: Path) -> None:
    market = tiny.market()
    backwards = tiny.market()
    backwards.train = market.train.iloc[np.argsort(-market.train["era"].astype(int), kind="stable")]
    staging = bring(tiny.write_old(folder, backwards), tmp_path / "staging")
    same(pd.read_parquet(staging / "train.parquet"), market.train)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([4096, 4 << 20]))
def test_the_pieces_of_an_era_are_gathered_whatever_lies_between(
    tmp_path_factory: pytest.TempPathFactory, seed: int, block: int
) -> None:
    folder, market = tmp_path_factory.mktemp("shuffled"), tiny.market()
    market.train = market.train[:240].sample(frac=1, random_state=seed)
    tiny.write_old(folder, market)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK_BYTES", block)
        convert(folder / local.TRAINING_CSV, "train", folder / "train.parquet")
    same(pd.read_parquet(folder / "train.parquet"), market.train.sort_values("era", kind="stable"))


@pytest.mark.parametrize("odd", ["bom", "crlf", "quotes", "extra columns"])
def test_csvs_as_other_programs_write_them(folder: Path, tmp_path: Path, odd: str) -> None:
    market = tiny.market()
    tiny.write_old(folder, market)
    for path in folder.glob("*.csv"):
        table = pd.read_csv(path)
        if odd == "extra columns":
            table = table.assign(note="a, b", group=1)
        options = {
            "bom": {"encoding": "utf-8-sig"},
            "crlf": {"lineterminator": "\r\n"},
            "quotes": {"quoting": 1},
        }
        table.to_csv(path, index=False, **options.get(odd, {}))
    staging = bring(folder, tmp_path / "staging")
    same(pd.read_parquet(staging / "train.parquet"), market.train)
    same(pd.read_parquet(staging / "validation.parquet"), scored(market))


def test_test_rows_with_a_target_are_left_out_and_told_of(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    market = tiny.market()
    market.validation.loc[market.validation["era"] == "0043", tiny.MAIN_TARGET] = np.float32(0.5)
    bring(tiny.write_old(folder, market), tmp_path / "staging")
    expected = (
        "48 test rows of era43 to era44 are left out: no stage uses them. 24 of them have a target: with data_type"
    )
    assert expected in capsys.readouterr().out


def mix_an_era(market: tiny.Market) -> None:
    market.validation.iloc[5, market.validation.columns.get_loc("data_type")] = "test"


def move_to_x(market: tiny.Market) -> None:
    market.validation.iloc[5, market.validation.columns.get_loc("era")] = "X"


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (mix_an_era, r"era 0031 has validation rows and test rows\. An era must be of one data_type"),
        (move_to_x, r"rows of data_type validation are in era X, which is that of live rows"),
    ],
)
def test_an_era_is_of_one_kind(
    folder: Path, tmp_path: Path, spoil: Callable[[tiny.Market], None], sentence: str
) -> None:
    market = tiny.market()
    spoil(market)
    tiny.write_old(folder, market)
    with pytest.raises(DataError, match=rf"^numerai_tournament_data\.csv: {sentence}"):
        bring(folder, tmp_path / "staging")


def add_column(folder: Path, values: Callable[[pd.DataFrame], pd.Series], *, name: str = ENGINEERED) -> None:
    for path in folder.glob("*.csv"):
        table = pd.read_csv(path)
        tiny.write_csv(path, table.assign(**{name: values(table)}))


@pytest.mark.parametrize(
    "values",
    [
        lambda table: table[tiny.FEATURES].mean(axis=1),
        lambda table: table[tiny.FEATURES[0]] * 4,
        lambda table: (table[tiny.FEATURES[0]] - 0.5) * 2,
        lambda table: np.resize([0, 1 / 3, 2 / 3, 1], len(table)),
        lambda table: np.resize([0.5] * 8 + [0.6], len(table)),
    ],
    ids=["mean", "other scale", "centred", "four levels", "a ninth of the rows"],
)
def test_features_of_another_kind_are_left_out_and_named(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], values: Callable[[pd.DataFrame], pd.Series]
) -> None:
    market = tiny.market()
    tiny.write_old(folder, market)
    add_column(folder, values)
    staging = bring(folder, tmp_path / "staging")
    said = capsys.readouterr().out
    for file in (local.TRAINING_CSV, local.TOURNAMENT_CSV):
        assert f"{file}: 1 of 13 features are left out, because the history holds the five levels 0, 0.25" in said
    assert f"{ENGINEERED} (such as " in said
    for role in ("train", "validation", "live"):
        assert ENGINEERED not in pd.read_parquet(staging / f"{role}.parquet").columns
    same(pd.read_parquet(staging / "train.parquet"), market.train)
    assert "mean" not in json.loads((staging / "features.json").read_text())["feature_sets"]


def test_a_feature_of_fewer_levels_is_kept(folder: Path, tmp_path: Path) -> None:
    tiny.write_old(folder, tiny.market())
    add_column(folder, lambda table: (table[tiny.FEATURES[0]] > 0.5).astype(float))
    found = pd.read_parquet(bring(folder, tmp_path / "staging") / "train.parquet")[ENGINEERED]
    assert set(found) == {0, 4}


@pytest.mark.parametrize("rows", [1, 71])
def test_a_few_values_that_are_no_levels_are_mistakes(folder: Path, tmp_path: Path, rows: int) -> None:
    """Of 720: under a tenth."""
    tiny.write_old(folder, tiny.market())
    table = pd.read_csv(folder / local.TRAINING_CSV)
    table.loc[: rows - 1, tiny.FEATURES[1]] = 0.3
    tiny.write_csv(folder / local.TRAINING_CSV, table)
    sentence = (
        rf"{tiny.FEATURES[1]} is 0\.3 for id 'n.*'\. .* It has other values in {rows} of 720 rows: too few for a "
        r"feature of another kind, so they are mistakes\. Mend them, or"
    )
    with pytest.raises(DataError, match=sentence):
        bring(folder, tmp_path / "staging")
    assert not (tmp_path / "staging/features.json").exists()


def test_a_feature_that_is_of_another_kind_in_one_file_only_is_not_taken(folder: Path, tmp_path: Path) -> None:
    tiny.write_old(folder, tiny.market())
    table = pd.read_csv(folder / local.TOURNAMENT_CSV)
    table[tiny.FEATURES[1]] = np.linspace(0, 1, len(table))
    tiny.write_csv(folder / local.TOURNAMENT_CSV, table)
    with pytest.raises(DataError, match=rf"differ in their features: in the first, 1 absent \({tiny.FEATURES[1]}\)"):
        bring(folder, tmp_path / "staging")


def test_files_without_any_levels_are_refused(folder: Path, tmp_path: Path) -> None:
    tiny.write_old(folder, tiny.market())
    for path in folder.glob("*.csv"):
        table = pd.read_csv(path)
        table[tiny.FEATURES] = table[tiny.FEATURES] * 0.9 + 0.03
        tiny.write_csv(path, table)
    with pytest.raises(DataError, match=r"no feature has the five levels .*Bin each feature into these levels"):
        bring(folder, tmp_path / "staging")


def test_the_features_of_the_first_years_are_named(folder: Path, tmp_path: Path) -> None:
    tiny.write_old(folder, tiny.market())
    (folder / local.TRAINING_CSV).write_text(
        "id,era,data_type,feature1,feature2,target_bernie\nn1,era1,train,0.3,0.5,1\n"
    )
    with pytest.raises(
        DataError, match=r"feature1, feature2 are features of the tournament's first years, .* bin each"
    ):
        bring(folder, tmp_path / "staging")


def test_packed_csvs_are_to_be_unpacked(folder: Path) -> None:
    tiny.write_old(folder, tiny.market())
    (folder / local.TRAINING_CSV).rename(folder / f"{local.TRAINING_CSV}.xz")
    with pytest.raises(ConfigurationError, match=r"Unpack numerai_training_data\.csv\.xz first\.$"):
        local.pins(params(folder), None)


def relabelled(folder: Path, market: tiny.Market, target: str) -> None:
    """The release of 2021: eras called 0001, validation rows in a file of their own."""
    folder.mkdir()
    tables = {
        local.TRAINING_CSV: market.train,
        local.VALIDATION_CSV: scored(market),
        local.TOURNAMENT_CSV: pd.concat([market.validation[market.validation["data_type"] == "test"], market.live]),
    }
    for name, table in tables.items():
        old = tiny.old_table(table, target)
        old["era"] = table["era"].to_numpy()
        tiny.write_csv(folder / name, old)


@pytest.mark.parametrize("label", ["575", "ERA5", "era", "eraX1", "", "X5", "00575"])
def test_labels_of_another_kind_are_refused(folder: Path, tmp_path: Path, label: str) -> None:
    tiny.write_old(folder, tiny.market())
    table = pd.read_csv(folder / local.TRAINING_CSV).astype({"era": object})
    table.loc[9, "era"] = label
    tiny.write_csv(folder / local.TRAINING_CSV, table)
    with pytest.raises(DataError, match=rf"era '{label}' must be era1, era2, .* or else 0001, 0002, "):
        bring(folder, tmp_path / "staging")


class TestCadence:
    @pytest.mark.parametrize(
        ("target", "eras"),
        [
            ("target", "monthly"),
            ("target_kazutsugi", "monthly"),
            ("target_bernie", "monthly"),
            ("target_nomi_20", "weekly"),
            ("target_janet_60", "weekly"),
        ],
    )
    def test_old_eras_are_monthly_unless_a_target_names_its_horizon(
        self, folder: Path, target: str, eras: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        tiny.write_old(folder, tiny.market(), target)
        assert local.cadence(params(folder)) == eras
        said = capsys.readouterr().out
        other = "weekly" if eras == "monthly" else "monthly"
        assert f"{local.TRAINING_CSV}: its eras are {eras}" in said
        assert f"`rounds compose data.eras={other}`" in said

    def test_the_release_of_2021_is_weekly_and_has_a_file_for_validation(
        self, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        market = tiny.market()
        relabelled(folder, market, "target")
        assert local.cadence(params(folder)) == "weekly"
        staging = bring(folder, tmp_path / "staging")
        same(pd.read_parquet(staging / "train.parquet"), market.train)
        same(pd.read_parquet(staging / "validation.parquet"), scored(market))
        same(pd.read_parquet(staging / "live.parquet"), market.live)
        assert capsys.readouterr().out.count("48 test rows of era43 to era44 are left out") == 1

    def test_todays_layout_is_weekly(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert local.cadence(params(tiny.write_v5(folder, tiny.market()))) == "weekly"
        assert capsys.readouterr().out == ""

    @pytest.mark.parametrize("write", [tiny.write_v5, tiny.write_old])
    @pytest.mark.parametrize("eras", ["weekly", "monthly"])
    def test_what_the_configuration_says_counts(self, folder: Path, write: Callable, eras: str) -> None:
        asked = local.Params(kind="local", path=str(write(folder, tiny.market())), eras=eras)
        assert local.cadence(asked) == eras
        history, live = local.pins(asked, None)
        pinned = Round(source="local", number=None, eras=eras, history=history, live=live)
        local.check_pins(asked, pinned)
        other = pinned.model_copy(update={"eras": "weekly" if eras == "monthly" else "monthly"})
        with pytest.raises(ConfigurationError, match=rf"data\.eras is {eras}, and eras are pinned as {other.eras}\."):
            local.check_pins(asked, other)


def test_checks_of_files_refuse_eras_out_of_order_as_before(tmp_path: Path) -> None:
    market = tiny.published()
    market.validation.to_parquet(tmp_path / "validation.parquet")
    with pytest.raises(DataError, match="era '0197' comes after era '0579'"):
        checks.check_file(tmp_path / "validation.parquet", "validation")


def changed_text(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(change(path.read_bytes())) and None


def with_value(column: str, value: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        table = pd.read_csv(path).assign(note="b").astype({column: object})
        table.loc[3, column] = value
        tiny.write_csv(path, table[["note", *table.columns[:-1]]])

    return write


NO_NUMBER = r"which is no number\. Leave a value that is not known empty\."


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (with_value(tiny.FEATURES[4], "tech"), rf"{tiny.FEATURES[4]} holds 'tech', {NO_NUMBER} If the column is no"),
        (with_value("target", "o'clock"), rf"target holds \"o'clock\", {NO_NUMBER}$"),
        (with_value("target", "-"), rf"target holds '-', {NO_NUMBER}$"),
        (
            changed_text(lambda text: text.replace(b",", b";")),
            r"the columns 'id;era;.{33}\.\.\.', .* commas in between",
        ),
        (changed_text(lambda text: text.decode().encode("utf-16")), r"the columns '..i\\x00d\\x00', .*in UTF-8\.$"),
        (
            changed_text(lambda text: text.replace(b",target", b",answer", 1)),
            r"columns 'id', 'era', 'data_type' and 13 more, and lacks target or target_\.\.\.\. Its first line",
        ),
        (
            changed_text(lambda text: b"\n" + text),
            r"begins with an empty line, or with nothing, and lacks id, era, .*\. Its first line must",
        ),
    ],
)
def test_what_cannot_be_read_is_named(
    folder: Path, tmp_path: Path, spoil: Callable[[Path], None], sentence: str
) -> None:
    spoil(tiny.write_old(folder, tiny.market()) / local.TRAINING_CSV)
    with pytest.raises(DataError, match=sentence) as caught:
        bring(folder, tmp_path / "staging")
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("unknown", ["", "NA", "nan", "None", "<NA>", "NULL"])
def test_what_is_not_known_may_be_written_in_many_ways(folder: Path, tmp_path: Path, unknown: str) -> None:
    market = tiny.market()
    with_value("target", unknown)(tiny.write_old(folder, market) / local.TRAINING_CSV)
    found = pd.read_parquet(bring(folder, tmp_path / "staging") / "train.parquet")["target"]
    assert list(np.flatnonzero(found.isna())) == [3]


@pytest.mark.parametrize("kind", ["live", "validation", "train"])
def test_rows_of_every_kind_must_be_there(folder: Path, tmp_path: Path, kind: str) -> None:
    tiny.write_old(folder, tiny.market())
    file = local.TRAINING_CSV if kind == "train" else local.TOURNAMENT_CSV
    table = pd.read_csv(folder / file)
    tiny.write_csv(folder / file, table[table["data_type"] != kind])
    with pytest.raises(DataError, match=rf"^{file} has no rows of data_type {kind}, and the pipeline needs some\. Get"):
        bring(folder, tmp_path / "staging")
