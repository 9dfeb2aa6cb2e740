"""One way to a prediction: of eras, of the live era and as a function that runs elsewhere, all the same."""

from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from numerai_rounds.base.errors import ConfigurationError, DataError
from numerai_rounds.domain.submission import predictions_to_submission
from numerai_rounds.io.history.live import Live
from numerai_rounds.io.history.reader import History
from numerai_rounds.steps.predicting import Predictor
from tests import tiny
from tests.domain.presets import kind_of, presets
from tests.domain.test_contracts_models import FAST, Table, build, ignore
from tests.io import stores

SMALL = FAST | {"min_data_in_leaf": 2, "n_estimators": 5}
EVERY_MODEL = pytest.mark.parametrize(("module", "params"), presets("model", **SMALL))


def text_of(module: ModuleType, params: Any) -> str:
    """A model of the tiny market's strength."""
    chosen = [name for name in tiny.FEATURES if "strength" in name]
    table = tiny.market().train

    class Chosen(Table):
        names = chosen

    rows = Chosen(table[chosen].to_numpy(), table[tiny.MAIN_TARGET].to_numpy(np.float32))
    return module.fit(params, build(module, params.dataset, rows), 7, 1, ignore).text


def predictor(module: ModuleType, text: str) -> Predictor:
    parameters = SimpleNamespace(model=SimpleNamespace(kind=kind_of(module)), threads=1, missing_features="middle")
    return Predictor.of(parameters, text)


@EVERY_MODEL
def test_eras_are_predicted_as_their_rows_at_once(module: ModuleType, params: Any) -> None:
    market = tiny.market()
    stores.place(market)
    one = predictor(module, text_of(module, params))
    eras = list(market.validation["era"].unique())
    found = list(one.of_eras(History(), "validation", eras, [tiny.MAIN_TARGET]))
    assert [rows.era for rows, _ in found] == eras
    np.testing.assert_array_equal(
        np.concatenate([rows.targets[tiny.MAIN_TARGET] for rows, _ in found]), market.validation[tiny.MAIN_TARGET]
    )
    at_once = one.model.predict(market.validation[one.features].to_numpy(), 1)
    np.testing.assert_array_equal(np.concatenate([predictions for _, predictions in found]), at_once)


@EVERY_MODEL
def test_the_function_that_runs_elsewhere_gives_the_ranks_that_are_submitted(module: ModuleType, params: Any) -> None:
    market = tiny.market()
    name = tiny.FEATURES[-1]
    market.live[name] = market.live[name].astype("Int8")
    market.live.iloc[::3, market.live.columns.get_loc(name)] = pd.NA
    stores.place(market)
    one = predictor(module, text_of(module, params))
    assert name in one.features
    submitted = predictions_to_submission(*one.of_live(Live())).set_index("id")
    elsewhere = one.portable()(market.live)
    assert submitted["prediction"].nunique() > 5
    pd.testing.assert_frame_equal(elsewhere, submitted, check_exact=True, check_index_type=False)


def test_a_text_of_another_kind_is_refused() -> None:
    for kind in ("ridge", "lightgbm"):
        parameters = SimpleNamespace(model=SimpleNamespace(kind=kind), threads=1, missing_features="middle")
        with pytest.raises(DataError, match="the model is not"):
            Predictor.of(parameters, "no model")
    parameters.model.kind = "rigde"
    with pytest.raises(ConfigurationError, match="did you mean 'ridge'"):
        Predictor.of(parameters, "")
