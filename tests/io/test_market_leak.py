"""What the market of the `sample` source teaches of time: training up to validation looks better than it is."""

import lightgbm
import numpy as np
import pandas as pd
import pytest
from numerai_tools.scoring import numerai_corr
from numpy.typing import NDArray

from numerai_rounds.base.eras import WEEKLY, purge_eras
from numerai_rounds.io.market.features import fill_features, panel
from numerai_rounds.io.market.size import Market
from numerai_rounds.io.market.targets import TARGETS, targets

TRAIN_ERAS, TRAINED_ON = 40, 24
TREES = {
    "num_leaves": 255,
    "learning_rate": 0.1,
    "min_data_in_leaf": 10,
    "num_threads": 1,
    "deterministic": True,
    "seed": 1,
    "verbose": -1,
}

Eras = list[tuple[NDArray[np.int8], NDArray[np.float32]]]


def eras(seed: int, target: str) -> Eras:
    """Features and a target of the train and the validation eras of a small market."""
    of = Market(
        seed=seed,
        features=30,
        train_eras=TRAIN_ERAS,
        validation_eras=24,
        test_eras=13,
        rows_per_era=400,
        first_round=1,
    )
    own, found = panel(of), []
    for era in of.eras(1, TRAIN_ERAS + 24):
        levels = np.empty((len(own.names), era.rows), dtype=np.int8)
        fill_features(of, own, era, levels)
        found.append((levels.T.copy(), targets(of, era, of.newest(1))[TARGETS.index(target)]))
    return found


def corr(table: Eras, last: int, over: slice) -> float:
    """The mean CORR over some eras of a model trained on as many eras as any, up to the `last` one."""
    trained = table[last - TRAINED_ON : last]
    features, answers = (np.concatenate(part).astype(np.float32) for part in zip(*trained, strict=True))
    model = lightgbm.train(TREES, lightgbm.Dataset(features, answers), num_boost_round=40)
    scores = [
        numerai_corr(pd.DataFrame({"ours": model.predict(levels)}), pd.Series(answer, name="target"))["ours"]
        for levels, answer in table[over]
    ]
    return float(np.mean(scores))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_model_trained_without_a_purge_looks_better_until_its_answers_weeks_are_over(seed: int) -> None:
    target, weeks = "target_ender_60", 12
    purge = purge_eras(target, None, WEEKLY)
    assert weeks <= purge <= TRAIN_ERAS - TRAINED_ON
    table = eras(seed, target)
    first, later = slice(TRAIN_ERAS, TRAIN_ERAS + weeks), slice(TRAIN_ERAS + weeks, None)
    leak = corr(table, TRAIN_ERAS, first)
    assert leak > corr(table, TRAIN_ERAS - purge, first) + 0.04
    assert leak > corr(table, TRAIN_ERAS, later) + 0.04
