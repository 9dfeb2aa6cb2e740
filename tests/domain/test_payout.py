"""What a policy pays, and what a stake becomes, by hand and against a stake followed era by era."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from numerai_rounds.base.params import Payout
from numerai_rounds.domain.judgement.payout import returns
from numerai_rounds.domain.judgement.payout import simulate as simulated

POLICY = Payout(target="target_ender_60", corr=3.0, mmc=15.0, clip=1.0, factor=1.0)
OLD_POLICY = Payout(target="target_cyrusd_20", corr=0.5, mmc=2.0, clip=0.05, factor=0.8)
NAN = math.nan


def simulate(paid: np.ndarray, pending: int, stake: float, a_year: int = 52) -> dict[str, float]:
    return simulated(paid, pending, stake, a_year)


RETURNS = st.lists(st.one_of(st.floats(-1, 1), st.just(NAN)), max_size=60).map(np.array)


class TestReturns:
    def test_by_hand(self) -> None:
        assert_allclose(returns(np.array([0.02, -0.01]), np.array([0.01, 0.0]), POLICY), [0.21, -0.03])

    def test_the_factor_is_inside_the_clip(self) -> None:
        found = returns(np.array([0.02, 0.3, -0.3]), np.array([0.01, 0.0, 0.0]), OLD_POLICY)
        assert_allclose(found, [0.8 * 0.03, 0.05, -0.05])

    def test_an_era_that_lacks_either_score_pays_nothing_known(self) -> None:
        assert_array_equal(returns(np.array([NAN, 0.0, NAN]), np.array([0.0, NAN, NAN]), POLICY), [NAN, NAN, NAN])


class TestSimulate:
    def test_by_hand(self) -> None:
        """Two slices of 50 NMR: one wins 10 % and loses 50 %, the other wins 20 %."""
        found = simulate(np.array([0.1, 0.2, -0.5]), pending=2, stake=100)
        assert found["payout_mean"] == pytest.approx(-0.2 / 3)
        assert found["payout_nmr"] == pytest.approx(50 * 1.1 * 0.5 + 50 * 1.2 - 100)
        assert found["payout_yearly"] == pytest.approx(((1.1 * 0.5 + 1.2) / 2) ** (52 / 3) - 1)

    def test_a_year_of_equal_returns(self) -> None:
        """Each of 4 slices is staked 13 times in 52 eras."""
        found = simulate(np.full(52, 0.01), pending=4, stake=10)
        assert found["payout_yearly"] == pytest.approx(1.01**13 - 1)
        assert found["payout_nmr"] == pytest.approx(10 * (1.01**13 - 1))
        assert simulate(np.full(520, 0.01), 4, 10)["payout_yearly"] == pytest.approx(1.01**13 - 1)

    def test_a_year_of_monthly_eras_that_share_nothing(self) -> None:
        found = simulate(np.full(24, 0.01), pending=1, stake=10, a_year=12)
        assert found["payout_yearly"] == pytest.approx(1.01**12 - 1)
        assert found["payout_nmr"] == pytest.approx(10 * (1.01**24 - 1))

    def test_eras_without_a_score_are_left_out(self) -> None:
        paid = np.array([NAN, 0.1, NAN, NAN, 0.2, -0.5, NAN])
        assert simulate(paid, 2, 100) == simulate(paid[~np.isnan(paid)], 2, 100)

    @pytest.mark.parametrize("nothing", [[], [NAN, NAN]])
    def test_nothing_is_said_where_no_era_pays(self, nothing: list[float]) -> None:
        assert simulate(np.array(nothing, dtype=float), 4, 10) == {}

    def test_slices_without_an_era_stay(self) -> None:
        assert simulate(np.array([0.12]), pending=12, stake=100)["payout_nmr"] == pytest.approx(1)

    def test_a_ruined_slice_stays_at_nothing(self) -> None:
        found = simulate(np.array([-1.0, 0.0, 1.0, 0.0]), pending=2, stake=100)
        assert found["payout_nmr"] == -50

    @pytest.mark.parametrize("worst", [-1.0, -2.5])
    def test_ruin_is_the_loss_of_all_and_no_more(self, worst: float) -> None:
        found = simulate(np.array([worst, 0.5]), pending=1, stake=100)
        assert found == {"payout_mean": -0.25, "payout_nmr": -100, "payout_yearly": -1}

    @given(RETURNS, st.integers(1, 12), st.floats(0.1, 1000))
    def test_equals_a_stake_followed_era_by_era(self, paid: np.ndarray, pending: int, stake: float) -> None:
        slices, turn = [stake / pending] * pending, 0
        for one in paid:
            if not math.isnan(one):
                slices[turn % pending] *= 1 + one
                turn += 1
        found = simulate(paid, pending, stake)
        if not turn:
            assert found == {}
            return
        assert found["payout_nmr"] == pytest.approx(sum(slices) - stake, rel=1e-9, abs=1e-9 * stake)
        assert found["payout_nmr"] >= -stake
        assert found["payout_yearly"] == pytest.approx((sum(slices) / stake) ** (52 / turn) - 1, rel=1e-9, abs=1e-9)
