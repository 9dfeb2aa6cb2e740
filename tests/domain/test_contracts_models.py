"""What every kind of model keeps."""

from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from numerai_rounds.base.errors import DataError
from tests.domain.presets import check_params, modules, presets

ROWS, COUNT = 3000, 12
NAMES = [f"feature_{number}" for number in range(COUNT)]
FAST = {"n_estimators": 12, "learning_rate": 0.2, "feature_fraction": 0.5}


def market(order: str = "F") -> tuple[np.ndarray, np.ndarray]:
    """Features, of which the first matters most and the last is constant, and a target."""
    random = np.random.default_rng(5)
    features = random.integers(0, 5, (ROWS, COUNT)).astype(np.int8)
    features[:, -1] = 2
    score = features[:, 0] + 0.3 * features[:, 1] + random.normal(size=ROWS)
    target = np.digitize(score, np.quantile(score, [0.05, 0.25, 0.75, 0.95])) / 4
    return np.asarray(features, order=order), target.astype(np.float32)


def fit(module: ModuleType, params: Any, threads: int = 1, order: str = "F", seed: int = 7) -> Any:
    features, target = market(order)
    return module.fit(params, features, NAMES, target, seed, threads, lambda _: None)


@pytest.mark.parametrize("module", modules("model"))
def test_parameters_are_closed(module: ModuleType) -> None:
    check_params("model", module)


@pytest.mark.parametrize("module", modules("model"))
@pytest.mark.parametrize("text", ["", "rubbish", "{}", "tree\nversion=v4\n", '{"kind": "other"}', "<html></html>"])
def test_another_text_is_refused(module: ModuleType, text: str) -> None:
    with pytest.raises(DataError, match=r"the model is not .* Train it again\."):
        module.load(text)


@pytest.mark.parametrize(("module", "params"), presets("model", **FAST))
class TestModel:
    def test_same_text_for_any_number_of_threads_and_order_of_memory(self, module: ModuleType, params: Any) -> None:
        texts = {fit(module, params, threads, order).text for threads in (0, 1, 2) for order in ("C", "F")}
        assert len(texts) == 1

    def test_is_its_text(self, module: ModuleType, params: Any) -> None:
        model = fit(module, params)
        loaded = module.load(model.text)
        assert loaded.text == model.text
        assert loaded.features == model.features == NAMES
        assert_array_equal(loaded.predict(market()[0], 1), model.predict(market()[0], 1))
        pd.testing.assert_frame_equal(loaded.importance(), model.importance(), check_exact=True)

    def test_a_row_is_predicted_by_itself(self, module: ModuleType, params: Any) -> None:
        model, features = fit(module, params), market()[0]
        predictions = model.predict(features, 1)
        assert predictions.shape == (ROWS,)
        assert predictions.dtype == np.float64
        assert_array_equal(model.predict(features, 2), predictions)
        assert_array_equal(model.predict(np.ascontiguousarray(features), 1), predictions)
        assert_array_equal(model.predict(features[100:200], 1), predictions[100:200])
        assert_array_equal(model.predict(features[7:8], 1), predictions[7:8])

    def test_higher_is_better(self, module: ModuleType, params: Any) -> None:
        features, target = market()
        assert np.corrcoef(fit(module, params).predict(features, 1), target)[0, 1] > 0.3

    def test_importance_puts_what_matters_first(self, module: ModuleType, params: Any) -> None:
        importance = fit(module, params).importance()
        assert list(importance.columns) == ["feature", "importance"]
        assert sorted(importance["feature"]) == sorted(NAMES)
        assert importance["feature"].iloc[0] == "feature_0"
        assert importance.set_index("feature")["importance"][NAMES[-1]] == 0
        assert importance["importance"].is_monotonic_decreasing
        assert (importance["importance"] >= 0).all()

    def test_progress_sums_to_one(self, module: ModuleType, params: Any) -> None:
        shares: list[float] = []
        module.fit(params, *market()[:1], NAMES, market()[1], 7, 1, shares.append)
        assert sum(shares) == pytest.approx(1)

    def test_training_leaves_its_input_alone(self, module: ModuleType, params: Any) -> None:
        features, target = market()
        module.fit(params, features, NAMES, target, 7, 1, lambda _: None)
        assert_array_equal(features, market()[0])
        assert_array_equal(target, market()[1])

    def test_a_text_cut_short_is_refused(self, module: ModuleType, params: Any) -> None:
        text = fit(module, params).text
        with pytest.raises(DataError, match=r"Train it again\."):
            module.load(text[: len(text) // 2])
