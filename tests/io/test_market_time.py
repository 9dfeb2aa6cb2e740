"""The market of the `sample` source in time: what neighbouring eras share, and what is drawn for each."""

from functools import partial
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from numerai_rounds.io.market import features, predictions, signal, stocks, targets, terms
from numerai_rounds.io.market.draws import identifiers
from numerai_rounds.io.market.size import Era, Market

FIRST = 1343
LASTS = stocks.LASTS


def market(**changes: Any) -> Market:
    sizes = {"features": 30, "train_eras": 40, "validation_eras": 20, "test_eras": 13, "rows_per_era": 2400}
    return Market(seed=1, first_round=FIRST, **(sizes | changes))


def era(of: Market, number: int) -> Era:
    return of.eras(number, number)[0]


def by_stock(of: Market, at: Era, values: NDArray[Any]) -> NDArray[Any]:
    """Values of rows, the last axis, in the order of the stocks."""
    found = np.empty_like(values)
    found[..., stocks.order(of, at)] = values
    return found


def levels(of: Market, at: Era) -> NDArray[Any]:
    return by_stock(of, at, stocks.hidden_levels(of, at))


def cold() -> None:
    """As in a process that made nothing yet."""
    for module in (features, predictions, signal, stocks, targets, terms):
        for thing in vars(module).values():
            if hasattr(thing, "cache_clear"):
                thing.cache_clear()


def content(of: Market, number: int) -> bytes:
    """All that files hold of an era."""
    at, own = era(of, number), features.panel(of)
    shown = np.empty((len(own.names), at.rows), dtype=np.int8)
    features.fill_features(of, own, at, shown)
    numbers = [
        targets.targets(of, at, of.newest(FIRST)),
        predictions.benchmarks(of, own, at),
        predictions.meta_model(of, own, at),
    ]
    words = identifiers(of.seed, at.key, at.rows)
    return b"".join(array.tobytes() for array in (shown, *numbers, words))


def test_a_stock_keeps_its_hidden_levels_for_a_while_of_its_own() -> None:
    of = market()
    start, next_one = levels(of, era(of, 73)), levels(of, era(of, 74))
    assert (start == next_one).all(axis=0).mean() == pytest.approx(1 - 1 / LASTS, abs=0.001)
    for later in (LASTS, 40):
        then = levels(of, era(of, 73 + later))
        assert not (start == then).all(axis=0).any()
        assert (start == then).mean() == pytest.approx(0.2, abs=0.02)


def test_an_era_that_grows_keeps_the_stocks_it_had() -> None:
    of = market()
    first, second = levels(of, era(of, 2)), levels(of, era(of, 3))
    rows = first.shape[1]
    assert second.shape[1] > rows
    assert (first == second[:, :rows]).all(axis=0).mean() == pytest.approx(1 - 1 / LASTS, abs=0.01)


def test_the_rows_of_an_era_are_in_an_order_of_their_own() -> None:
    of = market()
    one, other = (stocks.order(of, era(of, number)) for number in (73, 74))
    assert (one == other).mean() < 0.01
    assert np.array_equal(np.sort(one), np.sort(other))


@pytest.mark.parametrize("rows", [20, 100])
def test_any_era_can_be_made_without_the_others(rows: int) -> None:
    of = market(rows_per_era=rows)
    eras = [1, 2, 30, 31, 44, 73]
    warm = {number: content(of, number) for number in eras}
    for number in reversed(eras):
        cold()
        assert content(of, number) == warm[number], number
    assert len(set(warm.values())) == len(eras)


def test_a_market_has_the_same_bytes_whatever_was_made_before() -> None:
    of = market(rows_per_era=100)
    alone = content(of, 40)
    for changes in ({"seed": 2}, {"rows_per_era": 99}):
        other = of.model_copy(update=changes)
        assert content(other, 40) != alone
        assert content(of, 40) == alone


def test_live_rounds_of_a_week_share_stocks_and_news_but_no_id() -> None:
    of = market(rows_per_era=600)
    week = [of.live(FIRST + day) for day in range(5)]
    assert len({at.key for at in week}) == 5
    for make in (stocks.hidden_levels, partial(stocks.news, weeks=12), partial(stocks.held_news, weeks=4, kinds=2)):
        first, *others = (by_stock(of, at, make(of, at)) for at in week)
        assert all(np.array_equal(first, other) for other in others)
    ids = np.concatenate([identifiers(of.seed, at.key, at.rows) for at in week])
    assert len(np.unique(ids)) == 5 * 600
    noise = [by_stock(of, at, targets.targets(of, at, newest=10_000)[-1]) for at in week[:2]]
    assert 0.2 < np.corrcoef(noise)[0, 1] < 0.9


def test_ids_are_new_in_every_era() -> None:
    of = market(rows_per_era=200)
    ids = np.concatenate([identifiers(of.seed, at.key, at.rows) for at in of.eras(1, 300)])
    assert len(np.unique(ids)) == len(ids)


@pytest.mark.parametrize("weeks", [4, 12])
@pytest.mark.parametrize("lasting", [False, True])
def test_news_of_neighbouring_eras_is_as_related_as_sums_that_overlap(weeks: int, lasting: bool) -> None:
    of = market()

    def made(number: int) -> NDArray[Any]:
        at = era(of, number)
        return by_stock(of, at, stocks.held_news(of, at, weeks, 1) if lasting else stocks.news(of, at, weeks))[0]

    start = made(74)
    for later in (1, weeks // 2, weeks - 1, weeks, weeks + 5):
        related = np.corrcoef(start, made(74 + later))[0, 1]
        assert related == pytest.approx(max(0, 1 - later / weeks), abs=0.06), later


@pytest.mark.parametrize(
    ("target", "weeks"), [("target_ender_20", 4), ("target_ender_60", 12), ("target_agnes_60", 12)]
)
def test_a_stocks_target_is_like_its_last_one_until_their_weeks_are_others(target: str, weeks: int) -> None:
    of = market(rows_per_era=5000)

    def made(number: int) -> NDArray[Any]:
        at = era(of, number)
        return by_stock(of, at, targets.targets(of, at, newest=10_000)[targets.TARGETS.index(target)])

    start = made(74)
    near, middle, apart = (np.corrcoef(start, made(74 + later))[0, 1] for later in (1, weeks // 2, weeks))
    assert middle > 0.05
    assert near > middle + 0.05
    assert abs(apart) < 0.06


def awake(seed: int) -> NDArray[Any]:
    """By how much one half of the terms is stronger than the other in each of 600 eras, in percent."""
    of = terms.terms(seed)
    weights = np.stack([signal.weights(seed, number) for number in range(1, 601)])
    return np.asarray((weights / of.weight * of.sign * of.awake).mean(axis=1))


def turns(seed: int) -> list[int]:
    """Eras in which the other half of the terms becomes the stronger one."""
    turning = np.flatnonzero(np.abs(np.diff(awake(seed))) > signal.REGIME / signal.TURN_ERAS)
    return [int(part[0]) for part in np.split(turning, np.flatnonzero(np.diff(turning) > 1) + 1)]


def test_regimes_are_of_uneven_length_and_no_two_markets_turn_together() -> None:
    lengths = [np.diff(turns(seed)) for seed in (1, 2, 3)]
    assert all(40 <= length <= 80 for found in lengths for length in found)
    assert len(set(np.concatenate(lengths).tolist())) > 3
    assert len({turns(seed)[0] for seed in (1, 2, 3)}) == 3


def test_one_half_of_the_terms_is_strong_and_then_the_other() -> None:
    for seed in (1, 2, 3):
        steps = np.diff(awake(seed)[np.array(turns(seed)) + 20])
        assert (np.abs(steps) > signal.REGIME).all()
        assert (steps[1:] * steps[:-1] < 0).all()


def test_a_regime_comes_over_some_eras() -> None:
    weights = np.stack([signal.weights(1, number) for number in range(1, 601)])
    steps = np.abs(np.diff(weights, axis=0)).max(axis=0)
    assert (steps <= 0.5 * np.ptp(weights, axis=0)).all()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_the_benchmarks_know_of_the_weights_is_old(seed: int) -> None:
    known = np.stack([signal.known_weights(seed, number) for number in range(300, 600)])
    now, a_year_ago = (
        np.corrcoef(known.ravel(), np.ravel([signal.weights(seed, number - ago) for number in range(300, 600)]))[0, 1]
        for ago in (0, 52)
    )
    assert 0.3 < now < a_year_ago - 0.05
    assert np.abs(np.diff(known, axis=0)).max() < np.ptp(known, axis=0).max() / 4
