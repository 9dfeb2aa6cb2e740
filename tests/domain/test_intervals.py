"""Intervals against slow loops, theory, and the share of simulated histories that they cover."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import norm, t

from numerai_rounds.domain import intervals
from numerai_rounds.domain.intervals import bootstrap, long_run_variance, newey_west

SERIES = st.lists(st.integers(-1000, 1000), min_size=6, max_size=40).map(lambda numbers: np.array(numbers) / 1000)


PINNED = [[99, 453, 90, 258, 285, 453], [546, 120, 180, 306, 345, 284]]
"""First places of two draws of 650 eras by blocks of 8 with seed 1."""


def overlapping(random: np.random.Generator, eras: int, shared: int = 5) -> np.ndarray:
    """Scores of mean 1 and deviation 1, each the sum of `shared` weeks of news."""
    weeks = random.standard_normal(eras + shared - 1) / np.sqrt(shared)
    return 1 + np.convolve(weeks, np.ones(shared), mode="valid")


def widened(eras: int, overlap: int) -> float:
    """How much wider an interval of 90 % is than its draws."""
    return t.ppf(0.95, 1.5 * eras / (overlap + 1)) / norm.ppf(0.95) * (eras / (eras - overlap)) ** 0.5


def draws_of(scores: np.ndarray, block: int, draws: int, seed: int) -> np.ndarray:
    """Every draw written out, shape (draws, eras), from the same raw stream."""
    entropy = [seed, int.from_bytes(b"bootstrap", "big"), len(scores), block]
    stream = np.random.SFC64(np.random.SeedSequence(entropy))
    every = []
    for _ in range(draws):
        draw: list[float] = []
        for _ in range(-(-len(scores) // block)):
            start = int(stream.random_raw()) % len(scores)
            draw += [scores[(start + step) % len(scores)] for step in range(block)]
        every.append(draw[: len(scores)])
    return np.array(every)


class TestBootstrap:
    @pytest.mark.parametrize(("eras", "block"), [(24, 8), (25, 8), (31, 8), (7, 2), (5, 1), (50, 16)])
    def test_equals_draws_written_out(self, eras: int, block: int) -> None:
        scores = np.random.default_rng(eras).standard_normal(eras) + 0.3
        draws = draws_of(scores, block, 200, seed=7)
        found = bootstrap(scores, block, 0.9, 200, 7)
        assert found is not None
        wider = widened(eras, block)
        for interval, estimate, drawn in (
            (found.mean, scores.mean(), draws.mean(axis=1)),
            (found.sharpe, scores.mean() / scores.std(), draws.mean(axis=1) / draws.std(axis=1)),
        ):
            assert_allclose(interval, estimate + wider * (np.quantile(drawn, [0.05, 0.95]) - estimate), rtol=1e-9)

    def test_the_places_drawn_are_the_same_everywhere(self) -> None:
        (starts,) = intervals._block_starts(650, 8, 2, 1)
        assert starts.shape == (2, 82)
        assert_array_equal(starts[:, :6], PINNED)

    def test_the_places_drawn_depend_on_seed_length_and_block(self) -> None:
        asked = [(650, 8, 1), (650, 8, 2), (656, 8, 1), (650, 16, 1)]
        firsts = {tuple(next(intervals._block_starts(eras, block, 5, seed))[0, :5]) for eras, block, seed in asked}
        assert len(firsts) == len(asked)

    def test_memory_saved_changes_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        scores = overlapping(np.random.default_rng(0), 100)
        whole = bootstrap(scores, 8, 0.95, 1000, 3)
        monkeypatch.setattr(intervals, "PIECE", 64)
        assert bootstrap(scores, 8, 0.95, 1000, 3) == whole

    def test_its_width_is_the_long_run_deviation(self) -> None:
        scores = overlapping(np.random.default_rng(1), 2000)
        found = bootstrap(scores, 8, 0.9, 10_000, 0)
        assert found is not None
        expected = 2 * 1.6449 * np.sqrt(long_run_variance(scores, 7) / 2000)
        assert found.mean.high - found.mean.low == pytest.approx(expected, rel=0.05)

    def test_draws_without_deviation_have_no_sharpe(self) -> None:
        """With one era that differs, many draws miss it."""
        scores = np.full(30, 0.1)
        scores[4] = 0.2
        found = bootstrap(scores, 8, 0.9, 500, 0)
        assert found is not None
        assert found.sharpe is not None
        assert 0 < found.sharpe.low <= found.sharpe.high < 20


class TestLongRunVariance:
    def test_by_hand(self) -> None:
        """Deviations -1, 0, 1, 0: variance 1/2, lag 1 zero, lag 2 -1/4 with weight 1/3."""
        scores = np.array([1.0, 2.0, 3.0, 2.0])
        assert long_run_variance(scores, 0) == pytest.approx(1 / 2)
        assert long_run_variance(scores, 1) == pytest.approx(1 / 2)
        assert long_run_variance(scores, 2) == pytest.approx(1 / 2 - 2 / 3 / 4)

    @given(SERIES, st.integers(0, 60))
    def test_equals_weighted_autocovariances(self, scores: np.ndarray, lags: int) -> None:
        centred, eras = scores - scores.mean(), len(scores)
        expected = 0.0
        for lag in range(-lags, lags + 1):
            products = [centred[t] * centred[t - abs(lag)] for t in range(abs(lag), eras)]
            expected += (1 - abs(lag) / (lags + 1)) * sum(products) / eras
        assert long_run_variance(scores, lags) == pytest.approx(expected, rel=1e-9, abs=1e-12)
        assert long_run_variance(scores, lags) >= 0

    def test_news_shared_by_five_eras_counts_five_times(self) -> None:
        scores = overlapping(np.random.default_rng(2), 200_000)
        assert long_run_variance(scores, 100) == pytest.approx(5, rel=0.1)


class TestNeweyWest:
    def test_by_hand(self) -> None:
        found = newey_west(np.array([1.0, 2.0, 3.0, 2.0]), 1, 0.95)
        assert found is not None
        reach = t.ppf(0.975, 3) * np.sqrt(4 / 3) * np.sqrt(1 / 2 / 4)
        assert_allclose(found.mean, [2 - reach, 2 + reach], rtol=1e-6)

    def test_the_sharpe_ratio_of_independent_normal_scores(self) -> None:
        """Lo (2002): its variance is (1 + sharpe ** 2 / 2) / eras."""
        scores = np.random.default_rng(3).standard_normal(100_000) + 1.5
        found = newey_west(scores, 1, 0.9)
        assert found is not None
        assert found.sharpe is not None
        expected = 1.6449 * np.sqrt((1 + 1.5**2 / 2) / len(scores))
        assert (found.sharpe.high - found.sharpe.low) / 2 == pytest.approx(expected, rel=0.03)
        assert sum(found.sharpe) / 2 == pytest.approx(scores.mean() / scores.std())

    def test_agrees_with_the_bootstrap(self) -> None:
        scores = overlapping(np.random.default_rng(4), 3000)
        drawn, normal = bootstrap(scores, 8, 0.9, 4000, 0), newey_west(scores, 8, 0.9)
        assert drawn is not None
        assert normal is not None
        for one, other in zip(drawn, normal, strict=True):
            assert one is not None
            assert other is not None
            assert_allclose(one, other, rtol=0, atol=0.1 * (other.high - other.low))


WAYS = {
    "bootstrap": lambda scores, overlap: bootstrap(scores, overlap, 0.9, 200, 0),
    "newey_west": lambda scores, overlap: newey_west(scores, overlap, 0.9),
}


@pytest.mark.parametrize("way", WAYS)
def test_overlap_heeded_covers_what_eras_taken_as_independent_do_not(way: str) -> None:
    """Of intervals that are to cover 90 %, for the mean and the Sharpe ratio, both 1 in truth."""
    random = np.random.default_rng(5)
    covered = {1: np.zeros(2), 8: np.zeros(2)}
    for _ in range(300):
        scores = overlapping(random, 300)
        for overlap, count in covered.items():
            count += [interval.low <= 1 <= interval.high for interval in WAYS[way](scores, overlap)]
    naive, heeded = covered[1] / 300, covered[8] / 300
    assert (heeded > 0.8).all(), heeded
    assert (heeded < 0.95).all(), heeded
    assert (naive < heeded - 0.1).all(), naive


@pytest.mark.parametrize("overlap", [1, 8, 16])
def test_too_few_eras_have_no_interval(overlap: int) -> None:
    scores = np.random.default_rng(6).standard_normal(3 * overlap)
    assert bootstrap(scores, overlap, 0.9, 100, 0) is not None
    assert newey_west(scores, overlap, 0.9) is not None
    assert bootstrap(scores[1:], overlap, 0.9, 100, 0) is None
    assert newey_west(scores[1:], overlap, 0.9) is None


@pytest.mark.parametrize("value", [0.0, 0.1, -1 / 3])
def test_constant_scores_are_certain_and_have_no_sharpe(value: float) -> None:
    scores = np.full(50, value)
    for found in (bootstrap(scores, 8, 0.9, 100, 0), newey_west(scores, 8, 0.9)):
        assert found is not None
        assert_allclose(found.mean, [value, value], rtol=1e-15)
        assert found.sharpe is None


@given(SERIES, st.integers(1, 2), st.floats(0.01, 0.99))
def test_low_is_not_above_high_and_a_larger_share_is_not_narrower(
    scores: np.ndarray, overlap: int, share: float
) -> None:
    for ways in (
        (bootstrap(scores, overlap, share, 100, 0), bootstrap(scores, overlap, 0.995, 100, 0)),
        (
            newey_west(scores, overlap, share),
            newey_west(scores, overlap, 0.995),
        ),
    ):
        inner, outer = ways
        assert inner is not None
        assert outer is not None
        for one, other in zip(inner, outer, strict=True):
            if one is not None and other is not None:
                assert other.low <= one.low <= one.high <= other.high


@given(SERIES, st.sampled_from([0.001, 3.0, 1e6]), st.floats(-1, 1))
def test_units_do_not_matter(scores: np.ndarray, scale: float, shift: float) -> None:
    """The mean moves with the scores, the Sharpe ratio does not depend on their scale."""
    for way in WAYS.values():
        plain, scaled, shifted = way(scores, 2), way(scale * scores, 2), way(scores + shift, 2)
        assert_allclose(scaled.mean, scale * np.array(plain.mean), rtol=1e-9, atol=1e-12 * scale)
        assert_allclose(shifted.mean, np.array(plain.mean) + shift, rtol=1e-9, atol=1e-12)
        if np.ptp(scores) > 0:
            assert_allclose(scaled.sharpe, plain.sharpe, rtol=1e-6, atol=1e-9)
