"""Correlations in one pass, against pandas with everything in memory."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from threadpoolctl import threadpool_limits

from numerai_rounds.domain import correlation
from numerai_rounds.domain.correlation import Correlations

QUARTERS = [0, 0.25, 0.5, 0.75, 1]
SIXTHS = [0, 1 / 6, 1 / 3, 0.5, 2 / 3, 5 / 6, 1]


def table_of(eras: list[tuple[np.ndarray, np.ndarray]]) -> pd.DataFrame:
    count = eras[0][0].shape[1]
    correlations = Correlations([f"feature_{number}" for number in range(count)])
    for features, target in eras:
        correlations.add(features, target)
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


@pytest.mark.parametrize("order", ["C", "F"])
def test_sums_are_exact_for_many_rows_of_the_highest_level(order: str) -> None:
    features = np.full((400_000, 2), 4, dtype=np.int8, order=order)
    found = correlation.moments(features, np.ones(400_000))
    assert_array_equal(found.x, [1_600_000] * 2)
    assert_array_equal(found.xx, [6_400_000] * 2)
    assert_array_equal(found.xt, [12 * 1_600_000] * 2)
