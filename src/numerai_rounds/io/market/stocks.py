"""Stocks behind the rows: they persist from era to era, and no file names them.

A stock has hidden levels, which change about four times a year, and news each week. Both are drawn for a stock and a
time, so any era can be made without the others, and neighbouring eras share what they share.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from numerai_rounds.base.columns import FEATURE_LEVELS
from numerai_rounds.io.market.draws import octets, words
from numerai_rounds.io.market.size import Era, Market
from numerai_rounds.io.market.themes import HIDDEN, THEME_OF, THEMES, TIGHTNESS

LASTS = 12
"""Eras after which a stock's hidden levels are drawn anew. Each stock has its own phase."""

LEVEL_VARIANCE = 2
"""Of a hidden level, which is uniform from 0 to 4."""

MARKETS = 2
"""Levels that themes follow in part."""

FOLLOWS = 120
"""In how many stocks of 256 the level of a theme is that of the market."""

NEWS = 6
"""Kinds of weekly news of a stock."""

NEWS_STD = 18_918
"""Standard deviation of one week's news: a uniform integer of 16 bits, mean nearly 0."""


def order(market: Market, era: Era) -> NDArray[np.intp]:
    """The stock of each row of an era."""
    return np.argsort(words(market.seed, "order of rows", era.key, era.rows), kind="stable")


def hidden_levels(market: Market, era: Era) -> NDArray[np.int8]:
    """Hidden levels 0 to 4 of the rows of an era, uniform; shape (HIDDEN, rows)."""
    levels = np.empty((HIDDEN, market.rows_per_era), dtype=np.int8)
    for phase in range(min(LASTS, market.rows_per_era)):
        levels[:, phase::LASTS] = drawn_levels(market.seed, market.rows_per_era, phase, (era.number + phase) // LASTS)
    return levels[:, order(market, era)]


@lru_cache(maxsize=2 * LASTS)
def drawn_levels(seed: int, stocks: int, phase: int, block: int) -> NDArray[np.int8]:
    """Hidden levels of the stocks of a phase, for one block of eras; shape (HIDDEN, stocks of that phase)."""
    count = len(range(phase, stocks, LASTS))
    draws = octets(seed, "hidden levels", block * LASTS + phase, (count, MARKETS + len(THEMES) + HIDDEN)).T
    levels = (draws % FEATURE_LEVELS).astype(np.int8)
    markets, themes, hidden = np.split(levels, [MARKETS, MARKETS + len(THEMES)])
    of_themes, of_hidden = draws[MARKETS : MARKETS + len(THEMES)], draws[MARKETS + len(THEMES) :]
    for theme in range(len(THEMES)):
        follows = of_themes[theme] < FOLLOWS
        themes[theme, follows] = markets[theme % MARKETS, follows]
    found = np.where(of_hidden < TIGHTNESS[:, None], themes[THEME_OF], hidden)
    found.setflags(write=False)
    return found


def news(market: Market, era: Era, weeks: int) -> NDArray[np.int64]:
    """News of the rows' stocks in the weeks after an era, summed; shape (NEWS, rows)."""
    total = np.zeros((NEWS, market.rows_per_era), dtype=np.int64)
    for week in range(era.number, era.number + weeks):
        total += _week(market.seed, market.rows_per_era, week)
    return total[:, order(market, era)]


@lru_cache(maxsize=16)
def _week(seed: int, stocks: int, week: int) -> NDArray[np.int16]:
    count = stocks * NEWS
    draws = words(seed, "news", week, -(-count // 4)).view(np.int16)[:count]
    return np.ascontiguousarray(draws.reshape(stocks, NEWS).T)


def held_news(market: Market, era: Era, weeks: int, kinds: int) -> NDArray[np.int64]:
    """News drawn once for `weeks` weeks, each stock's at a phase of its own; shape (kinds, rows).

    Its correlation from era to era falls as that of a sum over so many weeks, for one draw in place of as many.
    """
    total = np.empty((kinds, market.rows_per_era), dtype=np.int16)
    for phase in range(min(weeks, market.rows_per_era)):
        block = (era.number + phase) // weeks
        total[:, phase::weeks] = _held(market.seed, market.rows_per_era, weeks, phase, block, kinds)
    return total[:, order(market, era)].astype(np.int64)


@lru_cache(maxsize=64)
def _held(seed: int, stocks: int, weeks: int, phase: int, block: int, kinds: int) -> NDArray[np.int16]:
    count = len(range(phase, stocks, weeks)) * kinds
    draws = words(seed, f"own news over {weeks}", block * weeks + phase, -(-count // 4)).view(np.int16)[:count]
    return np.ascontiguousarray(draws.reshape(-1, kinds).T)
