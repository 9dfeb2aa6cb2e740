"""Predictions of the models that everybody is judged beside: the benchmarks, the example, and the meta model.

Each reads levels of features, knows the signal's weights as somebody could who learned from the past, and believes
in every level a little, whether it matters or not.
"""

import math

import numpy as np
from numpy.typing import NDArray

from numerai_rounds.base.columns import FEATURE_MIDDLE
from numerai_rounds.io.market import signal
from numerai_rounds.io.market.draws import NOISE_STD, deviation_of_sum, noise
from numerai_rounds.io.market.features import Panel, shown_levels
from numerai_rounds.io.market.size import Era, Market
from numerai_rounds.io.market.stocks import LEVEL_VARIANCE
from numerai_rounds.io.market.terms import UNIT, values
from numerai_rounds.io.market.themes import HIDDEN

MODELS = ("v53_lgbm_ender20", "v53_lgbm_ender60")
META_MODEL = "numerai_meta_model"

ERRORS = {"v53_lgbm_ender20": 100, "v53_lgbm_ender60": 33, META_MODEL: 77}
"""Deviation of what a model believes wrongly, in percent of that of the signal as it knows it."""


def benchmarks(market: Market, features: Panel, era: Era) -> NDArray[np.float32]:
    """Predictions of the benchmark models, in the order of `MODELS`; shape (2, rows), uniform in (0, 1)."""
    levels = shown_levels(market, features, era)
    return np.stack([_predictions(market, levels, era, name) for name in MODELS])


def meta_model(market: Market, features: Panel, era: Era) -> NDArray[np.float32]:
    """The meta model's predictions; shape (1, rows), uniform in (0, 1)."""
    return _predictions(market, shown_levels(market, features, era), era, META_MODEL)[None]


def example(market: Market, features: Panel, era: Era) -> NDArray[np.float32]:
    """Predictions of the example model, which is the second benchmark; shape (1, rows)."""
    return _predictions(market, shown_levels(market, features, era), era, MODELS[1])[None]


def _predictions(market: Market, levels: NDArray[np.int8], era: Era, name: str) -> NDArray[np.float32]:
    known = signal.known_weights(market.seed, era.number)
    beliefs = noise(market.seed, f"errors of {name}", 0, (HIDDEN,))
    size = math.isqrt(int(known @ known)) * UNIT * ERRORS[name] // 100
    deviation = deviation_of_sum(LEVEL_VARIANCE * HIDDEN, NOISE_STD)
    errors = beliefs @ (levels.astype(np.int64) - FEATURE_MIDDLE) * size // deviation
    return _spread(known @ values(market.seed, levels) + errors)


def _spread(score: NDArray[np.int64]) -> NDArray[np.float32]:
    """Ranks, moved to the middle of their step of (0, 1)."""
    column = np.empty(len(score), dtype=np.float32)
    column[np.argsort(score, kind="stable")] = (np.arange(len(score)) + 0.5) / len(score)
    return column
