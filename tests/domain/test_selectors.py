"""Choosing features."""

import numpy as np
import pandas as pd
import pytest

from numerai_rounds.base.errors import ConfigurationError, DataError
from numerai_rounds.domain.selectors import feature_set, top_k

FEATURES = ["feature_a", "feature_b", "feature_c", "feature_d"]


def table(**correlations: float) -> pd.DataFrame:
    return pd.DataFrame({"feature": list(correlations), "correlation": list(correlations.values())})


def test_the_strongest_come_first_whatever_the_sign() -> None:
    chosen = top_k.choose(top_k.Params(kind="top_k", k=2), table(a=0.001, b=-0.005, c=0.003))
    assert chosen.to_dict("list") == {"feature": ["b", "c"], "score": [0.005, 0.003]}


def test_ties_go_by_name() -> None:
    chosen = top_k.choose(top_k.Params(kind="top_k", k=2), table(z=0.1, b=-0.1, a=0.1))
    assert list(chosen["feature"]) == ["a", "b"]


def test_constant_features_are_never_chosen() -> None:
    with pytest.raises(
        ConfigurationError, match=r"select\.k is 3, but only 2 features vary .* Set select\.k=2 or lower"
    ):
        top_k.choose(top_k.Params(kind="top_k", k=3), table(a=0.1, b=np.nan, c=0.2))


def test_nothing_correlates_with_a_constant_target() -> None:
    with pytest.raises(DataError, match=r"all features are constant there, or the target is\. Choose another target"):
        top_k.choose(top_k.Params(kind="top_k", k=1), table(a=np.nan, b=np.nan))


def test_a_set_is_taken_whole_and_in_its_own_order() -> None:
    params = feature_set.Params(kind="feature_set", name="small")
    assert feature_set.candidates(params, FEATURES, {"small": ["feature_d", "feature_a"]}) == ["feature_d", "feature_a"]
    chosen = feature_set.choose(params, table(feature_d=np.nan, feature_a=-0.2))
    assert chosen.to_dict("list") == {"feature": ["feature_d", "feature_a"], "score": [0.0, 0.2]}


def test_an_unknown_set_names_the_nearest() -> None:
    params = feature_set.Params(kind="feature_set", name="medum")
    with pytest.raises(ConfigurationError, match=r"select\.name is 'medum': did you mean 'medium'\?"):
        feature_set.candidates(params, FEATURES, {"small": [], "medium": []})


def test_a_set_that_names_absent_features() -> None:
    params = feature_set.Params(kind="feature_set", name="small")
    expected = r"feature set 'small' names 2 features that the data lacks \(feature_x, feature_y\)"
    with pytest.raises(DataError, match=expected):
        feature_set.candidates(params, FEATURES, {"small": ["feature_y", "feature_a", "feature_x"]})
