"""A week adds files and touches no others; whatever else became of older eras is said, and not taken unasked."""

import copy
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from numerai_rounds.base.errors import DataError
from numerai_rounds.io.fetch import changes, placing
from numerai_rounds.io.fetch.convert import convert
from numerai_rounds.io.files import paths
from numerai_rounds.io.history import manifest, targets
from tests import tiny
from tests.io import stores
from tests.io.fetches import (
    FOLDER,
    STAGED,
    a_week_later,
    bring,
    placed,
    renewed,
    resolved,
    revised,
    with_new_era,
)

MANIFESTS = {"manifest.json", "validation/manifest.json"}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eras 0031 to 0040 in a chunk, then 0041 to 0043, then 0044."""
    stores.small_chunks(monkeypatch)


@pytest.fixture
def market() -> tiny.Market:
    """A history that is in place."""
    market = tiny.market()
    tiny.write_v5(FOLDER, market)
    bring()
    return market


def validation(*names: str) -> set[str]:
    return {f"validation/{name}" for name in names}


def bring_new(later: tiny.Market, **options: Any) -> None:
    tiny.write_v5(FOLDER, later)
    bring(**options)


def placed_table(side: str = "validation") -> pd.DataFrame:
    return stores.table(paths.HISTORY / side)


def test_a_week_writes_the_end_and_nothing_else(market: tiny.Market) -> None:
    later = a_week_later(market)
    assert renewed(lambda: bring_new(later)) == MANIFESTS | validation(
        *("features/0044.levels", "targets/0044.parquet"),  # which are gone
        *("features/0044-0045.levels", "targets/0044-0045.parquet", "targets/0041-0043.parquet"),
    )
    assert placed_table().equals(stores.expected(later.validation))


def test_resolving_targets_writes_no_features(market: tiny.Market) -> None:
    later = resolved(market)
    assert renewed(lambda: bring_new(later)) == MANIFESTS | validation("targets/0041-0043.parquet")
    assert placed_table().equals(stores.expected(later.validation))


def test_a_new_era_writes_no_older_targets(market: tiny.Market) -> None:
    found = renewed(lambda: bring_new(with_new_era(market)))
    assert {name for name in found if "0044" not in name} == MANIFESTS


def test_an_era_that_is_no_test_era_any_more_writes_no_chunk(market: tiny.Market) -> None:
    market.validation.loc[market.validation["era"] == "0043", "data_type"] = "validation"
    assert renewed(lambda: bring_new(market)) == MANIFESTS
    assert placed_table().equals(stores.expected(market.validation))


def test_the_same_values_in_another_file_write_nothing(market: tiny.Market) -> None:
    tiny.write_v5(FOLDER, market, row_group_size=100, compression="none")
    assert renewed(bring) <= MANIFESTS | {"train/manifest.json", "meta_model.parquet"}


def test_the_same_values_written_by_another_library_keep_their_files(
    market: tiny.Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets, "COMPRESSION", "snappy")
    found = renewed(lambda: bring_new(resolved(market)))
    assert found == MANIFESTS | validation("targets/0041-0043.parquet")
    manifest.verify(paths.HISTORY / "validation")
    assert renewed(bring) <= {"manifest.json"}


def test_weeks_leave_the_first_chunks_as_they_are(market: tiny.Market) -> None:
    first = {name: about for name, about in stores.content(paths.HISTORY / "validation").items() if "0031" in name}
    other = tiny.market(seed=9).train
    for last in ("0046", "0051", "0054"):
        new = other.assign(era=[f"{int(era) + 44:04d}" for era in other["era"]], data_type="test")
        later = changed_table(market, lambda table, new=new[new["era"] <= last]: pd.concat([table, new]))
        bring_new(later)
    assert first.items() <= stores.content(paths.HISTORY / "validation").items()
    assert [chunk.name for chunk in manifest.read(paths.HISTORY / "validation").chunks] == [
        *("0031-0040", "0041-0050", "0051-0053", "0054")
    ]


def without(era: str) -> Callable[[tiny.Market], tiny.Market]:
    return lambda market: changed_table(market, lambda table: table[table["era"] != era])


def changed_table(
    market: tiny.Market, change: Callable[[pd.DataFrame], pd.DataFrame], side: str = "validation"
) -> tiny.Market:
    later = copy.deepcopy(market)
    setattr(later, side, change(getattr(later, side)))
    return later


def another_id(table: pd.DataFrame) -> pd.DataFrame:
    place = np.flatnonzero(table["era"] == "0033")[0]
    names = table.index.to_list()
    return table.set_axis(pd.Index([*names[:place], "other", *names[place + 1 :]], name="id"))


def shorter(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop(index=table.index[[30, 31]])


def unknown_again(table: pd.DataFrame) -> pd.DataFrame:
    table.loc[table["era"] == "0036", tiny.MAIN_TARGET] = np.float32(np.nan)
    table.loc[table.index[table["era"] == "0036"][:5], "target_agnes_20"] = np.float32(np.nan)
    return table


def without_feature(market: tiny.Market) -> tiny.Market:
    later = copy.deepcopy(market)
    for side in ("train", "validation"):
        setattr(later, side, getattr(later, side).drop(columns=tiny.FEATURES[11]))
    later.features["feature_sets"] = {"all": tiny.FEATURES[:11]}
    return later


def without_target(market: tiny.Market) -> tiny.Market:
    later = changed_table(market, lambda table: table.drop(columns="target_agnes_20"))
    later.features["targets"] = tiny.TARGETS[:3]
    return later


CHANGES: dict[str, tuple[Callable[[tiny.Market], tiny.Market], list[str]]] = {
    "features of two eras": (
        lambda market: revised(revised(market, "0033", tiny.FEATURES[2]), "0041", tiny.FEATURES[0]),
        ["validation: era 0033: other ids or features", "validation: era 0041: other ids or features"],
    ),
    "an id": (lambda market: changed_table(market, another_id), ["validation: era 0033: other ids or features"]),
    "an era gone": (without("0035"), ["validation: era 0035: gone"]),
    "the newest era gone": (without("0044"), ["validation: era 0044: gone"]),
    "fewer rows": (lambda market: changed_table(market, shorter), ["validation: era 0032: 22 rows, before 24"]),
    "targets revised": (
        lambda market: revised(revised(market, "0031", "target_agnes_20"), "0042", "target_ender_20", rows=2),
        [
            r"validation: era 0031: 1 targets revised \(target_agnes_20 in 3 rows\)",
            r"validation: era 0042: 1 targets revised \(target_ender_20 in 2 rows\)",
        ],
    ),
    "targets unknown again": (
        lambda market: changed_table(market, unknown_again),
        [r"validation: era 0036: 2 targets revised \(target_ender_60 in 24 rows\)"],
    ),
    "a feature gone": (
        without_feature,
        [f"{side}: features that are gone: {tiny.FEATURES[11]}" for side in ("train", "validation")],
    ),
    "a target gone": (without_target, ["validation: targets that are gone: target_agnes_20"]),
    "everything at once": (
        lambda market: a_week_later(revised(without("0032")(market), "0034", tiny.FEATURES[0])),
        ["validation: era 0032: gone", "validation: era 0034: other ids or features"],
    ),
}


@pytest.mark.parametrize("case", CHANGES)
def test_what_changed_is_told_era_by_era_and_taken_only_where_that_is_accepted(
    market: tiny.Market, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    change, sentences = CHANGES[case]
    later = change(market)
    before = placed()
    listed = "".join(rf"  {sentence}\n" for sentence in sentences)
    refusal = rf"{len(sentences)} changes of the history that was here before:\n{listed}Nothing was replaced"
    with pytest.raises(
        DataError, match=rf"{refusal}\. .*`dvc checkout` .*`rounds open --accept-changes` and `dvc repro` take"
    ):
        bring_new(later)
    assert placed() == before

    with pytest.raises(DataError, match=refusal):
        bring(fetched := [])
    assert (fetched, placed()) == ([], before)

    capsys.readouterr()
    bring(fetched, accept_changes=True)
    assert fetched == []
    assert placed_table().equals(stores.expected(later.validation))
    assert placed_table("train").equals(stores.expected(later.train))
    assert not STAGED.exists()
    said = capsys.readouterr().out
    assert all(f"changed, and accepted: {sentence}" in said for sentence in (s.replace("\\", "") for s in sentences))


def test_changes_of_train_are_told_as_well(market: tiny.Market) -> None:
    later = changed_table(market, lambda table: table[table["era"] != "0001"], side="train")
    with pytest.raises(DataError, match=r"^1 changes of .*:\n  train: era 0001: gone\n"):
        bring_new(later)


def test_a_refused_history_can_be_gone_back_from(market: tiny.Market) -> None:
    before = placed()
    with pytest.raises(DataError, match="Nothing was replaced"):
        bring_new(without("0035")(market))
    bring_new(market)
    assert placed() == before
    assert not STAGED.exists()


def test_older_targets_that_are_damaged_cannot_be_compared(market: tiny.Market) -> None:
    path = paths.HISTORY / "validation/targets/0041-0043.parquet"
    stores.harm(path, stores.FLIPPED)
    later = a_week_later(revised(market, "0031", "target_agnes_20"))
    sentence = rf"2 changes .*\n  .*: era 0031: 1 targets .*\n  .*: targets that cannot be compared: {path} is not"
    with pytest.raises(DataError, match=sentence):
        bring_new(later)
    bring(accept_changes=True)
    assert placed_table().equals(stores.expected(later.validation))


@pytest.mark.usefixtures("market")
def test_other_data_replaces_the_history_without_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    other = tiny.market(seed=3)
    tiny.write_v5(Path("others"), other)
    bring(folder=Path("others"))
    assert placed_table().equals(stores.expected(other.validation))
    assert "accepted" not in capsys.readouterr().out


def test_keeping_downloads_does_not_make_it_other_data(market: tiny.Market) -> None:
    with pytest.raises(DataError, match="era 0035: gone"):
        bring_new(without("0035")(market), keep_downloads=True)


def made(table: pd.DataFrame, folder: str) -> Path:
    table.to_parquet("some.parquet")
    convert(Path("some.parquet"), "some", folder, Path(folder))
    return Path(folder)


def test_a_store_is_no_change_of_itself_nor_of_its_beginning() -> None:
    market = tiny.market()
    before = made(market.validation, "before")
    assert changes.changed(before, made(market.validation, "same")) == []
    assert changes.changed(before, made(a_week_later(market).validation, "after")) == []


def test_values_that_become_known_row_by_row_are_no_change() -> None:
    table = tiny.market().validation
    table.iloc[::2, -1] = np.nan
    before = made(table, "before")
    table.iloc[::4, -1] = 0.5
    assert changes.changed(before, made(table, "after")) == []
    table.iloc[1, -1] = np.nan
    table.iloc[3, -1] = 0.1
    assert changes.changed(before, made(table, "later")) == ["era 0031: 1 targets revised (target_agnes_20 in 2 rows)"]


def test_unchanged_chunks_are_the_same_files() -> None:
    market = tiny.market()
    before, after = made(market.validation, "before"), made(resolved(market).validation, "after")
    assert placing.adopt(before, after) == 1
    manifest.verify(after)
    both = stores.content(before).keys() & stores.content(after).keys()
    assert {name for name in both if (before / name).samefile(after / name)} == {
        *("features/0031-0040.levels", "features/0041-0043.levels", "features/0044.levels"),
        *("targets/0031-0040.parquet", "targets/0044.parquet"),
    }


def test_unchanged_chunks_are_copied_where_there_are_no_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(placing.os, "link", refuse)
    market = tiny.market()
    before, after = made(market.validation, "before"), made(resolved(market).validation, "after")
    assert placing.adopt(before, after) == 1
    manifest.verify(after)
    name = "features/0031-0040.levels"
    assert (before / name).stat().st_mtime_ns == (after / name).stat().st_mtime_ns


def test_a_damaged_chunk_is_not_adopted() -> None:
    market = tiny.market()
    before, after = made(market.validation, "before"), made(market.validation, "after")
    stores.harm(before / "features/0041-0043.levels", stores.FLIPPED)
    stores.harm(before / "targets/0031-0040.parquet", stores.ABSENT)
    assert placing.adopt(before, after) == 2
    manifest.verify(after)


def test_a_store_takes_the_place_of_another_and_leaves_behind_what_is_not_its_own() -> None:
    market = tiny.market()
    place, staged = made(market.validation, "place"), made(resolved(market).validation, "staged")
    expected = stores.content(staged)
    (staged / "targets/.0044.parquet.7.tmp").write_text("half")
    placing.swap(staged, place)
    assert stores.content(place) == expected
    assert sorted(path.name for path in Path().iterdir()) == ["place", "some.parquet"]
    staged = made(market.validation, "staged")
    shutil.rmtree(place)
    placing.swap(staged, place)
    assert manifest.verify(place)


def test_a_store_of_another_format_is_made_anew(market: tiny.Market) -> None:
    expected = placed()
    manifest_path = paths.HISTORY / "validation/manifest.json"
    manifest_path.write_text(manifest_path.read_text().replace('"format": 1', '"format": 0', 1))
    bring(fetched := [])
    assert fetched == ["validation"]
    assert placed() == expected


def test_a_killed_adoption_never_harms_what_is_in_place(market: tiny.Market, monkeypatch: pytest.MonkeyPatch) -> None:
    """Staged files may be links to those in place when another pin is fetched next."""
    before = placed()

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(placing, "swap", killed)
        with pytest.raises(KeyboardInterrupt):
            bring_new(a_week_later(market))
    assert placed() == before
    with pytest.raises(DataError, match="Nothing was replaced"):
        bring_new(without("0035")(market))
    assert placed() == before
