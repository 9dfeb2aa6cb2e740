"""What every way to choose features keeps."""

from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.domain.presets import check_params, modules, presets

FEATURES = [f"feature_{number:02d}" for number in range(30)]
SETS = {"small": FEATURES[5:15], "medium": FEATURES[25:2:-1], "all": FEATURES}


def table(module: ModuleType, params: Any, names: list[str], constant: str) -> pd.DataFrame:
    random = np.random.default_rng(3)
    statistics = module.statistics(params, names)
    for _ in range(4):
        features = random.integers(0, 5, (len(names), 50)).astype(np.int8)
        features[names.index(constant)] = 2
        statistics.add(features, random.choice([0, 0.25, 0.5, 0.75, 1], 50))
    return statistics.table()


@pytest.mark.parametrize("module", modules("select"))
def test_parameters_are_closed(module: ModuleType) -> None:
    check_params("select", module)


@pytest.mark.parametrize(("module", "params"), presets("select", k=8))
def test_chooses_known_features_once_with_finite_scores(module: ModuleType, params: Any) -> None:
    candidates = module.candidates(params, FEATURES, SETS)
    assert set(candidates) <= set(FEATURES)
    chosen = module.choose(params, table(module, params, candidates, constant="feature_10"))
    assert list(chosen.columns) == ["feature", "score"]
    assert list(chosen.index) == list(range(len(chosen)))
    assert len(chosen) > 0
    assert chosen["feature"].is_unique
    assert set(chosen["feature"]) <= set(candidates)
    assert np.isfinite(chosen["score"]).all()
    again = module.choose(params, table(module, params, candidates, constant="feature_10"))
    pd.testing.assert_frame_equal(chosen, again, check_exact=True)
