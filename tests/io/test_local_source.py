"""A folder of one's own files becomes the tournament's tables, in both layouts, or is refused with a sentence."""

import json
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from numerai_rounds.base.errors import ConfigurationError, DataError, MachineError
from numerai_rounds.base.params import Round
from numerai_rounds.base.roles import file_name
from numerai_rounds.io.fetch import checks
from numerai_rounds.io.files import atomic
from numerai_rounds.io.legacy import convert as legacy
from numerai_rounds.io.sources import local
from tests import tiny
from tests.io import stores


@pytest.fixture
def market() -> tiny.Market:
    return tiny.market()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"


def params(folder: Path | str) -> local.Params:
    return local.Params(kind="local", path=str(folder))


def bring(folder: Path, staging: Path) -> Path:
    """Pin a folder and fetch all of it into `staging`, checked, its sides as stores too."""
    history, live = local.pins(params(folder), None)
    for role, pin in {**history, **live}.items():
        local.fetch(params(folder), None, role, pin, staging / file_name(role))
        checks.check_file(staging / file_name(role), role)
    checks.check_history(stores.converted(staging))
    return staging


def test_files_of_today_are_copied_as_they_are(folder: Path, tmp_path: Path, market: tiny.Market) -> None:
    tiny.write_v5(folder, market)
    (folder / "notes.txt").write_text("of no interest")
    staging = bring(folder, tmp_path / "staging")
    assert {path.name for path in staging.iterdir()} == {path.name for path in folder.iterdir()} - {"notes.txt"}
    for path in staging.iterdir():
        assert path.read_bytes() == (folder / path.name).read_bytes()
        assert not path.samefile(folder / path.name)


def test_extras_are_pinned_with_their_part_where_they_are_there(folder: Path, market: tiny.Market) -> None:
    tiny.write_v5(folder, market)
    market.live.assign(prediction=0.5)[["prediction"]].to_parquet(folder / "live_example_preds.parquet")
    history, live = local.pins(params(folder), None)
    assert list(history) == ["features", "train", "validation", "meta_model"]
    assert list(live) == ["live", "live_example_preds"]


def test_a_pin_is_the_size_and_hash_of_a_file(folder: Path, market: tiny.Market) -> None:
    tiny.write_v5(folder, market)
    (folder / "features.json").write_bytes(b"abc")
    history, _ = local.pins(params(folder), None)
    assert history["features"].size == 3
    assert history["features"].identity == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_old_csvs_become_tables_of_today(folder: Path, tmp_path: Path, market: tiny.Market) -> None:
    staging = bring(tiny.write_old(folder, market), tmp_path / "staging")
    for role in ("train", "validation", "live"):
        rows = getattr(market, role)
        rows = rows[rows["data_type"] != "test"]
        expected = rows[["era", "data_type", *tiny.FEATURES]]
        found = pd.read_parquet(staging / f"{role}.parquet")
        pd.testing.assert_frame_equal(found[expected.columns], expected)
        np.testing.assert_array_equal(found["target"], rows[tiny.MAIN_TARGET])
        assert found["target"].dtype == np.float32
    assert json.loads((staging / "features.json").read_text()) == {
        "feature_sets": {"all": tiny.FEATURES}
        | {group: [f for f in tiny.FEATURES if group in f] for group in tiny.GROUPS},
        "targets": ["target"],
    }


def test_old_csvs_of_any_block_size_keep_every_row(
    folder: Path, tmp_path: Path, market: tiny.Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.write_old(folder, market)
    whole = pd.read_parquet(bring(folder, tmp_path / "whole") / "validation.parquet")
    monkeypatch.setattr(legacy, "BLOCK_BYTES", 4096)
    pieces = pd.read_parquet(bring(folder, tmp_path / "pieces") / "validation.parquet")
    pd.testing.assert_frame_equal(pieces, whole)


def test_the_same_csv_gives_the_same_bytes(folder: Path, tmp_path: Path, market: tiny.Market) -> None:
    tiny.write_old(folder, market)
    first, second = (bring(folder, tmp_path / name) for name in ("first", "second"))
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes()


def test_the_old_name_of_the_target_is_kept(folder: Path, tmp_path: Path, market: tiny.Market) -> None:
    staging = bring(tiny.write_old(folder, market, target="target_kazutsugi"), tmp_path / "staging")
    assert json.loads((staging / "features.json").read_text())["targets"] == ["target_kazutsugi"]


def test_missing_features_of_old_csvs_stay_missing(folder: Path, tmp_path: Path, market: tiny.Market) -> None:
    tiny.write_old(folder, market)
    table = tiny.old_table(market.train)
    table.loc[table["era"] == "era3", tiny.FEATURES[0]] = np.nan
    tiny.write_csv(folder / local.TRAINING_CSV, table)
    column = pq.read_table(bring(folder, tmp_path / "staging") / "train.parquet").column(tiny.FEATURES[0])
    assert (str(column.type), column.null_count) == ("int8", tiny.ROWS_PER_ERA)


def test_test_rows_without_an_era_are_left_out_and_said(
    folder: Path, tmp_path: Path, market: tiny.Market, capsys: pytest.CaptureFixture[str]
) -> None:
    market.validation.loc[market.validation["data_type"] == "test", "era"] = "X"
    staging = bring(tiny.write_old(folder, market), tmp_path / "staging")
    assert set(pd.read_parquet(staging / "validation.parquet")["data_type"]) == {"validation"}
    assert "numerai_tournament_data.csv: 48 test rows of eraX are left out" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        (
            "feature_charisma2",
            0.3,
            r"feature_charisma2 is 0\.3 for id 'n.*'\. .* five levels: 0, 0\.25, 0\.5, 0\.75, 1",
        ),
        ("feature_charisma2", 2, r"feature_charisma2 is 2 for id"),
        ("feature_charisma2", -0.25, r"feature_charisma2 is -0\.25 for id"),
        ("feature_charisma2", np.inf, r"feature_charisma2 is inf for id"),
        ("feature_charisma2", "much", r": feature_charisma2 holds 'much', which is no number"),
        ("era", "575", r"era '575' must be era1, era2, \.\.\. or eraX"),
        ("data_type", "live", r"data_type must be train \(got 'live' for id 'n"),
    ],
)
def test_old_rows_that_cannot_be_mapped_are_refused(
    folder: Path, tmp_path: Path, market: tiny.Market, column: str, value: object, sentence: str
) -> None:
    tiny.write_old(folder, market)
    table = tiny.old_table(market.train).astype({column: object})
    table.loc[7, column] = value
    tiny.write_csv(folder / local.TRAINING_CSV, table)
    with pytest.raises(DataError, match=rf"^numerai_training_data\.csv.*{sentence}"):
        bring(folder, tmp_path / "staging")
    assert not list((tmp_path / "staging").glob("*train*"))
    tiny.write_old(folder, market)
    bring(folder, tmp_path / "staging")


def test_old_rows_of_an_unknown_kind_are_not_dropped(folder: Path, tmp_path: Path, market: tiny.Market) -> None:
    market.live["data_type"] = "eval"
    tiny.write_old(folder, market)
    with pytest.raises(DataError, match=r"data_type must be validation or test or live \(got 'eval' for id"):
        bring(folder, tmp_path / "staging")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", r"begins with an empty line, or with nothing, and lacks id"),
        ("x" * 200_000, r"is no CSV: field larger than field limit"),
        ("<html>\n", r"begins with the columns '<html>', and lacks id, .* must name the columns id, era, data_type"),
        ("id,era,data_type,target\n", r"Its first line must name"),
        ("id,era,data_type,feature_a1,feature_a1,target\n", r"names columns more than once \(feature_a1\)"),
        (
            "id,era,data_type,feature_a1,target\nn1,era1,train,0.5,0.5\nn2,era1,tr",
            r"is no whole CSV .*: .*Expected 5 columns",
        ),
    ],
    ids=["empty", "no commas", "html", "no features", "repeated", "cut short"],
)
def test_csvs_of_another_kind_are_refused(
    folder: Path, tmp_path: Path, market: tiny.Market, content: str, sentence: str
) -> None:
    tiny.write_old(folder, market)
    (folder / local.TRAINING_CSV).write_text(content)
    with pytest.raises(DataError, match=rf"^numerai_training_data\.csv .*{sentence}"):
        bring(folder, tmp_path / "staging")


@pytest.mark.parametrize("write", [tiny.write_v5, tiny.write_old])
def test_a_file_that_changed_since_it_was_pinned_is_refused(
    folder: Path, tmp_path: Path, market: tiny.Market, write
) -> None:
    write(folder, market)
    history, _ = local.pins(params(folder), None)
    source, destination = folder / history["train"].name, tmp_path / "staging" / "train.parquet"
    whole = source.read_bytes()
    for changed in (whole + b"\n", whole[:-1] + b"#"):
        source.write_bytes(changed)
        with pytest.raises(
            DataError, match=r"has changed since it was pinned\. `dvc checkout` restores .* `rounds open`"
        ):
            local.fetch(params(folder), None, "train", history["train"], destination)
    source.unlink()
    with pytest.raises(DataError, match=r"is gone since it was pinned\. `dvc checkout` restores"):
        local.fetch(params(folder), None, "train", history["train"], destination)
    assert not destination.exists()
    source.write_bytes(whole)
    local.fetch(params(folder), None, "train", history["train"], destination)
    checks.check_file(destination, "train")


@pytest.mark.parametrize("write", [tiny.write_v5, tiny.write_old])
def test_a_file_that_changes_while_it_is_read_is_refused(
    folder: Path, tmp_path: Path, market: tiny.Market, monkeypatch: pytest.MonkeyPatch, write
) -> None:
    write(folder, market)
    history, _ = local.pins(params(folder), None)
    source, destination = Path(history["train"].name), tmp_path / "staging" / "train.parquet"
    whole, digest, convert = source.read_bytes(), atomic.sha256, legacy.convert

    def changing(path: Path, copy: BinaryIO | None = None) -> str:
        if copy is not None:
            path.write_bytes(whole[:-1] + b"#")
        return digest(path, copy)

    def converting(path: Path, role: str, target: Path) -> None:
        convert(path, role, target)
        path.write_bytes(whole[:-1] + b"#")

    monkeypatch.setattr(atomic, "sha256", changing)
    monkeypatch.setattr(legacy, "convert", converting)
    with pytest.raises(DataError, match="has changed since it was pinned"):
        local.fetch(params(folder), None, "train", history["train"], destination)
    assert not list(destination.parent.iterdir())


def test_pins_are_of_this_folder_and_complete(folder: Path, tmp_path: Path, market: tiny.Market) -> None:
    history, live = local.pins(params(tiny.write_v5(folder, market)), None)
    pinned = Round(source="local", number=None, history=history, live=live)
    local.check_pins(params(folder), pinned)
    local.check_pins(params(f"{folder}/"), pinned)
    with pytest.raises(ConfigurationError, match=r"do not agree: .*files/features\.json.*data.path=.*other"):
        local.check_pins(params(tiny.write_v5(tmp_path / "other", market)), pinned)
    del history["train"]
    with pytest.raises(ConfigurationError, match=r"do not agree: train must be pinned .* Run `rounds open`"):
        local.check_pins(params(folder), pinned.model_copy(update={"history": history}))


def test_a_file_that_may_not_be_read_is_the_machines_fault(
    folder: Path, market: tiny.Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.write_v5(folder, market)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(MachineError, match=r"features\.json may not be read \(Permission denied\)"):
        local.pins(params(folder), None)


def test_a_folder_that_is_not_there_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"data\.path is '.*files', and there is no such folder"):
        local.pins(params(folder), None)


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ([], "no file of the tournament"),
        (["photo.jpg"], "no file of the tournament"),
        (["train.parquet", "features.json"], "features.json, train.parquet"),
        (["numerai_training_data.csv"], "numerai_training_data.csv"),
    ],
)
def test_a_folder_without_a_whole_layout_is_refused(folder: Path, names: list[str], found: str) -> None:
    folder.mkdir()
    for name in names:
        (folder / name).touch()
    sentence = (
        rf"which holds {found}\. It must hold features\.json, train\.parquet, .*; or, in the old layout, numerai_"
    )
    with pytest.raises(ConfigurationError, match=sentence):
        local.pins(params(folder), None)


def test_todays_layout_is_taken_where_a_folder_has_both(folder: Path, market: tiny.Market) -> None:
    tiny.write_old(tiny.write_v5(folder, market), market)
    history, _ = local.pins(params(folder), None)
    assert history["train"].name == str(folder / "train.parquet")


@pytest.mark.parametrize("path", ["", "  ", "???"])
def test_the_folder_must_be_named(path: str) -> None:
    with pytest.raises(ValidationError, match=r"must name the folder of your files: data\.path=DIR"):
        params(path)


def test_a_folder_keeps_the_round_that_is_pinned() -> None:
    pinned = Round(source="local", number=1343, history={}, live={})
    assert local.current_round(params("files"), pinned) == 1343
    assert local.current_round(params("files"), pinned.model_copy(update={"source": "sample"})) is None
    assert local.current_round(params("files"), None) is None


def test_an_old_feature_of_a_group_called_all_is_kept(folder: Path, tmp_path: Path, market: tiny.Market) -> None:
    """`all` is every feature, whatever the groups are called."""
    tiny.write_old(folder, market)
    for csv in folder.glob("*.csv"):
        csv.write_text(csv.read_text().replace(tiny.FEATURES[0], "feature_all1"))
    bring(folder, tmp_path / "staging")
    sets = json.loads((tmp_path / "staging/features.json").read_text())["feature_sets"]
    assert sets["all"] == ["feature_all1", *tiny.FEATURES[1:]]
