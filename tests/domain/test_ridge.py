"""Ridge regression against scikit-learn's."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn import linear_model

from numerai_rounds.domain.models import ridge
from tests.domain.test_contracts_models import NAMES, market


@pytest.mark.parametrize("alpha", [0.1, 100.0, 1e6])
def test_equals_scikit_learn(alpha: float) -> None:
    features, target = market()
    expected = linear_model.Ridge(alpha=alpha).fit(features.astype(float), target.astype(float))
    model = ridge.fit(ridge.Params(kind="ridge", alpha=alpha), features, NAMES, target, 7, 1, lambda _: None)
    assert_allclose(model.predict(features, 1), expected.predict(features.astype(float)), rtol=0, atol=1e-9)


def test_blocks_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    features, target = market()
    params = ridge.Params(kind="ridge", alpha=10.0)
    whole = ridge.fit(params, features, NAMES, target, 7, 1, lambda _: None)
    monkeypatch.setattr(ridge, "BLOCK", 701)
    pieces = ridge.fit(params, features, NAMES, target, 7, 1, lambda _: None)
    assert_allclose(list(pieces.coefficients.values()), list(whole.coefficients.values()), rtol=1e-11)


def test_importance_is_the_effect_of_one_deviation() -> None:
    features, target = market()
    model = ridge.fit(ridge.Params(kind="ridge", alpha=1.0), features, NAMES, target, 7, 1, lambda _: None)
    importance = model.importance().set_index("feature")["importance"]
    expected = abs(model.coefficients["feature_1"]) * np.std(features[:, 1])
    assert importance["feature_1"] == pytest.approx(expected, rel=1e-9)
