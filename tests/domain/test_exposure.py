"""How strongly predictions lean on features: in each era, and over the whole set."""

import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume
from hypothesis import strategies as st
from numerai_tools.scoring import max_feature_correlation
from numpy.testing import assert_allclose
from scipy.stats import rankdata, spearmanr

from numerai_rounds.domain.metrics import feature_exposure
from numerai_rounds.domain.scoring.metric import Inputs
from tests.domain import scores
from tests.domain.scores import MAIN, CrossSection, given, markets


def exact(prediction: np.ndarray, feature: np.ndarray) -> float:
    """Pearson in fractions; only the root at the end is rounded."""
    p, x = [Fraction(float(value)) for value in prediction], [int(value) for value in feature]
    rows = len(p)
    covariance = rows * sum(a * b for a, b in zip(p, x, strict=True)) - sum(p) * sum(x)
    spread = (rows * sum(a * a for a in p) - sum(p) ** 2) * (rows * sum(b * b for b in x) - sum(x) ** 2)
    square = covariance * covariance / spread
    size = Fraction(math.isqrt(square.numerator * 10**60 // square.denominator), 10**30)
    return float(size if covariance >= 0 else -size)


class TestPerEra:
    @given(markets(least=5))
    def test_pearson_with_each_feature(self, market: tuple[CrossSection, np.ndarray]) -> None:
        one = scores.on(*market).section
        varying = np.ptp(one.features, axis=1) > 0
        assume(one.varying.all())
        expected = [exact(one.predictions[0], column) for column in one.features[varying]]
        assert_allclose(one.exposures[0, varying], expected, rtol=0, atol=1e-9)
        assert np.isnan(one.exposures[0, ~varying]).all()

    @given(st.integers(0, 2**32), st.integers(10, 400))
    def test_numpys_and_numerais(self, seed: int, rows: int) -> None:
        random = np.random.default_rng(seed)
        features = random.integers(0, 5, (rows, 9))
        features[:, 4] = 2
        prediction = features[:, 0] + random.normal(size=rows)
        one = scores.section(prediction, features)
        varying = np.delete(features, 4, axis=1).astype(float)
        expected = np.array([np.corrcoef(prediction, column)[0, 1] for column in varying.T])
        assert_allclose(np.delete(one.exposures[0], 4), expected, rtol=0, atol=1e-9)
        found = {name: value[0] for name, value in scores.values("exposure", scores.on(one, prediction)).items()}
        _, greatest = max_feature_correlation(pd.Series(prediction), pd.DataFrame(varying))
        assert found["exposure_max"] == pytest.approx(greatest, abs=1e-9)
        assert found["exposure_rms"] == pytest.approx(np.sqrt(np.square(expected).mean()), abs=1e-9)
        assert found["exposure_std"] == pytest.approx(expected.std(), abs=1e-9)

    @pytest.mark.parametrize("outlier", [1e6, 1e8, 4e9, 1e12], ids=str)
    def test_rounding_is_bounded_where_one_prediction_is_far_from_all_others(self, outlier: float) -> None:
        features = np.random.default_rng(20).integers(0, 5, (1000, 2))
        prediction = (features[:, 0] >= 3).astype(float)
        prediction[7] = outlier
        bound = np.ptp(prediction) / prediction.std() / 2**32
        expected = [exact(prediction, column) for column in features.T]
        assert_allclose(scores.section(prediction, features).exposures[0], expected, rtol=0, atol=bound)

    def test_neighbouring_floats_are_told_apart(self) -> None:
        features = np.random.default_rng(21).integers(0, 5, (60, 2))
        for steps in (1, 2, 3):
            prediction = np.full(60, 0.5)
            for step in range(steps):
                prediction[step + 1 :: 9] = np.nextafter(prediction[step + 1 :: 9], 1)
            expected = [exact(prediction, column) for column in features.T]
            assert_allclose(scores.section(prediction, features).exposures[0], expected, rtol=0, atol=1e-9)

    def test_constant_predictions_have_none(self) -> None:
        one = scores.section([[0.5] * 4, [1, 2, 3, 4]], np.arange(8).reshape(4, 2) % 5)
        assert np.isnan(one.exposures).all(axis=1).tolist() == [True, False]
        found = scores.values("exposure", scores.on(one, [0, 0.5, 1, 0.5]))
        assert all(np.isfinite(value).tolist() == [False, True] for value in found.values())

    def test_tables_of_features_and_groups(self) -> None:
        random = np.random.default_rng(22)
        eras = [random.integers(0, 5, (50, 5)) for _ in range(4)]
        eras[1][:, 2], predictions = 2, [random.normal(size=50) for _ in eras]
        for era in eras:
            era[:, 4] = 1
        sections = [
            scores.section(p, x, label=f"{e:04d}") for e, (p, x) in enumerate(zip(predictions, eras, strict=True))
        ]
        groups = {"first": np.array([0, 1, 2]), "never": np.array([4])}
        targets = [{MAIN: random.choice(scores.LEVELS, 50)} for _ in eras]
        (found,) = scores.score(sections, targets, ["spearman", "exposure"], groups=groups)
        each = pd.DataFrame([one.exposures[0] for one in sections])
        table = found.by_feature.set_index("feature")
        assert_allclose(table["exposure_mean"], each.mean(), atol=1e-12)
        assert_allclose(table["exposure_rms"], np.sqrt(np.square(each).mean()), atol=1e-12)
        assert_allclose(table["exposure_max"], each.abs().max(), atol=1e-12)
        assert table.loc["feature_4"].isna().all()
        sizes = np.sqrt(np.square(each[[0, 1, 2]]).mean(axis=1))
        first, never = found.by_group.itertuples(index=False)
        assert (first.group, first.features, never.group, never.features) == ("first", 3, "never", 1)
        assert_allclose([first.exposure_rms, first.exposure_rms_max], [sizes.mean(), sizes.max()], atol=1e-12)
        assert math.isnan(never.exposure_rms)


class TestWholeSet:
    """The tutorial's figure, summed by level, against sums over rows."""

    @staticmethod
    def metric(prediction: np.ndarray, features: np.ndarray, pieces: int) -> feature_exposure.Metric:
        parts = np.array_split(np.arange(prediction.shape[-1]), pieces)
        columns = np.atleast_2d(prediction)
        names = [f"feature_{place}" for place in range(features.shape[1])]
        metric = feature_exposure.Metric(Inputs([columns[:, part] for part in parts], names))
        for part in parts:
            one = scores.section(columns[:, part], features[part])
            object.__setattr__(one, "start", int(part[0]))
            metric.gather(metric.part(scores.on(one, np.linspace(0, 1, len(part)))))
        return metric

    @given(st.integers(0, 2**32), st.integers(5, 200), st.integers(1, 5))
    def test_it_is_the_spread_of_scipys_correlations(self, seed: int, rows: int, pieces: int) -> None:
        random = np.random.default_rng(seed)
        features = random.integers(0, 5, (rows, 7)).astype(np.int8)
        features[:, 3] = 2
        prediction = np.round(features[:, 0] + random.normal(size=rows), 1)
        assume(np.ptp(prediction) > 0)
        metric = self.metric(prediction, features, pieces)
        varying = [column for column in features.T if np.ptp(column) > 0]
        expected = [spearmanr(prediction, column).statistic for column in varying]
        found = metric.correlations(0)
        assert_allclose(found[np.isfinite(found)], expected, rtol=0, atol=1e-9)
        headline = metric.headlines(pd.DataFrame(), 0)
        assert headline == {"feature_exposure": pytest.approx(np.std(expected), abs=1e-9)}

    @pytest.mark.parametrize("ties", [1, 3, 900], ids=["no ties", "ties", "ties across eras"])
    def test_ranks_are_summed_exactly(self, ties: int) -> None:
        random = np.random.default_rng(12)
        prediction = (random.permutation(90_000) // ties).astype(float)
        features = random.integers(0, 5, (90_000, 4)).astype(np.int8)
        found = self.metric(prediction, features, 15).correlations(0)
        twice = [np.round(2 * rankdata(values)).astype(int) - 90_001 for values in (prediction, *features.T)]
        spreads = [math.sqrt((values * values).sum()) for values in twice]
        products = [(twice[0] * values).sum() for values in twice[1:]]
        expected = [product / spreads[0] / spread for product, spread in zip(products, spreads[1:], strict=True)]
        assert_allclose(found, expected, rtol=1e-13)

    def test_an_era_cut_in_pieces_gives_the_same_bits(self) -> None:
        random = np.random.default_rng(13)
        prediction, features = random.normal(size=(2, 3000)), random.integers(0, 5, (3000, 6)).astype(np.int8)
        metrics = [self.metric(prediction, features, pieces) for pieces in (1, 2, 7)]
        for column in (0, 1):
            assert len({metric.correlations(column).tobytes() for metric in metrics}) == 1

    def test_rows_that_are_not_scored_do_not_count(self) -> None:
        random = np.random.default_rng(14)
        prediction, features = random.normal(size=(3, 40)), random.integers(0, 5, (3, 40, 6))
        target = random.choice(scores.LEVELS, (3, 40))
        prediction[0, :7], target[1, 30:] = np.nan, np.nan
        sections = [
            scores.section(p, x, label=f"{575 + era:04d}")
            for era, (p, x) in enumerate(zip(prediction, features, strict=True))
        ]
        (found,) = scores.score(sections, [{MAIN: one} for one in target], ["corr", "feature_exposure"])
        rows = np.isfinite(prediction) & np.isfinite(target)
        expected = [spearmanr(prediction[rows], column).statistic for column in features[rows].T]
        assert_allclose(found.by_feature["spearman"], expected, rtol=0, atol=1e-9)

    def test_there_is_none_where_every_feature_is_constant(self) -> None:
        metric = self.metric(np.arange(9.0), np.full((9, 2), 2), 2)
        assert math.isnan(metric.headlines(pd.DataFrame(), 0)["feature_exposure"])
