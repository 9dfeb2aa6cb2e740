"""Scores of one era against numerai-tools and scipy, with ties, hardly any spread, and gaps on every side."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume
from hypothesis import strategies as st
from numerai_tools import scoring as official
from numerai_tools.signals import churn as official_churn
from numpy.testing import assert_allclose
from scipy.stats import rankdata, spearmanr

from numerai_rounds.domain.arrays import ranks
from numerai_rounds.domain.scoring.era import CrossSection
from numerai_rounds.domain.scoring.metric import BENCHMARK, META_MODEL
from tests.domain import scores
from tests.domain.scores import MAIN, OTHER, given, markets

Market = tuple[CrossSection, np.ndarray]
EXACT = 1e-9


def scorable(market: Market, other: str | None = None) -> bool:
    """Whether both sides vary where both are known; else there is nothing to compare."""
    known = np.isfinite(market[1]) & np.isfinite(market[0].predictions[0])
    if other:
        known &= np.isfinite(market[0].others[other])
    return bool(np.ptp(market[1][known]) > 0 and np.ptp(market[0].predictions[0][known]) > 0)


def asked(function, *arguments):
    """What the oracle says, where it answers: it refuses vectors that the power of 1.5 changes much."""
    try:
        return function(*arguments)
    except AssertionError:
        assume(False)


@given(markets())
def test_corr(market: Market) -> None:
    assume(scorable(market))
    expected = asked(official.numerai_corr, *scores.frames(*market))["p0"]
    assert scores.value("corr", scores.on(*market)) == pytest.approx(expected, abs=EXACT)


def test_corr_centres_the_target_before_it_leaves_rows_out() -> None:
    random = np.random.default_rng(1)
    target = random.choice(scores.LEVELS, 100)
    prediction = random.normal(size=100)
    prediction[np.flatnonzero(target == 1)[:12]] = np.nan
    one = scores.section(prediction)
    (expected,) = official.numerai_corr(*scores.frames(one, target))
    era = scores.on(one, target)
    assert era.centre == target.mean() != era.target.mean()
    assert scores.value("corr", era) == pytest.approx(expected, abs=EXACT)


@pytest.mark.parametrize(("metric", "other"), [("mmc", META_MODEL), ("bmc", BENCHMARK)])
@given(market=markets())
def test_contribution(metric: str, other: str, market: Market) -> None:
    assume(scorable(market, other))
    one, target = market
    frame, series = scores.frames(one, target)
    theirs = pd.Series(one.others[other], frame.index, name="m")
    expected = asked(official.correlation_contribution, frame, theirs, series)["p0"]
    assert scores.value(metric, scores.on(one, target)) == pytest.approx(expected, abs=EXACT)


@pytest.mark.parametrize(("metric", "other"), [("cwmm", META_MODEL), ("cwbm", BENCHMARK)])
@given(market=markets())
def test_correlation_with_another_model(metric: str, other: str, market: Market) -> None:
    assume(scorable(market, other))
    one, target = market
    known = np.isfinite(one.others[other]) & np.isfinite(target) & np.isfinite(one.predictions[0])
    frame = pd.DataFrame({"p": one.predictions[0][known]})
    transformed = asked(official.tie_kept_rank__gaussianize__pow_1_5, frame)["p"]
    expected = transformed.corr(pd.Series(one.others[other][known]))
    assert scores.value(metric, scores.on(one, target)) == pytest.approx(expected, abs=EXACT)


@pytest.mark.parametrize(("metric", "other"), [("meta_model_corr", META_MODEL), ("benchmark_corr", BENCHMARK)])
@given(market=markets())
def test_corr_of_another_model(metric: str, other: str, market: Market) -> None:
    one, target = market
    known = np.isfinite(one.predictions[0])
    theirs = scores.section(np.where(known, one.others[other], np.nan))
    assume(scorable((theirs, target)))
    expected = asked(official.numerai_corr, *scores.frames(theirs, target))["p0"]
    assert scores.value(metric, scores.on(one, target)) == pytest.approx(expected, abs=EXACT)


@given(markets())
def test_spearman(market: Market) -> None:
    assume(scorable(market))
    one, target = market
    expected = spearmanr(one.predictions[0], target, nan_policy="omit").statistic
    assert scores.value("spearman", scores.on(one, target)) == pytest.approx(expected, abs=EXACT)


@given(markets(least=60, gaps=False))
def test_several_columns_and_targets_at_once(market: Market) -> None:
    one, target = market
    random = np.random.default_rng(len(target))
    columns = np.stack([one.predictions[0], random.normal(size=len(target)), np.round(random.normal(size=len(target)))])
    columns[:, 3] = np.nan
    second = random.permutation(target)
    second[[5, 8]] = np.nan
    several = scores.section(columns, one.features.T, one.others)
    for name, era in scores.loop.known_on(several, {MAIN: target, OTHER: second}).items():
        frame, series = scores.frames(several, {MAIN: target, OTHER: second}[name])
        theirs = pd.Series(one.others[META_MODEL], frame.index, name="m")
        varying = np.ptp(np.delete(columns, [3, 5, 8], axis=1), axis=1) > 0
        assume(varying.all())
        expected = asked(official.numerai_corr, frame, series)
        assert_allclose(scores.values("corr", era)["corr"], expected, rtol=0, atol=EXACT)
        expected = asked(official.correlation_contribution, frame, theirs, series)
        assert_allclose(scores.values("mmc", era)["mmc"], expected, rtol=0, atol=EXACT)


@pytest.mark.parametrize("metric", ["mmc", "bmc", "cwmm", "cwbm", "meta_model_corr", "benchmark_corr"])
def test_a_model_without_predictions_or_spread_has_no_score(metric: str) -> None:
    random = np.random.default_rng(2)
    for values in (np.full(40, np.nan), np.full(40, 0.5), np.where(np.arange(40) == 7, 0.5, np.nan)):
        one = scores.section(random.normal(size=40), others={META_MODEL: values, BENCHMARK: values})
        assert np.isnan(scores.value(metric, scores.on(one, random.random(40))))


@pytest.mark.parametrize("metric", ["mmc", "bmc"])
def test_a_model_adds_nothing_to_itself(metric: str) -> None:
    random = np.random.default_rng(3)
    prediction = random.normal(size=500)
    one = scores.section(prediction, others={META_MODEL: 3 * prediction, BENCHMARK: 3 * prediction})
    assert scores.value(metric, scores.on(one, random.choice(scores.LEVELS, 500))) == pytest.approx(0, abs=1e-12)


@given(markets(least=40), st.integers(0, 2**32))
def test_scores_know_ranks_only_and_no_order_of_rows(market: Market, seed: int) -> None:
    assume(scorable(market, META_MODEL))
    one, target = market
    order = np.random.default_rng(seed).permutation(len(target))
    stretched = np.exp2(ranks_of(one.predictions[0]) / 8)
    for prediction, rows in ((stretched, np.arange(len(target))), (one.predictions[0], order)):
        others = {name: values[rows] for name, values in one.others.items()}
        again = scores.section(prediction[rows], one.features.T[rows], others)
        before, after = scores.on(one, target), scores.on(again, target[rows])
        for metric in ("corr", "spearman", "mmc", "bmc", "cwmm"):
            assert scores.value(metric, after) == pytest.approx(scores.value(metric, before), abs=EXACT, nan_ok=True)
        sets = {"neutral_sets": {"a": np.arange(3)}}
        found = [scores.values("fnc", era, **sets)["fnc_a"][0] for era in (before, after)]
        assert found[0] == pytest.approx(found[1], abs=EXACT, nan_ok=True)


def ranks_of(values: np.ndarray) -> np.ndarray:
    return rankdata(values, nan_policy="omit")


@given(st.lists(st.floats(-1e9, 1e9) | st.sampled_from([0.0, -0.0, 0.1, 5e-324]), min_size=1, max_size=60))
def test_ranks_and_their_transformation(values: list[float]) -> None:
    vectors = np.array([values])
    assert (ranks.twice_ranks(vectors) == 2 * rankdata(vectors, axis=1)).all()
    shares = ranks.shares(ranks.twice_ranks(vectors))
    frame = pd.DataFrame({"p": values})
    assert_allclose(shares[0], official.tie_kept_rank(frame)["p"], rtol=0, atol=1e-15)
    assert_allclose(ranks.gaussianize(shares)[0], official.gaussian(official.tie_kept_rank(frame))["p"], atol=1e-12)


def test_no_vectors_have_no_ranks() -> None:
    assert ranks.twice_ranks(np.empty((0, 7))).shape == (0, 7)


@given(st.integers(0, 2**32))
def test_churn(seed: int) -> None:
    random = np.random.default_rng(seed)
    rows, kept = 60, random.permutation(60)[:55]
    ids = np.array([f"n{number:03d}" for number in range(70)])
    eras = [random.integers(0, 12, rows) / 12, random.normal(size=rows)]
    names = [ids[:rows], np.concatenate([ids[kept], ids[60:65]])]
    sections = [scores.section(eras[era], ids=list(names[era]), label=f"{575 + era:04d}") for era in (0, 1)]
    targets = [{MAIN: random.choice(scores.LEVELS, rows)} for _ in eras]
    (found,) = scores.score(sections, targets, ["spearman", "churn"])
    expected = official_churn(*(pd.Series(p, n) for p, n in zip(eras, names, strict=True)))
    assert found.headlines["churn_mean"] == pytest.approx(expected, abs=EXACT)
