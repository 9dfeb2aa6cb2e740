"""Targets of an era: signal and news of the rows' stocks, ranked within the era and cut into levels."""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from numerai_rounds.base.columns import ALIAS, FEATURE_MIDDLE, TARGET_PREFIX
from numerai_rounds.io.market import signal, stocks
from numerai_rounds.io.market.draws import NOISE_STD, deviation_of_sum, noise, octets
from numerai_rounds.io.market.size import Era, Market
from numerai_rounds.io.market.terms import UNIT, terms, values

Integers = NDArray[np.int64]

NAMES = [
    "agnes",
    "alpha",
    "bravo",
    "caroline",
    "charlie",
    "claudia",
    "cyrusd",
    "delta",
    "echo",
    "ender",
    "jasper",
    "jeremy",
    "ralph",
    "rowan",
    "sam",
    "teager2b",
    "tyler",
    "victor",
    "waldo",
    "xerxes",
]
HORIZONS = (20, 60)
TARGETS = [f"{TARGET_PREFIX}_{name}_{horizon}" for name in NAMES for horizon in HORIZONS] + [ALIAS]
MAIN = "ender"
"""The payout's target: with the least noise of its own; the alias equals it at 60 days."""

FIVE_LEVELS = (5, 20, 50, 20, 5)
SEVEN_LEVELS = (1, 4, 20, 50, 20, 4, 1)
"""Percent of an era's rows on each level, which are evenly spaced from 0 to 1."""

SEVEN_LEVEL_NAMES = ("tyler", "victor")
GAPPY_NAME = "jeremy"
"""A target that some rows never get."""
GAPS = 8
"""Rows of 256 without it."""
LATE_NAMES, LATE_PART = ("rowan", "sam"), 8
"""Targets that the first eighth of the train eras lacks."""

DAYS_PER_WEEK = 5

FACTORED = ("agnes", "alpha", "bravo", "caroline", "charlie", "delta", "echo", "jasper")
"""Targets that move with the hidden levels: with their returns, and with news that happens to lie along them. The
others are nearly neutral to them, as `ender` is."""

DEVIATION = 65_536
"""Of the noise of a target."""

SIGNAL = 56
"""What can be learned after the train eras, as a deviation in thousandths of `DEVIATION`; so are the next three."""

SURPRISE = 30
"""What surprises of its weights add."""

RETURNS_FACTORED, RETURNS = 90, 40
"""What returns of the hidden levels add to `FACTORED` targets, and to the others."""

EARLY = 180
"""The signal in the first era, in percent of that after the train eras: until they end, it falls evenly. So short a
history could not teach so weak a signal otherwise."""

FLICKER = 70
"""Percent of the variance of the news, in a target, that is of one era alone. With less of it, a sample of this size
would have too few independent rows to learn from: a stock's news last twelve eras, and so do its features."""

WITHIN = 33
"""Percent of the variance of the 60 days' flicker that is the 20 days' one: of the weeks, as many are the same."""

OWN_OF_MAIN, OWN = 10, (22, 26, 30, 34, 38)
"""Percent of the variance of a target's noise that not all targets share: the main one's, the others' in turn."""

KIND = 80
"""Percent of that variance that is news of a kind, which each fifth name has; the rest is the target's own."""

KEPT = 3
"""Percent of the news along a direction that neutral targets keep."""

ROWS_FOR_A_DIRECTION = 4
"""Directions are left alone, the last ones first, if there are fewer rows for each."""


def targets(market: Market, era: Era, newest: int) -> NDArray[np.float32]:
    """All 41 targets of an era, in the order of `TARGETS`; shape (41, rows), NaN where not resolved, or absent.

    `newest` is the newest era of the round's files; it decides what is resolved and nothing else.
    """
    missing = octets(market.seed, "gaps", era.key, (1, era.rows))[0] < GAPS
    late = era.number <= market.train_eras // LATE_PART
    columns = np.full((len(TARGETS), era.rows), np.nan, dtype=np.float32)
    levels = stocks.hidden_levels(market, era)
    of_terms, centred = values(market.seed, levels), levels.astype(np.int64) - FEATURE_MIDDLE
    for part, horizon in enumerate(HORIZONS):
        if not market.resolved(era.number, newest, horizon):
            continue
        scores = _scores(market, era, horizon, of_terms, centred)
        for place, (name, score) in enumerate(zip(NAMES, scores, strict=True)):
            if late and name in LATE_NAMES:
                continue
            column = columns[2 * place + part]
            column[:] = _cut(score, SEVEN_LEVELS if name in SEVEN_LEVEL_NAMES else FIVE_LEVELS)
            if name == GAPPY_NAME:
                column[missing] = np.nan
    columns[-1] = columns[TARGETS.index(f"{TARGET_PREFIX}_{MAIN}_60")]
    return columns


def _scores(market: Market, era: Era, horizon: int, of_terms: Integers, centred: Integers) -> Iterator[Integers]:
    """Of each name what its target is cut from, given the rows' terms and their hidden levels from -2 to 2."""
    weeks = horizon // DAYS_PER_WEEK
    moves = _moves(market, era.number, weeks, of_terms)
    returns = signal.returns(market.seed, era.number, weeks) @ centred
    draws = stocks.LEVEL_VARIANCE * weeks * len(centred)
    factors = [_sized(returns, size, draws) for size in (RETURNS, RETURNS_FACTORED)]
    news = _news(market, era, horizon)
    neutral = _neutral(news, of_terms, centred)
    own = stocks.held_news(market, era, weeks, len(NAMES)) * DEVIATION // stocks.NEWS_STD
    for place, name in enumerate(NAMES):
        kinds = news if name in FACTORED else neutral
        mixed = _blend(own[place], kinds[1 + place % len(OWN)], KIND)
        score = _blend(kinds[0], mixed, OWN_OF_MAIN if name == MAIN else OWN[place % len(OWN)])
        yield score + moves + factors[name in FACTORED]


def _moves(market: Market, era: int, weeks: int, of_terms: Integers) -> Integers:
    """The signal and its surprises."""
    weights, sizes = signal.weights(market.seed, era), terms(market.seed).weight
    # The deviation of the signal, in the units of the weights, if terms were independent.
    size = math.isqrt(int(sizes @ sizes) * (signal.LASTING**2 + signal.SLOW**2 + signal.REGIME**2))
    percent = EARLY - (EARLY - 100) * min(era, market.train_eras) // market.train_eras
    known = weights @ of_terms * (DEVIATION * SIGNAL * percent // 100_000) // (size * UNIT)
    surprises = signal.surprises(market.seed, era, weeks) @ of_terms // UNIT
    return known + _sized(surprises, SURPRISE, weeks * len(of_terms))


def _sized(sums: Integers, size: int, count: int) -> Integers:
    """Sums of `count` draws of `noise`, brought to a deviation of `size` thousandths of `DEVIATION`."""
    return sums * (DEVIATION * size // 1000) // deviation_of_sum(count, NOISE_STD)


def _news(market: Market, era: Era, horizon: int) -> Integers:
    """Each kind of news with its flicker, of deviation `DEVIATION`; shape (NEWS, rows)."""
    weeks = horizon // DAYS_PER_WEEK
    lasting = stocks.news(market, era, weeks) * DEVIATION // deviation_of_sum(weeks, stocks.NEWS_STD)
    shape = (len(HORIZONS), stocks.NEWS, era.rows)
    of_20, other = noise(market.seed, "flicker", era.key, shape) * DEVIATION // NOISE_STD
    flicker = of_20 if horizon == HORIZONS[0] else _blend(other, of_20, WITHIN)
    return _blend(lasting, flicker, FLICKER)


def _neutral(news: Integers, of_terms: Integers, centred: Integers) -> Integers:
    """News without most of what lies along the terms and along functions of each hidden level.

    One direction after the other, so that it never grows.
    """
    left = news.copy()
    directions = np.concatenate([of_terms, centred, centred**2 - 2, (5 * centred**3 - 17 * centred) // 6])
    for direction in directions[: news.shape[1] // ROWS_FOR_A_DIRECTION]:
        length = int(direction @ direction)
        if length:
            along = left @ direction * (100 - KEPT) * 100 // length
            left -= along[:, None] * direction // 10_000
    return left


def _blend(one: Integers, other: Integers, percent: int) -> Integers:
    """Both together, with `percent` of the variance from the other."""
    return (math.isqrt((100 - percent) * 10_000) * one + math.isqrt(percent * 10_000) * other) // 1000


def _cut(score: Integers, percents: tuple[int, ...]) -> NDArray[np.float32]:
    """Evenly spaced levels from 0 to 1, the lowest scores lowest; ties in the order of the rows."""
    lower = -(-np.cumsum((0, *percents))[: (len(percents) + 1) // 2] * len(score) // 100)
    bounds = np.concatenate([lower, len(score) - lower[::-1]])
    levels = np.arange(len(percents), dtype=np.float32) / np.float32(len(percents) - 1)
    column = np.empty(len(score), dtype=np.float32)
    column[np.argsort(score, kind="stable")] = np.repeat(levels, np.diff(bounds))
    return column
