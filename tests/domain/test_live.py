"""What live scores come to, by hand and on simulated rounds."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numerai_rounds.base.params import Payout
from numerai_rounds.domain import live
from numerai_rounds.domain.live import Round

NAN = math.nan
POLICY = Payout(target="target_ender_60", corr=3.0, mmc=15.0, clip=0.5, factor=1.0)


def entry(number: int, corr: float = NAN, mmc: float = NAN, paid: float = NAN, resolved: bool = True) -> Round:
    return Round(number, resolved, corr, mmc, paid, percentile=number / 10)


class TestFigures:
    def test_by_hand(self) -> None:
        found = live.figures(
            [entry(1, 0.01, 0.0, 0.03), entry(2, 0.03, 0.002, 0.12), entry(3, 9, 9, 9, resolved=False)]
        )
        assert (found.resolved, found.pending) == (2, 1)
        assert found.corr == pytest.approx(0.02)
        assert found.sharpe == pytest.approx(2)
        assert found.mmc == pytest.approx(0.001)
        assert (found.payout_mean, found.payout_sum) == pytest.approx((0.075, 0.15))
        assert found.percentile == pytest.approx(0.15)

    def test_a_round_without_a_score_is_left_out_of_that_score_alone(self) -> None:
        found = live.figures([entry(1, 0.01), entry(2, NAN, 0.002)])
        assert (found.corr, found.mmc) == (0.01, 0.002)

    @pytest.mark.parametrize("rounds", [[], [entry(1, 0.01, 0.01, 0.01, resolved=False)]])
    def test_nothing_resolved_has_no_figures(self, rounds: list[Round]) -> None:
        assert all(math.isnan(value) for value in live.figures(rounds)[2:])

    def test_a_single_round_has_no_sharpe_ratio(self) -> None:
        assert math.isnan(live.figures([entry(1, 0.01)]).sharpe)


class TestPaid:
    @pytest.mark.parametrize(("corr", "mmc", "share"), [(0.02, 0.004, 0.12), (0.2, 0.1, 0.5), (-0.2, -0.1, -0.5)])
    def test_by_hand(self, corr: float, mmc: float, share: float) -> None:
        assert live.paid(corr, mmc, POLICY) == pytest.approx(share)

    def test_a_score_that_is_not_paid_for_is_not_needed(self) -> None:
        assert live.paid(0.02, NAN, POLICY.model_copy(update={"mmc": 0.0})) == pytest.approx(0.06)
        assert math.isnan(live.paid(0.02, NAN, POLICY))


class TestStretches:
    @pytest.mark.parametrize(
        ("numbers", "count"), [([], 0), ([7], 1), (range(60), 1), (range(61), 2), ([1, 60, 61, 120, 121], 3)]
    )
    def test_by_hand(self, numbers: range | list[int], count: int) -> None:
        assert live.stretches(list(numbers), 60) == count

    @given(st.sets(st.integers(1, 300), max_size=40))
    def test_no_more_than_fit_into_the_span(self, numbers: set[int]) -> None:
        found = live.stretches(sorted(numbers), 20)
        assert bool(numbers) <= found <= (max(numbers, default=0) - min(numbers, default=20)) // 20 + 1


class TestMeanInterval:
    def test_it_needs_three_times_the_rounds_that_share(self) -> None:
        scores = np.random.default_rng(1).normal(size=240).tolist()
        assert live.mean_interval(range(180), scores[:180], 60, 0.9) is not None
        assert live.mean_interval(range(179), scores[:179], 60, 0.9) is None
        assert live.mean_interval([], [], 60, 0.9) is None

    def test_rounds_far_apart_are_taken_as_independent(self) -> None:
        scores = np.random.default_rng(1).normal(size=30).tolist()
        apart = live.mean_interval(range(0, 30 * 80, 80), scores, 60, 0.9)
        weekly = live.mean_interval(range(0, 30 * 8, 8), scores, 60, 0.9)
        assert apart is not None
        assert weekly is not None
        assert apart.low < np.mean(scores) < apart.high
        assert apart.high - apart.low == pytest.approx(2 * 1.645 * np.std(scores) / math.sqrt(30), rel=0.5)

    def test_it_covers_the_truth_about_as_often_as_it_says(self) -> None:
        random, hits = np.random.default_rng(2), 0
        for _ in range(200):
            scores = np.convolve(random.normal(size=519), np.ones(20) / 20, "valid")
            found = live.mean_interval(range(len(scores)), scores.tolist(), 20, 0.9)
            hits += found is not None and found.low <= 0 <= found.high
        assert 0.75 < hits / 200 < 0.95


@pytest.mark.parametrize(
    ("score", "where"), [(0.0, "below"), (0.006, "inside"), (0.01, "inside"), (0.017, "inside"), (0.02, "above")]
)
def test_the_ends_of_an_interval_are_inside(score: float, where: str) -> None:
    assert live.place(score, 0.006, 0.017) == where
