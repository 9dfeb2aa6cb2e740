"""The reader: whole eras, in order, whatever the row groups; missing features as configured."""

import numpy as np
import pandas as pd
import pytest

from numerai_rounds.base.errors import ConfigurationError, DataError
from numerai_rounds.io import history, paths
from tests import tiny

TARGET = tiny.MAIN_TARGET


@pytest.fixture
def market() -> tiny.Market:
    return tiny.market()


def place(market: tiny.Market, **options: object) -> None:
    tiny.write_v5(paths.HISTORY, market, **options)
    tiny.write_v5(paths.LIVE, market, **options)


@pytest.mark.parametrize("rows", [1, 7, 24, 1000])
@pytest.mark.parametrize("batch", [5, 65_536])
def test_eras_come_whole_and_in_order(
    market: tiny.Market, rows: int, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "BATCH_ROWS", batch)
    place(market, row_group_size=rows)
    wanted = ["0002", "0003", "0009", "0030"]
    chosen = tiny.FEATURES[3:9][::-1]
    read = list(history.read("train", wanted, chosen, TARGET, "refuse"))
    assert [era.era for era in read] == wanted
    for era in read:
        expected = market.train[market.train["era"] == era.era]
        assert era.ids == list(expected.index)
        np.testing.assert_array_equal(era.features, expected[chosen])
        np.testing.assert_array_equal(era.target, expected[TARGET])


def test_missing_features_are_the_middle_or_refused(market: tiny.Market) -> None:
    name = tiny.FEATURES[0]
    market.train[name] = market.train[name].astype("Int8")
    market.train.iloc[:3, market.train.columns.get_loc(name)] = pd.NA
    place(market)
    first = next(history.read("train", ["0001"], [name], TARGET, "middle"))
    assert list(first.features[:3, 0]) == [2, 2, 2]
    with pytest.raises(DataError, match=f"{name} is missing in 3 rows of era 0001.*missing_features=middle"):
        next(history.read("train", ["0001"], [name], TARGET, "refuse"))


def test_rows_are_counted_where_the_chosen_target_is_known(market: tiny.Market) -> None:
    market.train.iloc[:5, market.train.columns.get_loc("target_agnes_20")] = np.nan
    place(market)
    table = history.era_table("target_agnes_20").set_index("era")
    assert (table.loc["0001", "rows"], table.loc["0001", "resolved"]) == (24, 19)
    assert table.loc["0044", "resolved"] == 0
    assert history.era_table(TARGET).set_index("era").loc["0001", "resolved"] == 24


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("target_ender_6", "did you mean 'target_ender_60'"),
        ("target", r"alias.*it equals target_ender_60 here.*`rounds compose target=target_ender_60`"),
    ],
)
def test_a_target_is_named_in_full(market: tiny.Market, target: str, sentence: str) -> None:
    place(market)
    with pytest.raises(ConfigurationError, match=sentence):
        history.era_table(target)


def test_live_data_without_a_feature_of_the_model_is_refused(market: tiny.Market) -> None:
    market.live = market.live.drop(columns=tiny.FEATURES[:5])
    place(market)
    with pytest.raises(DataError, match=r"lacks 5 features that the model uses .*and 2 more.*`rounds open`"):
        history.read_live(tiny.FEATURES, "middle")
