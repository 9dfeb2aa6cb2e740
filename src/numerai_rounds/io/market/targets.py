"""Targets and models' predictions of an era: scores ranked within the era, then cut into levels or spread evenly."""

import numpy as np
from numpy.typing import NDArray

from numerai_rounds.base.columns import ALIAS, TARGET_PREFIX
from numerai_rounds.io.market.draws import noise, octets
from numerai_rounds.io.market.signal import signal
from numerai_rounds.io.market.size import Era, Market

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
"""The payout's target: without noise of its own; the alias equals it at 60 days."""

FIVE_LEVELS = (5, 20, 50, 20, 5)
SEVEN_LEVELS = (1, 4, 20, 50, 20, 4, 1)
"""Percent of an era's rows on each level, which are evenly spaced from 0 to 1."""

SEVEN_LEVEL_NAMES = ("tyler", "victor")
GAPPY_NAME = "jeremy"
"""An auxiliary target that some rows never get."""
GAPS = 8
"""Rows of 256 without it."""
LATE_NAMES = ("rowan", "sam")
"""Auxiliary targets that the first eighth of the train eras lacks."""

MODELS = ("v53_lgbm_ender20", "v53_lgbm_ender60")
META_MODEL = "numerai_meta_model"


def targets(market: Market, era: Era, newest: int) -> NDArray[np.float32]:
    """All 41 targets of an era, in the order of `TARGETS`; shape (41, rows), NaN where not resolved, or absent.

    `newest` is the newest era of the round's files; it decides what is resolved and nothing else.
    """
    moves = signal(market, era)
    common = moves.lasting + moves.surprise + 3 * noise(market.seed, "common", era.key, (era.rows,))
    missing = octets(market.seed, "gaps", era.key, (1, era.rows))[0] < GAPS
    late = era.number <= market.train_eras // 8
    columns = np.full((len(TARGETS), era.rows), np.nan, dtype=np.float32)
    for part, horizon in enumerate(HORIZONS):
        if not market.resolved(era.number, newest, horizon):
            continue
        shared = common + 2 * noise(market.seed, f"common {horizon}", era.key, (era.rows,))
        own = noise(market.seed, f"own {horizon}", era.key, (len(NAMES), era.rows))
        for place, name in enumerate(NAMES):
            score = shared if name == MAIN else shared + (2 + place % 5) * own[place]
            column = columns[2 * place + part]
            column[:] = _cut(score, SEVEN_LEVELS if name in SEVEN_LEVEL_NAMES else FIVE_LEVELS)
            if name == GAPPY_NAME:
                column[missing] = np.nan
            if late and name in LATE_NAMES:
                column[:] = np.nan
    columns[-1] = columns[TARGETS.index(f"{TARGET_PREFIX}_{MAIN}_60")]
    return columns


def benchmarks(market: Market, era: Era) -> NDArray[np.float32]:
    """Predictions of the benchmark models, in the order of `MODELS`; shape (2, rows), uniform in (0, 1)."""
    return np.stack([_spread(score) for score in _model_scores(market, era)])


def meta_model(market: Market, era: Era) -> NDArray[np.float32]:
    """The meta model's predictions; shape (1, rows), uniform in (0, 1)."""
    score = _model_scores(market, era).sum(axis=0) + noise(market.seed, "meta model", era.key, (era.rows,)) // 8
    return _spread(score)[None]


def example(market: Market, era: Era) -> NDArray[np.float32]:
    """Predictions of the example model, which is the second benchmark; shape (1, rows)."""
    return benchmarks(market, era)[1:]


def _model_scores(market: Market, era: Era) -> NDArray[np.int64]:
    """The lasting signal, seen through errors that both models share in part."""
    shared = noise(market.seed, "error of models", era.key, (era.rows,))
    own = noise(market.seed, "error of model", era.key, (len(MODELS), era.rows))
    return signal(market, era).lasting + (shared + own // 2) // 7


def _cut(score: NDArray[np.int64], percents: tuple[int, ...]) -> NDArray[np.float32]:
    """Evenly spaced levels from 0 to 1, the lowest scores lowest; ties in the order of the rows."""
    bounds = -(-np.cumsum((0, *percents)) * len(score) // 100)
    levels = np.arange(len(percents), dtype=np.float32) / np.float32(len(percents) - 1)
    column = np.empty(len(score), dtype=np.float32)
    column[np.argsort(score, kind="stable")] = np.repeat(levels, np.diff(bounds))
    return column


def _spread(score: NDArray[np.int64]) -> NDArray[np.float32]:
    """Ranks, moved to the middle of their step of (0, 1)."""
    column = np.empty(len(score), dtype=np.float32)
    column[np.argsort(score, kind="stable")] = (np.arange(len(score)) + 0.5) / len(score)
    return column
