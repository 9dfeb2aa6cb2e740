"""Intervals against slow loops, textbooks, and the share of simulated histories that they cover."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.stats import norm, t

from benchmarks.coverage import Missed, Setting, missed
from numerai_rounds.domain.judgement import critical_values, intervals
from numerai_rounds.domain.judgement.critical_values import SHARPES, long_run_variance, simulated
from numerai_rounds.domain.judgement.intervals import estimated

SERIES = st.lists(st.integers(-1000, 1000), min_size=8, max_size=40).map(lambda numbers: np.array(numbers) / 1000)
DRAWS = 400

ALIKE = [Setting(eras, overlap, overlap) for eras in (52, 150, 650) for overlap in (12, 4, 1)]
WEAKER = [Setting(52, 12, 1), Setting(52, 12, 4), Setting(150, 12, 1), Setting(150, 4, 1), Setting(650, 12, 4)]


def scores(eras: int, overlap: int = 1, seed: int = 0) -> np.ndarray:
    """Scores of mean .5 and deviation 1, each the sum of `overlap` weeks of news."""
    weeks = np.random.default_rng(seed).standard_normal(eras + overlap - 1) / math.sqrt(overlap)
    return 0.5 + np.convolve(weeks, np.ones(overlap), mode="valid")


class TestCoverage:
    """Of intervals that are to cover 90 %, on 600 histories each; benchmarks/RESULTS-intervals.md has the table."""

    @pytest.mark.parametrize("setting", ALIKE, ids=str)
    def test_dependence_as_the_targets_overlap_is_covered_as_promised(self, setting: Setting) -> None:
        for sharpe in (0.3, 1.5):
            for found in missed(setting, sharpe, histories=600, draws=2000):
                assert 0.865 < found.covered < 0.935, (sharpe, found)
                assert max(found.below, found.above) < 0.08, (sharpe, found)

    @pytest.mark.parametrize("setting", WEAKER, ids=str)
    def test_weaker_dependence_is_covered_more_often(self, setting: Setting) -> None:
        for sharpe in (0.3, 1.5):
            assert all(found.covered > 0.87 for found in missed(setting, sharpe, histories=600, draws=2000))

    def test_eras_taken_as_independent_are_covered_half_as_often(self) -> None:
        """What the overlap is heeded for."""
        found: tuple[Missed, Missed] = missed(Setting(150, 1, 12), 0.8, histories=300, draws=DRAWS)
        assert all(one.covered < 0.6 for one in found)


@given(SERIES, st.sampled_from([1, 2]), st.floats(0.5, 0.99))
def test_never_narrower_than_intervals_of_independent_eras(values: np.ndarray, overlap: int, share: float) -> None:
    """Student's for the mean; Lo's (2002) for the Sharpe ratio."""
    found, independent = estimated(values, overlap, share, DRAWS), estimated(values, 1, share, DRAWS)
    assert found is not None
    assert independent is not None
    assert found.mean.low <= independent.mean.low <= independent.mean.high <= found.mean.high
    eras, tail = len(values), t.ppf((1 + share) / 2, len(values) - 1)
    reach = tail * values.std(ddof=1) / math.sqrt(eras)
    assert found.mean.low <= values.mean() - reach + 1e-12
    assert found.mean.high >= values.mean() + reach - 1e-12
    if found.sharpe is not None:
        ratio = values.mean() / values.std()
        wide = norm.ppf((1 + share) / 2) * math.sqrt((1 + ratio**2 / 2) / eras)
        assert found.sharpe.low <= ratio - wide
        assert found.sharpe.high >= ratio + wide
        assert independent.sharpe is not None
        assert found.sharpe.low <= independent.sharpe.low <= independent.sharpe.high <= found.sharpe.high


@given(SERIES, st.integers(1, 2), st.floats(0.05, 0.95))
def test_a_larger_share_is_not_narrower(values: np.ndarray, overlap: int, share: float) -> None:
    inner, outer = estimated(values, overlap, share, DRAWS), estimated(values, overlap, 0.99, DRAWS)
    assert inner is not None
    assert outer is not None
    for one, other in zip(inner, outer, strict=True):
        if one is not None and other is not None:
            assert other.low <= one.low <= one.high <= other.high


@given(SERIES, st.sampled_from([0.001, 3.0, 1e6]), st.floats(-1, 1))
def test_units_and_signs_do_not_matter(values: np.ndarray, scale: float, shift: float) -> None:
    """The mean moves with the scores, the Sharpe ratio does not depend on their scale, losses mirror gains."""
    plain, scaled, shifted, mirrored = (
        estimated(changed, 2, 0.9, DRAWS) for changed in (values, scale * values, values + shift, -values)
    )
    assert plain is not None
    assert scaled is not None
    assert shifted is not None
    assert mirrored is not None
    assert_allclose(scaled.mean, scale * np.array(plain.mean), rtol=1e-9, atol=1e-12 * scale)
    assert_allclose(shifted.mean, np.array(plain.mean) + shift, rtol=1e-9, atol=1e-12)
    assert_allclose(mirrored.mean, -np.array(plain.mean)[::-1], rtol=1e-9, atol=1e-12)
    if np.ptp(values) > 0:
        assert_allclose(scaled.sharpe, plain.sharpe, rtol=1e-6, atol=1e-9)
        assert_allclose(mirrored.sharpe, -np.array(plain.sharpe)[::-1], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("overlap", [1, 4, 12])
def test_too_few_pieces_have_no_interval(overlap: int) -> None:
    needed = intervals.least_eras(overlap)
    assert intervals.pieces(needed, overlap) == intervals.LEAST_PIECES
    assert estimated(scores(needed), overlap, 0.9, 100) is not None
    assert estimated(scores(needed - 1), overlap, 0.9, 100) is None


@pytest.mark.parametrize("value", [0.0, 0.1, -1 / 3])
def test_constant_scores_are_certain_and_have_no_sharpe(value: float) -> None:
    found = estimated(np.full(50, value), 4, 0.9, 100)
    assert found is not None
    assert_allclose(found.mean, [value, value], rtol=1e-15)
    assert found.sharpe is None


def test_a_sharpe_ratio_beyond_all_that_is_simulated_has_an_interval() -> None:
    found = estimated(scores(60) / 1000 + 1, 4, 0.9, DRAWS)
    assert found is not None
    assert found.sharpe is not None
    assert 500 < found.sharpe.low < 1000 < found.sharpe.high < 2000


def test_what_is_simulated_depends_on_eras_overlap_and_draws_alone() -> None:
    first = estimated(scores(60), 4, 0.9, 500)
    for kept in (critical_values.simulated, intervals._critical):
        kept.cache_clear()
    assert estimated(scores(60), 4, 0.9, 500) == first


def test_memory_saved_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = simulated.__wrapped__(60, 4, 50)
    monkeypatch.setattr(critical_values, "PIECE", 200)
    parts = simulated.__wrapped__(60, 4, 50)
    assert_allclose(parts.means, whole.means, rtol=1e-12)
    assert_allclose(parts.sharpes, whole.sharpes, rtol=1e-9)


def test_the_ratios_of_independent_scores_are_students() -> None:
    critical = simulated(20, 1, 20_000)
    for share in (0.5, 0.9, 0.99):
        expected = t.ppf((1 + share) / 2, 19) * math.sqrt(20 / 19)
        assert critical.of_mean(share) == pytest.approx(expected, rel=0.03)
    low, high = critical.of_sharpe(0.9)
    assert_allclose(low, -high[::-1])
    assert len(low) == len(SHARPES)


class TestLongRunVariance:
    def test_by_hand(self) -> None:
        """Deviations -1, 0, 1, 0: variance 1/2, lag 1 zero, lag 2 -1/4 with weight 1/3."""
        around = np.array([[-1.0, 0.0, 1.0, 0.0]])
        assert long_run_variance(around, 0)[0] == pytest.approx(1 / 2)
        assert long_run_variance(around, 1)[0] == pytest.approx(1 / 2)
        assert long_run_variance(around, 2)[0] == pytest.approx(1 / 2 - 2 / 3 / 4)

    @given(SERIES, st.integers(0, 60))
    def test_equals_weighted_autocovariances(self, values: np.ndarray, lags: int) -> None:
        around, eras = values - values.mean(), len(values)
        other = np.square(around)
        for second in (around, other):
            expected = 0.0
            for lag in range(-lags, lags + 1):
                pairs = range(max(0, -lag), min(eras, eras - lag))
                expected += (1 - abs(lag) / (lags + 1)) * sum(around[k] * second[k + lag] for k in pairs) / eras
            found = long_run_variance(around[None], lags, second[None])[0]
            assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)
        assert long_run_variance(around[None], lags)[0] >= 0

    def test_news_shared_by_five_eras_counts_five_times(self) -> None:
        values = scores(200_000, 5)
        assert long_run_variance(values[None] - values.mean(), 100)[0] == pytest.approx(5, rel=0.1)
