"""The tournament's rules for a submission, with the official check as the oracle."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numerai_tools.submissions import validate_submission_numerai

from numerai_rounds.base.errors import DataError
from numerai_rounds.domain.submission import check, predictions_to_submission

LIVE = pd.Index([f"n{number:015x}" for number in range(20)], name="id")


def good() -> pd.DataFrame:
    return predictions_to_submission(LIVE, np.arange(20.0))


def official(submission: pd.DataFrame) -> None:
    validate_submission_numerai(pd.Series(LIVE), submission)


@given(st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=50).filter(lambda values: len(set(values)) > 1))
def test_what_is_made_of_any_predictions_is_valid(values: list[float]) -> None:
    ids = pd.Index([f"n{number}" for number in range(len(values))])
    submission = predictions_to_submission(ids, np.array(values))
    check(submission, ids)
    validate_submission_numerai(pd.Series(ids), submission)
    expected = (pd.Series(values).rank() - 0.5) / len(values)
    np.testing.assert_allclose(submission["prediction"], expected)


def test_the_order_of_rows_does_not_matter() -> None:
    check(good().iloc[::-1], LIVE)


BROKEN: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "index instead of a column": (
        lambda table: table.set_index("id"),
        r"exactly the columns id and prediction, in this order; found \['prediction'\]",
    ),
    "other order": (lambda table: table[["prediction", "id"]], "in this order; found"),
    "another column": (lambda table: table.assign(era="X"), "exactly the columns"),
    "missing": (lambda table: table.iloc[1:], r"1 missing \(n000000000000000\)"),
    "twice": (lambda table: pd.concat([table, table[:1]]), r"1 given more than once \(n000000000000000\)"),
    "NaN": (
        lambda table: table.assign(prediction=table["prediction"].where(table.index > 1)),
        "2 of 20 are NaN or infinite",
    ),
    "above": (lambda table: table.assign(prediction=table["prediction"] * 2), "between 0 and 1; found 0.05 to 1.95"),
    "below": (lambda table: table.assign(prediction=table["prediction"] - 0.1), "between 0 and 1; found -0.07"),
    "constant": (lambda table: table.assign(prediction=0.5), "must not be constant; all of them are 0.5"),
    "almost constant": (
        lambda table: table.assign(prediction=0.5 + 1e-9 * table["prediction"]),
        "must not be constant",
    ),
}


@pytest.mark.parametrize(("spoil", "sentence"), BROKEN.values(), ids=BROKEN.keys())
def test_what_the_service_refuses(spoil: Callable[[pd.DataFrame], pd.DataFrame], sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        check(spoil(good()), LIVE)
    with pytest.raises(AssertionError, match="invalid_submission"):
        official(spoil(good()))


STRICTER: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "not live": (
        lambda table: pd.concat([table, pd.DataFrame({"id": ["nff", "nfe"], "prediction": 0.5})]),
        r"2 not live \(nfe, nff\)",
    ),
    "a hair above": (
        lambda table: table.assign(prediction=table["prediction"].replace(0.975, 1 + 1e-9)),
        "between 0 and 1; found 0.025 to 1.000000001",
    ),
}


@pytest.mark.parametrize(("spoil", "sentence"), STRICTER.values(), ids=STRICTER.keys())
def test_where_we_are_stricter(spoil: Callable[[pd.DataFrame], pd.DataFrame], sentence: str) -> None:
    official(spoil(good()))
    with pytest.raises(DataError, match=sentence):
        check(spoil(good()), LIVE)


def test_text_is_not_a_prediction() -> None:
    with pytest.raises(DataError, match=r"predictions must be numbers with a fraction \(float\)"):
        check(good().astype({"prediction": str}), LIVE)


def test_several_wrong_ids_come_together() -> None:
    submission = good().replace({"id": {LIVE[3]: "nff"}})
    with pytest.raises(DataError, match=r"1 missing \(n000000000000003\), 1 not live \(nff\)"):
        check(submission, LIVE)


def test_no_live_ids() -> None:
    with pytest.raises(DataError, match="there is no live id to predict"):
        check(good(), LIVE[:0])
