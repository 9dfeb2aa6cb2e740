"""Correlations in one pass, against pandas with everything in memory."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from threadpoolctl import threadpool_limits

from numerai_rounds.base import jit
from numerai_rounds.domain.arrays import correlation, kernels
from numerai_rounds.domain.arrays.correlation import Correlations

QUARTERS = [0, 0.25, 0.5, 0.75, 1]
SIXTHS = [0, 1 / 6, 1 / 3, 0.5, 2 / 3, 5 / 6, 1]


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    """No example is timed while its loop is compiled."""
    features, whole = np.zeros((1, 1), dtype=np.int8), np.zeros((1, 1), dtype=np.int32)
    kernels.product_sums(features, whole[0].astype(np.int16))
    kernels.level_sums(features, whole)
    kernels.weighted_sums(features, whole)
    kernels.float_sums(features, whole[0].astype(float))


def table_of(eras: list[tuple[np.ndarray, np.ndarray]]) -> pd.DataFrame:
    count = eras[0][0].shape[1]
    correlations = Correlations([f"feature_{number}" for number in range(count)])
    for features, target in eras:
        correlations.add(features.T, target)
    return correlations.table()


def pearson(features: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Pandas' own, feature by feature; NaN where one is constant."""
    frame = pd.DataFrame(features.astype(float))
    return frame.corrwith(pd.Series(target, dtype=float)).to_numpy()


@st.composite
def markets(draw: st.DrawFn, levels: list[float] | None = None) -> list[tuple[np.ndarray, np.ndarray]]:
    """A few eras of any size, some with constant features or targets; targets of given levels or any."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    eras = []
    for rows in draw(st.lists(st.integers(3, 40), min_size=1, max_size=6)):
        features = random.integers(0, 5, (rows, 5)).astype(np.int8)
        features[:, draw(st.integers(0, 4))] = draw(st.integers(0, 4))
        eras.append((features, random.choice(levels, rows) if levels else random.random(rows)))
    return eras


@pytest.mark.filterwarnings("ignore:invalid value encountered")  # the oracle divides by a deviation of 0
@given(st.one_of(markets(QUARTERS), markets(SIXTHS), markets()))
def test_equals_pandas(eras: list[tuple[np.ndarray, np.ndarray]]) -> None:
    table = table_of(eras)
    pooled = pearson(np.concatenate([x for x, _ in eras]), np.concatenate([t for _, t in eras]))
    assert_allclose(table["correlation"], pooled, rtol=0, atol=1e-12)
    each = pd.DataFrame([pearson(*era) for era in eras])
    assert_allclose(table["era_mean"], each.mean(), rtol=0, atol=1e-12)
    assert_allclose(table["era_std"], each.std(ddof=0), rtol=0, atol=1e-12)


@given(markets(QUARTERS), st.randoms(use_true_random=False))
def test_the_pooled_correlation_does_not_depend_on_how_rows_are_cut(eras, random) -> None:
    features, target = np.concatenate([x for x, _ in eras]), np.concatenate([t for _, t in eras])
    cuts = sorted(random.sample(range(1, len(target)), k=min(4, len(target) - 1)))
    pieces = list(zip(np.split(features, cuts), np.split(target, cuts), strict=True))
    assert_array_equal(table_of(pieces)["correlation"], table_of(eras)["correlation"])


def test_sign_agreement_is_the_share_of_eras_with_the_sign_of_the_mean() -> None:
    rising, target = np.array([[0], [2], [4]], dtype=np.int8), np.array([0, 0.5, 1])
    constant = np.full((3, 1), 2, dtype=np.int8)
    row = table_of([(rising, target)] * 3 + [(rising[::-1], target), (constant, target)]).iloc[0]
    assert row["sign_agreement"] == 0.75
    assert row["era_mean"] == pytest.approx(0.5)


def test_what_rounding_leaves_is_cut_off() -> None:
    random = np.random.default_rng(4)
    eras = [(random.integers(0, 5, (50, 6)).astype(np.int8), random.random(50)) for _ in range(3)]
    table = table_of(eras).drop(columns="feature")
    pd.testing.assert_frame_equal(table, table.round(12), check_exact=True)
    pd.testing.assert_frame_equal(table_of(eras[::-1]).drop(columns="feature"), table, check_exact=True)


def test_a_constant_feature_has_no_correlation() -> None:
    features = np.array([[2, 0], [2, 1], [2, 4]], dtype=np.int8)
    table = table_of([(features, np.array([0.25, 0.5, 1]))]).set_index("feature")
    assert table.loc["feature_0"].isna().all()
    assert table.loc["feature_1"].notna().all()


@pytest.mark.parametrize("value", [0.5, 0.3])
def test_a_constant_target_has_no_correlation(value: float) -> None:
    features = np.arange(50, dtype=np.int8)[:, None] % 5
    assert np.isnan(table_of([(features, np.full(50, value))])["correlation"]).all()


@pytest.mark.parametrize("levels", [QUARTERS, SIXTHS, None], ids=["quarters", "sixths", "any"])
def test_same_bits_for_any_number_of_threads(levels: list[float] | None) -> None:
    random = np.random.default_rng(1)
    features = np.asfortranarray(random.integers(0, 5, (6000, 200)).astype(np.int8))
    target = (random.choice(levels, 6000) if levels else random.random(6000)).astype(np.float32)
    tables = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            tables.append(table_of([(features, target)]))
    pd.testing.assert_frame_equal(*tables, check_exact=True)


def test_an_era_of_a_million_rows_at_the_highest_level_is_summed_exactly() -> None:
    rows = 1_000_000
    found = correlation.moments(np.full((3, rows), 4, dtype=np.int8), np.ones(rows))
    assert_array_equal(found.x, [4 * rows] * 3)
    assert_array_equal(found.xx, [16 * rows] * 3)
    assert_array_equal(found.xt, [12 * 4 * rows] * 3)
    assert (found.t, found.tt) == (12 * rows, 144 * rows)


def test_eras_without_end_add_up_exactly() -> None:
    random = np.random.default_rng(5)
    features, target = random.integers(0, 5, (6000, 20)).astype(np.int8), random.choice(SIXTHS, 6000)
    era = correlation.moments(features.T, target)
    history = sum([era] * 1200, correlation.Moments(0, *np.zeros((3, 20)), 0.0, 0.0))
    assert history.rows == 7_200_000
    for name in ("x", "xx", "xt", "t", "tt"):
        assert_array_equal(getattr(history, name), 1200 * getattr(era, name))
    assert_allclose(history.pearson(), pearson(features, target), rtol=0, atol=1e-12)


@pytest.mark.parametrize("target", [[0.5], [-3.25], [0.3], []])
def test_one_row_or_none_is_summed_and_has_no_correlation(target: list[float]) -> None:
    features = np.array([[0, 3, 4]], dtype=np.int8)[: len(target)]
    found = correlation.moments(features.T, np.array(target))
    assert_array_equal(found.x, features.sum(axis=0))
    assert_allclose(found.xt, 12 * np.array(target) @ features)
    assert np.isnan(found.pearson()).all()


class TestKernels:
    """Compiled loops against plain ones, in whatever way the features lie in memory."""

    LAYOUTS = ("columns", "rows", "part of a chunk", "backwards", "read only")

    @staticmethod
    def laid_out(features: np.ndarray, layout: str) -> np.ndarray:
        """The features, shape (rows, features), as kernels take them: a feature a row."""
        rows, count = features.shape
        found = np.asfortranarray(features)
        if layout == "rows":
            found = np.ascontiguousarray(features)
        elif layout == "part of a chunk":
            chunk = np.full((count + 2, rows + 9), 3, dtype=np.int8)
            chunk[1 : count + 1, 4 : rows + 4] = features.T
            found = chunk[1 : count + 1, 4 : rows + 4].T
        elif layout == "backwards":
            found = np.asfortranarray(features[::-1, ::-1])[::-1, ::-1]
        elif layout == "read only":
            found.flags.writeable = False
        assert_array_equal(found, features)
        return found.T

    @staticmethod
    def drawn(draw: st.DataObject, low: int, high: int) -> tuple[np.ndarray, np.ndarray]:
        """Features and integer weights; whatever the size, the ends of their ranges occur."""
        rows, count = draw.draw(st.integers(0, 700)), draw.draw(st.integers(1, 5))
        random = np.random.default_rng(draw.draw(st.integers(0, 2**32)))
        features = random.integers(0, 5, (rows, count)).astype(np.int8)
        features[:, 0] = draw.draw(st.integers(0, 4))
        if draw.draw(st.booleans()):
            return features, np.full(rows, draw.draw(st.sampled_from([low, high])))
        return features, random.integers(low, high, rows, endpoint=True)

    @given(st.data(), st.sampled_from([12, 300, kernels.LARGEST_WEIGHT]), st.sampled_from(LAYOUTS))
    def test_product_sums(self, draw: st.DataObject, largest: int, layout: str) -> None:
        features, weights = self.drawn(draw, -largest, largest)
        x, wide = features.astype(int), weights.astype(int)
        found = kernels.product_sums(self.laid_out(features, layout), weights.astype(np.int16))
        assert_array_equal(found, [x.sum(axis=0), (x * x).sum(axis=0), wide @ x])

    @given(st.data(), st.sampled_from([0, 12, 2**15, 2**16, 2**24, kernels.LARGEST_32]), st.sampled_from(LAYOUTS))
    def test_weighted_sums(self, draw: st.DataObject, largest: int, layout: str) -> None:
        features, weights = self.drawn(draw, -largest, largest)
        both = np.stack([weights, -weights // 3])
        x = features.astype(int)
        values, sums = kernels.weighted_sums(self.laid_out(features, layout), both.astype(np.int32))
        assert_array_equal(values, [x.sum(axis=0), (x * x).sum(axis=0)])
        assert_array_equal(sums, both @ x)

    @given(st.data(), st.sampled_from([0, 12, 2**15, 2**16, 2**24, kernels.LARGEST_32]), st.sampled_from(LAYOUTS))
    def test_level_sums(self, draw: st.DataObject, largest: int, layout: str) -> None:
        features, weights = self.drawn(draw, -largest, largest)
        both = np.stack([weights, -weights // 3])
        counts, sums = kernels.level_sums(self.laid_out(features, layout), both.astype(np.int32))
        for level in range(5):
            assert_array_equal(counts[level], (features == level).sum(axis=0))
            assert_array_equal(sums[:, level], both @ (features == level))

    EDGES = (kernels.LARGEST_32, kernels.LARGEST_32 - 1, 2**16, 2**15, 2**15 - 1, 1)
    """Weights at which either half is at an end of its range; their negatives are too."""

    @pytest.mark.parametrize("weight", [sign * edge for edge in EDGES for sign in (1, -1)])
    @pytest.mark.parametrize("rows", [kernels.ROWS_32, kernels.ROWS_32 + 77, 3 * kernels.ROWS_32, kernels.ROWS_16 + 77])
    def test_more_rows_of_one_level_than_one_sum_holds(self, rows: int, weight: int) -> None:
        features = np.array([[4], [1]], dtype=np.int8).repeat(rows, axis=1)
        weights = np.full((1, rows), weight, dtype=np.int32)
        values, products = kernels.weighted_sums(features, weights)
        assert_array_equal(values, [[4 * rows, rows], [16 * rows, rows]])
        assert_array_equal(products, [[4 * rows * weight, rows * weight]])
        counts, sums = kernels.level_sums(features, weights)
        assert_array_equal(counts[[0, 1, 4]], [[0, 0], [0, rows], [rows, 0]])
        assert_array_equal(sums[0, [0, 1, 4]], [[0, 0], [0, rows * weight], [rows * weight, 0]])

    @given(st.data(), st.sampled_from(LAYOUTS))
    def test_float_sums_are_added_in_the_order_of_the_rows(self, draw: st.DataObject, layout: str) -> None:
        features, weights = self.drawn(draw, -1000, 1000)
        thirds = weights / 3
        found = kernels.float_sums(self.laid_out(features, layout), thirds)
        in_order = np.cumsum(features * thirds[:, None], axis=0)
        assert_array_equal(found, in_order[-1] if len(thirds) else np.zeros(features.shape[1]))

    @pytest.mark.parametrize("kernel", [kernels.product_sums, kernels.float_sums])
    def test_rows_without_a_weight_are_refused(self, kernel: Callable[..., np.ndarray]) -> None:
        with pytest.raises(ValueError, match="6 rows of features, but 5 weights"):
            kernel(np.zeros((2, 6), dtype=np.int8), np.zeros(5, dtype=np.int16))

    @pytest.mark.parametrize("kernel", [kernels.weighted_sums, kernels.level_sums])
    def test_rows_without_one_of_several_weights_are_refused(self, kernel: Callable[..., np.ndarray]) -> None:
        with pytest.raises(ValueError, match="6 rows of features, but 5 weights"):
            kernel(np.zeros((2, 6), dtype=np.int8), np.zeros((3, 5), dtype=np.int32))

    def test_a_place_that_keeps_nothing_compiles_anew(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def without_room(function: Callable[..., None]) -> None:
            raise RuntimeError(f"cannot cache function {function}: no locator available for file 'kernels.py'")

        monkeypatch.setattr(jit, "Kept", without_room)
        assert jit.compiled(lambda number: number + 1)(1) == 2
