"""Ridge regression against scikit-learn's."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_allclose
from sklearn import linear_model

from numerai_rounds.base.errors import DataError
from numerai_rounds.models.kinds import ridge
from tests.domain.test_contracts_models import Table, build, contents, fit, ignore, market


def params(alpha: float) -> ridge.Params:
    return ridge.Params(kind="ridge", dataset=ridge.Dataset(), alpha=alpha)


@pytest.mark.parametrize("alpha", [0.1, 100.0, 1e6])
def test_equals_scikit_learn(alpha: float) -> None:
    features, target = market()
    expected = linear_model.Ridge(alpha=alpha).fit(features.astype(float), target.astype(float))
    predictions = fit(ridge, params(alpha)).predict(features, 1)
    assert_allclose(predictions, expected.predict(features.astype(float)), rtol=0, atol=1e-9)


def test_sums_are_exact_in_any_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    features, _ = market()
    target = np.random.default_rng(3).random(len(features)).astype(np.float32)
    whole = contents(build(ridge, ridge.Dataset(), Table(features, target)))
    monkeypatch.setattr(ridge, "BLOCK", 701)
    assert contents(build(ridge, ridge.Dataset(), Table(features, target, 1900))) == whole


def test_one_dataset_serves_every_penalty() -> None:
    folder = build(ridge, ridge.Dataset())
    for alpha in (0.1, 1e6):
        assert ridge.fit(params(alpha), folder, 7, 1, ignore).text == fit(ridge, params(alpha)).text


def test_a_changed_bit_is_noticed() -> None:
    folder = build(ridge, ridge.Dataset())
    path = Path(folder, ridge.SUMS)
    content = bytearray(path.read_bytes())
    content[pq.read_metadata(path).row_group(0).column(3).data_page_offset + 100] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"sums\.parquet is absent, damaged, or not of a dataset of ridge"):
        ridge.fit(params(1.0), folder, 7, 1, ignore)


def test_importance_is_the_effect_of_one_deviation() -> None:
    model = fit(ridge, params(1.0))
    importance = model.importance().set_index("feature")["importance"]
    expected = abs(model.coefficients["feature_1"]) * np.std(market()[0][:, 1])
    assert importance["feature_1"] == pytest.approx(expected, rel=1e-9)
