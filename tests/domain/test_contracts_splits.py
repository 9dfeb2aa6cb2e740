"""What every kind of split keeps."""

from types import ModuleType
from typing import Any

import pandas as pd
import pytest

from numerai_rounds.domain import splits
from tests.domain.presets import check_params, modules, presets
from tests.domain.test_holdout import eras


@pytest.mark.parametrize("module", modules("split"))
def test_parameters_are_closed(module: ModuleType) -> None:
    check_params("split", module)


@pytest.mark.parametrize(("module", "params"), presets("split"))
@pytest.mark.parametrize("purge", [1, 3, 8, 16])
def test_every_era_gets_one_side_and_no_answer_leaks(module: ModuleType, params: Any, purge: int) -> None:
    before = eras(train=60, validation=20, test=3)
    after = module.split(params, before, purge)
    pd.testing.assert_frame_equal(after.drop(columns=splits.SIDE), before)
    assert set(after[splits.SIDE]) <= set(splits.SIDES)
    number = after["era"].astype(int)
    trained, scored = number[after[splits.SIDE] == splits.TRAIN], number[after[splits.SIDE] == splits.VALIDATION]
    assert len(trained)
    assert len(scored)
    assert scored.min() - trained.max() > purge
    assert (after["resolved"][after[splits.SIDE].isin([splits.TRAIN, splits.VALIDATION])] > 0).all()
