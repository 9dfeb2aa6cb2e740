"""The `sample` source: what a later round changes, what pins stand for, and that files are made in a stream."""

import tracemalloc
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from numerai_rounds.base.errors import ConfigurationError
from numerai_rounds.base.params import Round
from numerai_rounds.io.market import files
from numerai_rounds.io.sources import sample
from tests.io.sample_files import EXTRAS, FIRST, make, parameters, rows

ROLES = ["features", "train", "validation", "live", *EXTRAS]


@pytest.mark.parametrize("role", ROLES)
def test_same_parameters_same_bytes(role: str, tmp_path: Path) -> None:
    once = make(role, tmp_path).read_bytes()
    assert make(role, tmp_path).read_bytes() == once
    assert make(role, tmp_path, seed=2).read_bytes() != once


@pytest.mark.parametrize("role", ROLES)
def test_a_pin_changes_with_the_bytes_and_only_then(role: str, tmp_path: Path) -> None:
    def made(number: int) -> tuple[str, bytes]:
        history, live = sample.pins(parameters(), number)
        return (history | live)[role].identity, make(role, tmp_path, number).read_bytes()

    first, first_bytes = made(FIRST)
    for number in (FIRST + 1, FIRST + 2, FIRST + 5):
        identity, content = made(number)
        assert (identity == first) == (content == first_bytes), number


def test_pins_of_history_last_five_rounds() -> None:
    weeks = [sample.pins(parameters(), FIRST + days)[0] for days in range(6)]
    assert all(week == weeks[0] for week in weeks[:5])
    changed = {role for role in weeks[0] if weeks[5][role] != weeks[0][role]}
    assert changed == {"validation", "validation_benchmark_models", "meta_model", "validation_example_preds"}


def test_every_round_has_another_live_file() -> None:
    identities = {sample.pins(parameters(), FIRST + days)[1]["live"].identity for days in range(12)}
    assert len(identities) == 12


def test_only_configured_files_are_pinned() -> None:
    history, live = sample.pins(parameters(extra_files=["meta_model", "live_example_preds"]), FIRST)
    assert list(history) == ["features", "train", "validation", "meta_model"]
    assert list(live) == ["live", "live_example_preds"]
    assert history["train"].name == "v5.3/train.parquet"
    assert history["features"].name == "v5.3/features.json"


def test_a_week_later_live_is_the_newest_era_and_one_more_era_is_resolved(tmp_path: Path) -> None:
    before, after = rows("validation", tmp_path), rows("validation", tmp_path, FIRST + 5)
    live = rows("live", tmp_path)
    features = [column for column in live if column.startswith("feature_")]
    newest = after[after["era"] == "0044"]
    pd.testing.assert_frame_equal(newest[features], live[features])

    kept = after.loc[before.index]
    pd.testing.assert_frame_equal(kept[["era", *features]], before[["era", *features]])
    resolved = {
        target: set(kept.loc[kept[target].notna() & before[target].isna(), "era"])
        for target in ("target_ender_20", "target_ender_60")
    }
    assert resolved == {"target_ender_20": {"0039"}, "target_ender_60": {"0031"}}
    assert set(kept.loc[kept["data_type"] != before["data_type"], "era"]) == {"0031"}
    already = before["target_ender_60"].notna()
    assert kept.loc[already, "target_ender_60"].equals(before.loc[already, "target_ender_60"])


def test_live_rounds_between_share_no_rows(tmp_path: Path) -> None:
    ids = [rows("live", tmp_path, FIRST + days).index for days in range(5)]
    assert len(set().union(*ids)) == sum(len(each) for each in ids)


def test_current_round_is_the_pinned_one() -> None:
    pinned = Round(source="sample", number=FIRST + 7, history={}, live={})
    assert sample.current_round(parameters(), pinned) == FIRST + 7
    assert sample.current_round(parameters(), None) == FIRST
    assert sample.current_round(parameters(), pinned.model_copy(update={"source": "numerai"})) == FIRST
    assert sample.current_round(parameters(first_round=FIRST + 8), pinned) == FIRST + 8
    assert sample.current_round(parameters(), pinned.model_copy(update={"number": 99_999})) == FIRST


def test_the_market_ends_and_another_begins_where_it_is_told_to() -> None:
    last = FIRST + 5 * 520 - 1
    assert sample.pins(parameters(), last)
    with pytest.raises(ConfigurationError, match=rf"no round 99999: .* to round {last}\. `rounds open --round {last}`"):
        sample.pins(parameters(), 99_999)
    assert sample.pins(parameters(first_round=99_999), 99_999)


@pytest.mark.parametrize("number", [FIRST - 1, None])
def test_rounds_before_the_first_are_refused(number: int | None) -> None:
    with pytest.raises(ConfigurationError, match=rf"no round {number}: it begins with data.first_round, {FIRST}"):
        sample.pins(parameters(), number)


def pinned(number: int = FIRST) -> Round:
    history, live = sample.pins(parameters(), number)
    return Round(source="sample", number=number, history=history, live=live)


@pytest.mark.parametrize("number", [FIRST, FIRST + 1, FIRST + 7])
def test_what_was_pinned_is_accepted(number: int) -> None:
    sample.check_pins(parameters(), pinned(number))


@pytest.mark.parametrize(
    ("changes", "roles"),
    [
        ({"seed": 2}, "features, live, live_benchmark_models and 7 more"),
        ({"rows_per_era": 101}, "live, .*"),
        ({"validation_eras": 11}, "live, .*"),
        ({"extra_files": EXTRAS[1:]}, "train_benchmark_models"),
    ],
)
def test_pins_of_other_parameters_are_refused(changes: dict[str, Any], roles: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"do not agree: in round {FIRST}.*\({roles}\).*Run `rounds open`"):
        sample.check_pins(parameters(**changes), pinned())


def test_pins_of_another_version_of_pyarrow_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    before = pinned()
    monkeypatch.setattr(sample, "version", lambda _: "0.1")
    with pytest.raises(ConfigurationError, match="do not agree"):
        sample.check_pins(parameters(), before)


def test_memory_does_not_grow_with_eras(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "ROW_GROUP_ROWS", 4000)

    def peak(eras: int) -> int:
        tracemalloc.start()
        make("train", tmp_path, train_eras=eras, rows_per_era=1500, features=300)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(5)
    assert peak(40) < 1.3 * peak(10)
    groups = pq.ParquetFile(tmp_path / f"train-{FIRST}").metadata
    assert max(groups.row_group(number).num_rows for number in range(groups.num_row_groups)) <= 4000
