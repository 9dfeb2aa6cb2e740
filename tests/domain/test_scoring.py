"""Scores against numerai-tools and scipy, and the loop that gathers them."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numerai_tools.scoring import numerai_corr, tie_kept_rank__gaussianize__pow_1_5
from numpy.testing import assert_allclose
from scipy.stats import rankdata, spearmanr

from numerai_rounds.base.errors import DataError
from numerai_rounds.domain import kernels, ranks, scoring
from numerai_rounds.domain.metrics import corr, feature_exposure, mae, spearman

LEVELS = [0, 0.25, 0.5, 0.75, 1]


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    """No example is timed while its loop is compiled."""
    kernels.level_sums(np.zeros((1, 1), dtype=np.int8), np.zeros(1, dtype=int))


def era(prediction: list[float] | np.ndarray, target: list[float] | np.ndarray, label: str = "0575") -> scoring.Era:
    prediction = np.asarray(prediction, dtype=float)
    return scoring.Era(
        label, prediction, np.asarray(target, dtype=float), np.empty((len(prediction), 0), dtype=np.int8)
    )


@st.composite
def eras(draw: st.DrawFn) -> scoring.Era:
    """Predictions with or without ties, never constant, and a target of five levels."""
    rows = draw(st.integers(4, 60))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    prediction = random.normal(size=rows) if draw(st.booleans()) else random.integers(0, draw(st.integers(2, 9)), rows)
    found = era(prediction, random.choice(LEVELS, rows))
    assume(found.scorable)
    return found


def headlines(metric: type[scoring.Metric], **columns: list[float]) -> dict[str, float]:
    return metric(np.array([])).summary(pd.DataFrame(columns))


def score(metric: type[scoring.Metric], one: scoring.Era) -> float:
    (value,) = metric(one.prediction).add(one).values()
    return value


class TestOracles:
    @given(eras())
    def test_corr_is_numerais(self, one: scoring.Era) -> None:
        try:
            expected = numerai_corr(pd.DataFrame({"p": one.prediction}), pd.Series(one.target, name="t"))["p"]
        except AssertionError:  # the oracle refuses targets that the power of 1.5 changes much
            assume(False)
        assert score(corr.Metric, one) == pytest.approx(expected, abs=1e-9)

    @given(eras())
    def test_the_transformation_is_numerais(self, one: scoring.Era) -> None:
        expected = tie_kept_rank__gaussianize__pow_1_5(pd.DataFrame({"p": one.prediction}))["p"]
        assert_allclose(ranks.gaussianize__power_1_5(one.ranks), expected, rtol=0, atol=1e-12)

    @given(eras())
    def test_spearman_is_scipys(self, one: scoring.Era) -> None:
        expected = spearmanr(one.prediction, one.target).statistic
        assert score(spearman.Metric, one) == pytest.approx(expected, abs=1e-9)

    @given(st.integers(0, 2**32), st.integers(5, 200), st.integers(1, 5))
    def test_exposure_is_the_spread_of_scipys_correlations(self, seed: int, rows: int, pieces: int) -> None:
        random = np.random.default_rng(seed)
        features = random.integers(0, 5, (rows, 7)).astype(np.int8)
        features[:, 3] = 2
        prediction = np.round(features[:, 0] + random.normal(size=rows), 1)
        assume(np.ptp(prediction) > 0)
        metric = feature_exposure.Metric(prediction)
        for part in np.array_split(np.arange(rows), pieces):
            metric.add(scoring.Era("0575", prediction[part], random.random(len(part)), features[part]))
        varying = [column for column in features.T if np.ptp(column) > 0]
        expected = [spearmanr(prediction, column).statistic for column in varying]
        found = metric.correlations()
        assert_allclose(found[np.isfinite(found)], expected, rtol=0, atol=1e-9)
        assert metric.summary(pd.DataFrame()) == {"feature_exposure": pytest.approx(np.std(expected), abs=1e-9)}


class TestFeatureExposure:
    """By level, against sums over rows."""

    @pytest.mark.parametrize("ties", [1, 3, 900], ids=["no ties", "ties", "ties across eras"])
    def test_ranks_are_summed_exactly(self, ties: int) -> None:
        random = np.random.default_rng(12)
        prediction = (random.permutation(90_000) // ties).astype(float)
        features = random.integers(0, 5, (90_000, 4)).astype(np.int8)
        metric = feature_exposure.Metric(prediction)
        for part in np.split(np.arange(90_000), 15):
            metric.add(scoring.Era("0575", prediction[part], prediction[part], features[part]))
        twice = [np.round(2 * rankdata(values)).astype(int) - 90_001 for values in (prediction, *features.T)]
        spreads = [math.sqrt((values * values).sum()) for values in twice]
        products = [(twice[0] * values).sum() for values in twice[1:]]
        expected = [product / spreads[0] / spread for product, spread in zip(products, spreads[1:], strict=True)]
        assert_allclose(metric.correlations(), expected, rtol=1e-13)

    def test_an_era_cut_in_pieces_gives_the_same_bits(self) -> None:
        random = np.random.default_rng(13)
        prediction, features = random.normal(size=3000), random.integers(0, 5, (3000, 6)).astype(np.int8)
        found = []
        for pieces in (1, 2, 7):
            metric = feature_exposure.Metric(prediction)
            for part in np.array_split(np.arange(3000), pieces):
                metric.add(scoring.Era("0575", prediction[part], prediction[part], features[part]))
            found.append(metric.correlations().tobytes())
        assert len(set(found)) == 1


class TestHeadlines:
    def test_spearman(self) -> None:
        found = headlines(spearman.Metric, spearman=[0.1, 0.3, -0.1])
        assert found["spearman_mean"] == pytest.approx(0.1)
        assert found["spearman_sharpe"] == pytest.approx(0.5)  # the sample's deviation is 0.2
        assert found["payout_ratio"] == pytest.approx((0.5 + 1 - 0.5) / 3)

    def test_corr(self) -> None:
        found = headlines(corr.Metric, corr=[0.02, -0.01, -0.02, 0.05])
        assert found["corr_mean"] == pytest.approx(0.01)
        assert found["corr_std"] == pytest.approx(np.std([0.02, -0.01, -0.02, 0.05]))
        assert found["corr_sharpe"] == pytest.approx(0.01 / np.std([0.02, -0.01, -0.02, 0.05]))
        assert found["corr_max_drawdown"] == pytest.approx(0.03)

    def test_no_drawdown_without_a_fall(self) -> None:
        assert headlines(corr.Metric, corr=[0.01, 0.02])["corr_max_drawdown"] == 0

    def test_drawdown_starts_from_the_first_era(self) -> None:
        found = headlines(corr.Metric, corr=[-0.05, 0.01, -0.02])
        assert found["corr_max_drawdown"] == pytest.approx(0.02)

    def test_mae_weighs_eras_by_their_rows(self) -> None:
        assert score(mae.Metric, era([0.5, 0.5], [0.25, 1])) == pytest.approx(0.375)
        assert headlines(mae.Metric, mae=[0.1, 0.4], rows=[30, 10])["mae"] == pytest.approx(0.175)

    def test_an_unscored_era_is_left_out_of_means(self) -> None:
        found = headlines(corr.Metric, corr=[0.02, np.nan, -0.01])
        assert found["corr_mean"] == pytest.approx(0.005)
        assert found["corr_max_drawdown"] == pytest.approx(0.01)


class TestLoop:
    GOOD = era([0.1, 0.2, 0.4, 0.3], [0, 0.5, 1, 0.5], "0575")
    CONSTANT = era([0.5] * 4, [0, 0.5, 1, 0.5], "0576")
    LONELY = era([0.5], [1], "0577")

    def metrics(self) -> list[scoring.Metric]:
        return [module.Metric(np.linspace(0, 1, 8)) for module in (corr, mae, spearman)]

    def test_one_row_an_era_with_the_metrics_columns_in_order(self) -> None:
        per_era, found = scoring.score(self.metrics(), [self.GOOD, self.GOOD])
        assert list(per_era.columns) == ["era", "rows", "corr", "mae", "spearman"]
        assert list(per_era["rows"]) == [4, 4]
        assert found["eras"] == 2
        assert found["eras_unscored"] == 0

    @pytest.mark.parametrize("unscorable", [CONSTANT, LONELY], ids=["constant", "lonely"])
    def test_an_era_that_cannot_be_scored_is_counted(self, unscorable: scoring.Era) -> None:
        per_era, found = scoring.score(self.metrics(), [self.GOOD, unscorable, self.GOOD])
        assert per_era["corr"].isna().tolist() == per_era["spearman"].isna().tolist() == [False, True, False]
        assert per_era["mae"].notna().all()
        assert found["eras_unscored"] == 1
        assert found["corr_mean"] == per_era["corr"][0]

    def test_headlines_that_do_not_exist_are_left_out(self) -> None:
        _, found = scoring.score(self.metrics(), [self.GOOD])
        assert "corr_sharpe" not in found
        assert "spearman_sharpe" not in found
        assert np.isfinite(list(found.values())).all()

    def test_nothing_can_be_scored(self) -> None:
        with pytest.raises(DataError, match=r"None of the 2 eras can be scored: .* constant in each"):
            scoring.score(self.metrics(), [self.CONSTANT, self.LONELY])
