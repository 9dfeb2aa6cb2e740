"""The function that is packaged, with a model of two features."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from numerai_rounds.domain.submission import predictions_to_submission
from numerai_rounds.models.portable import predictor

FEATURES = ["feature_b", "feature_a"]


def weigh(levels: Any) -> Any:
    """A model that tells its columns apart."""
    return levels @ np.array([10.0, 1.0])


def live(rows: int = 400) -> pd.DataFrame:
    """A live era; some rows are alike."""
    random = np.random.default_rng(3)
    columns = ["feature_a", "feature_other", "feature_b"]
    table = pd.DataFrame(random.integers(0, 5, (rows, 3)), columns=columns, dtype=np.int8)
    table.insert(0, "era", "X")
    return table.set_index(pd.Index([f"n{number:04}" for number in range(rows)], name="id"))


def expected(table: pd.DataFrame) -> pd.DataFrame:
    """What `submit` makes of it."""
    return predictions_to_submission(table.index, weigh(table[FEATURES].to_numpy().astype(float)))


def test_predicts_what_is_submitted() -> None:
    found = predictor(weigh, FEATURES, "middle")(live())
    assert list(found.columns) == ["prediction"]
    assert found.index.name == "id"
    pd.testing.assert_frame_equal(found.reset_index(), expected(live()), check_exact=True, check_column_type=False)


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_a_few_rows(rows: int) -> None:
    found = predictor(weigh, FEATURES, "middle")(live(rows))
    assert_array_equal(found["prediction"], expected(live(rows))["prediction"])


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "Int8", "Float64"])
def test_any_numbers_will_do(dtype: str) -> None:
    table = live()
    other = table.astype(dict.fromkeys(FEATURES, dtype))
    before = other.copy()
    predict = predictor(weigh, FEATURES, "middle")
    assert_array_equal(predict(other), predict(table))
    pd.testing.assert_frame_equal(other, before)


@pytest.mark.parametrize("dtype", ["float32", "float64", "Int8"])
def test_absent_features_are_the_middle_or_refused(dtype: str) -> None:
    table = live().astype(dict.fromkeys(FEATURES, dtype))
    table.iloc[5, -1] = pd.NA if dtype == "Int8" else np.nan
    filled = live()
    filled.iloc[5, -1] = 2
    assert_array_equal(predictor(weigh, FEATURES, "middle")(table), predictor(weigh, FEATURES, "middle")(filled))
    with pytest.raises(ValueError, match="1 features of the live data are absent, and none may be"):
        predictor(weigh, FEATURES, "refuse")(table)


def test_an_absent_column_is_told() -> None:
    with pytest.raises(ValueError, match="lacks 1 features that the model uses, such as feature_b"):
        predictor(weigh, FEATURES, "middle")(live().drop(columns="feature_b"))


def test_benchmark_models_change_nothing() -> None:
    predict = predictor(weigh, FEATURES, "middle")
    benchmarks = pd.DataFrame({"v53_lgbm_ender60": 0.5}, index=live().index)
    assert_array_equal(predict(live(), benchmarks), predict(live()))
