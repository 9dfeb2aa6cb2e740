"""The tournament's hold-out: who is on which side, and what is refused."""

from collections import Counter

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numerai_rounds.base.errors import DataError
from numerai_rounds.domain.splits import holdout


def eras(train: int, validation: int, test: int) -> pd.DataFrame:
    """A table of eras 0001 and on, ten rows each; only those of data_type test are unresolved."""
    kinds = ["train"] * train + ["validation"] * validation + ["test"] * test
    return pd.DataFrame(
        {
            "era": [f"{number:04d}" for number in range(1, len(kinds) + 1)],
            "data_type": kinds,
            "rows": 10,
            "resolved": [0 if kind == "test" else 10 for kind in kinds],
        }
    )


def params(train_every_nth: int = 1) -> holdout.Params:
    return holdout.Params(kind="holdout", horizon_days=None, train_every_nth=train_every_nth)


def test_the_tournaments_own_eras() -> None:
    sides = holdout.split(params(), eras(train=574, validation=60, test=13), purge=16).set_index("era")["side"]
    assert Counter(sides) == {"train": 558, "purged": 16, "validation": 60, "unresolved": 13}
    assert sides["0558"] == "train"
    assert sides["0559"] == sides["0574"] == "purged"
    assert sides["0575"] == "validation"


def test_every_nth_era_counts_back_from_the_last() -> None:
    sides = holdout.split(params(train_every_nth=4), eras(train=30, validation=5, test=0), purge=8)["side"]
    assert list(sides[:22]) == (["skipped", "train", "skipped", "skipped"] * 6)[:22]
    assert list(sides[22:30]) == ["purged"] * 8


def test_train_eras_without_a_target_are_on_no_side() -> None:
    table = eras(train=30, validation=5, test=2)
    table.loc[[0, 21], "resolved"] = 0
    sides = holdout.split(params(), table, purge=8)["side"]
    assert [sides[row] for row in (0, 21)] == ["unresolved"] * 2
    assert sides[20] == "train"


@pytest.mark.parametrize("unresolved", [[30], [30, 31, 33], [34], []])
def test_what_a_model_learns_does_not_choose_the_eras_that_it_is_scored_on(unresolved: list[int]) -> None:
    table = eras(train=30, validation=5, test=2)
    table.loc[unresolved, "resolved"] = 0
    assert list(holdout.split(params(), table, purge=8)["side"]) == list(
        holdout.split(params(), eras(train=30, validation=5, test=2), purge=8)["side"]
    )


def test_a_target_that_no_validation_era_has_is_refused() -> None:
    table = eras(train=30, validation=5, test=2)
    table.loc[30:, "resolved"] = 0
    with pytest.raises(DataError, match="No era to validate on"):
        holdout.split(params(), table, purge=8)


def test_a_test_era_is_on_no_side_even_where_its_target_is_known() -> None:
    table = eras(train=30, validation=5, test=2)
    table["resolved"] = 10
    sides = holdout.split(params(), table, purge=8)["side"]
    assert list(sides[-3:]) == ["validation", "unresolved", "unresolved"]


def test_the_purge_counts_eras_that_are_not_in_the_data() -> None:
    table = eras(train=30, validation=5, test=0).drop(index=range(15, 28)).reset_index(drop=True)
    sides = holdout.split(params(), table, purge=8)["side"]
    assert Counter(sides) == {"train": 15, "purged": 2, "validation": 5}


@given(train=st.integers(1, 40), validation=st.integers(1, 10), purge=st.sampled_from([8, 16]), nth=st.integers(1, 5))
def test_sides_follow_from_the_numbers(train: int, validation: int, purge: int, nth: int) -> None:
    table = eras(train, validation, test=1)
    if train <= purge:
        with pytest.raises(DataError, match=rf"No era left to train on: {train} train eras .* purge {purge}"):
            holdout.split(params(nth), table, purge)
        return
    sides = holdout.split(params(nth), table, purge)["side"]
    assert list(sides[sides == "train"].index[::-1]) == list(range(train - purge - 1, -1, -nth))
    assert (sides == "purged").sum() == purge


def test_no_era_left_to_train_on() -> None:
    expected = r"No era left to train on: 16 train eras with a resolved target before era 0017, purge 16\. Use data"
    with pytest.raises(DataError, match=expected):
        holdout.split(params(), eras(train=16, validation=3, test=0), purge=16)


def test_no_era_to_validate_on() -> None:
    with pytest.raises(DataError, match="No era to validate on: no era of data_type validation has a resolved target"):
        holdout.split(params(), eras(train=30, validation=0, test=3), purge=8)


def test_an_era_on_both_sides() -> None:
    table = eras(train=30, validation=5, test=0)
    table.loc[30, "era"] = "0030"
    with pytest.raises(DataError, match="era 0030 appears 2 times; an era can be on one side only"):
        holdout.split(params(), table, purge=8)


def test_train_after_validation() -> None:
    table = eras(train=30, validation=5, test=0)
    table.loc[34, "data_type"] = "train"
    with pytest.raises(DataError, match="era 0035 of data_type train comes after era 0034 of validation"):
        holdout.split(params(), table, purge=8)
