"""Predictions of trees without LightGBM are LightGBM's own, bit by bit, or LightGBM makes them."""

import re
import tracemalloc
from collections.abc import Callable
from typing import Any

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numerai_rounds.models.boosting import predictor as predictors
from numerai_rounds.models.kinds import lightgbm as ours
from numerai_rounds.models.kinds.lightgbm import OWNED

ROWS, COUNT = 1500, 8
THREADS = (1, 2, 0)

Text = str
Random = np.random.Generator


def levels(random: Random, rows: int, count: int = COUNT, low: int = -128, high: int = 127) -> np.ndarray:
    return np.asfortranarray(random.integers(low, high, (rows, count), endpoint=True).astype(np.int8))


def trained(low: int = 0, high: int = 4, rounds: int = 12, **chosen: object) -> Text:
    """A text of LightGBM's own, of features from `low` to `high`."""
    random = np.random.default_rng(3)
    features = levels(random, ROWS, low=low, high=high)
    target = (features[:, 0] > features[:, 1]) / 2 + random.integers(0, 3, ROWS) / 4
    settings: dict[str, Any] = {
        "num_leaves": 15,
        "min_data_in_leaf": 2,
        "learning_rate": 0.3,
        "num_threads": 1,
        **OWNED,
        **chosen,
    }
    places = settings.pop("categorical_feature", "auto")
    data = lightgbm.Dataset(features.astype(np.float32), target, params=settings, categorical_feature=places)
    return lightgbm.train(settings, data, num_boost_round=rounds).model_to_string()


def official(text: Text, features: np.ndarray) -> np.ndarray:
    return np.asarray(lightgbm.Booster(model_str=text).predict(features, num_threads=1))


def assert_same(text: Text, features: np.ndarray) -> None:
    """Bits equal to LightGBM's, without LightGBM's trees, on any number of threads."""
    expected = official(text, features).view(np.int64)
    own = predictors.predictor(text)
    assert own
    assert own.takes(features)
    for threads in THREADS:
        found = own.predict(features, threads)
        assert found.dtype == np.float64
        np.testing.assert_array_equal(found.view(np.int64), expected)


THRESHOLDS = [-1e300, -130, -129, -128.5, -128, -127.99999, -1.5, -1e-35, 0, 1.0000000180025095e-35, 0.5, 1.5, 2]
THRESHOLDS += [2.5000000000000004, 3.999, 126.5, 127, 127.5, 128, 1e300]

SHAPES = ("any", "newest", "oldest", "even")


def next_split(random: Random, leaves: int, shape: str) -> int:
    """Which leaf of so many is split next."""
    chosen = {"newest": leaves - 1, "oldest": 0, "even": leaves - 2 ** (leaves.bit_length() - 1)}
    return chosen[shape] if shape in chosen else int(random.integers(leaves))


def tree(random: Random, leaves: int, shape: str) -> dict[str, list[object]]:
    """The lines of a tree, grown as LightGBM does: a leaf keeps its number on the left of its split."""
    left, right, parents = [], [], [(0, 0)]
    for split in range(leaves - 1):
        chosen = next_split(random, split + 1, shape)
        parent, side = parents[chosen]
        if split:
            (left, right)[side][parent] = split
        left.append(~chosen)
        right.append(~(split + 1))
        parents[chosen] = (split, 0)
        parents.append((split, 1))
    splits = leaves - 1
    return {
        "split_feature": random.integers(0, COUNT, splits).tolist(),
        "split_gain": [1] * splits,
        "threshold": random.choice(THRESHOLDS, splits).tolist(),
        "decision_type": random.choice([0, 2, 8, 10], splits).tolist(),
        "left_child": left,
        "right_child": right,
        "leaf_value": [f"{value:.17g}" for value in random.normal(size=leaves) * 10.0 ** random.integers(-9, 9)],
        "leaf_weight": [1] * leaves,
        "leaf_count": [1] * leaves,
        "internal_value": [0] * splits,
        "internal_weight": [1] * splits,
        "internal_count": [1] * splits,
    }


def written(trees: list[dict[str, list[object]]], objective: str = "regression") -> Text:
    """A text as LightGBM writes it."""
    parts = []
    for number, each in enumerate(trees):
        lines = [f"{name}={' '.join(map(str, values))}" for name, values in each.items()]
        head = [f"Tree={number}", f"num_leaves={len(each['leaf_value'])}", "num_cat=0"]
        parts.append("\n".join([*head, *lines, "is_linear=0", "shrinkage=1", "", "", ""]))
    names, infos = " ".join(f"f{place}" for place in range(COUNT)), " ".join(["[-128:127]"] * COUNT)
    header = ["tree", "version=v4", "num_class=1", "num_tree_per_iteration=1", "label_index=0"]
    header += [f"max_feature_idx={COUNT - 1}", f"objective={objective}", f"feature_names={names}"]
    header += [f"feature_infos={infos}", f"tree_sizes={' '.join(str(len(part)) for part in parts)}", "", ""]
    return "\n".join(header) + "".join(parts) + "end of trees\n\nparameters:\nend of parameters\n"


def forest(seed: int, leaves: list[int], shape: str = "any", objective: str = "regression") -> Text:
    random = np.random.default_rng(seed)
    return written([tree(random, count, shape) for count in leaves], objective)


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"num_leaves": 2},
        {"num_leaves": 31},
        {"num_leaves": 64},
        {"num_leaves": 500, "min_data_in_leaf": 1},
        {"boost_from_average": False},
        {"boosting": "dart", "drop_rate": 0.5},
        {"boosting": "dart", "xgboost_dart_mode": True, "uniform_drop": True},
        {"bagging_freq": 1, "bagging_fraction": 0.5, "extra_trees": True},
        {"max_bin": 3},
        {"monotone_constraints": [1, -1, *[0] * (COUNT - 2)]},
        {"min_data_in_leaf": ROWS},
        {"low": -128, "high": 127, "num_leaves": 40},
        {"feature_fraction": 0.1, "rounds": 1},
        {"objective": "regression", "reg_sqrt": True},
        *({"objective": name} for name in ("regression_l1", "huber", "fair", "quantile", "mape", "poisson", "tweedie")),
        {"objective": "cross_entropy"},
        {"objective": "cross_entropy_lambda"},
        {"use_quantized_grad": True, "quant_train_renew_leaf": True},
    ],
    ids=str,
)
def test_what_lightgbm_trains_is_predicted_with_its_bits(chosen: dict[str, object]) -> None:
    text = trained(**chosen)
    random = np.random.default_rng(9)
    assert_same(text, levels(random, 700, low=0, high=4))
    assert_same(text, levels(random, 700))


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    leaves=st.lists(st.integers(1, 70), max_size=11),
    shape=st.sampled_from(SHAPES),
    objective=st.sampled_from(sorted(predictors.SUMS | predictors.FUNCTIONS)),
    rows=st.integers(0, 200),
)
def test_any_trees(seed: int, leaves: list[int], shape: str, objective: str, rows: int) -> None:
    text = forest(seed, leaves, shape, objective)
    assert_same(text, levels(np.random.default_rng(seed), rows, low=-3, high=5))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("most", [predictors.MOST_IN_PLANES, 7], ids=["planes", "nodes"])
def test_trees_of_every_size(shape: str, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predictors, "MOST_IN_PLANES", most)
    leaves = [1, 2, 3, 7, 8, 9, 16, 17, 31, 32, 33, 63, 64, 65, 255, 256, 257, 1, 600, 1023, 1024]
    assert_same(forest(5, leaves, shape), levels(np.random.default_rng(1), 300))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_tree_of_very_many_leaves(shape: str) -> None:
    assert_same(forest(6, [1100, 20, 1], shape), levels(np.random.default_rng(2), 300))


@pytest.mark.parametrize("most", [predictors.MOST_IN_PLANES, 1], ids=["planes", "nodes"])
@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_thresholds_between_and_beyond_levels(threshold: float, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predictors, "MOST_IN_PLANES", most)
    every = np.zeros((256, COUNT), np.int8)
    every[:] = np.arange(-128, 128)[:, None]
    random = np.random.default_rng(1)
    trees = [tree(random, 5, shape) | {"threshold": [threshold] * 4} for shape in SHAPES]
    assert_same(written(trees), every)


@pytest.mark.parametrize("rows", [0, 1, 2, 63, 64, 65, 255, 257, 1025, 9000])
def test_any_number_of_rows(rows: int) -> None:
    assert_same(forest(2, [31, 5, 1, 64, 12]), levels(np.random.default_rng(rows), rows))


def test_any_arrangement_in_memory() -> None:
    text, features = forest(4, [31, 31, 31]), levels(np.random.default_rng(4), 4000, 2 * COUNT)
    frozen = np.asfortranarray(features[:, :COUNT])
    frozen.flags.writeable = False
    arranged = [frozen, np.ascontiguousarray(frozen), features[::3, ::2], features[::-1, COUNT - 1 :: -1]]
    for arrangement in [*arranged, features[5:300, COUNT:], np.ascontiguousarray(features)[100:, 3 : 3 + COUNT]]:
        assert arrangement.shape[1] == COUNT
        before = arrangement.copy()
        assert_same(text, arrangement)
        np.testing.assert_array_equal(arrangement, before)


def test_loaded_models_predict_in_this_way(monkeypatch: pytest.MonkeyPatch) -> None:
    text, features = trained(), levels(np.random.default_rng(1), 100)
    expected = official(text, features)
    model = ours.load(text)
    monkeypatch.delattr(lightgbm.Booster, "predict")
    np.testing.assert_array_equal(model.predict(features, 1), expected)


OTHERS: dict[str, Callable[[], Text]] = {
    "categories": lambda: trained(categorical_feature=[0, 1]),
    "averaged": lambda: trained(boosting="rf", bagging_freq=1, bagging_fraction=0.5),
    "zero is missing": lambda: trained(zero_as_missing=True),
    "linear leaves": lambda: trained(linear_tree=True, num_leaves=4),
    "objective that cannot be chosen": lambda: forest(1, [9], objective="gamma"),
    "objective with a parameter": lambda: forest(1, [9], objective="binary sigmoid:2"),
    "no objective": lambda: re.sub(r"objective=.*\n", "", trained(), count=1),
    "another version": lambda: trained().replace("version=v4", "version=v3", 1),
    "another line in the header": lambda: trained().replace("\nfeature_infos=", "\nanother=1\nfeature_infos=", 1),
    "no sizes": lambda: re.sub(r"tree_sizes=.*\n", "", trained(), count=1),
    "fewer trees than there are": lambda: re.sub(r"(tree_sizes=.*) \d+\n", r"\1\n", trained(), count=1),
    "infinite sums": lambda: changed(leaf_value=[1.5e308] * 5, of=2),
    "another line in a tree": lambda: changed(another=[1]),
    "two spaces": lambda: changed(left_child=["-1 ", -2, -3, -4]),
    "a number in another form": lambda: changed(threshold=["0x1p1", 1, 2, 3]),
    "an infinite leaf": lambda: changed(leaf_value=["inf", 1, 2, 3, 4]),
}


def changed(of: int = 1, **lines: list[object]) -> Text:
    """Trees of five leaves, each left of the next, with other lines."""
    random = np.random.default_rng(1)
    linked = {"left_child": [-1, -2, -3, -4], "right_child": [1, 2, 3, -5]}
    return written([tree(random, 5, "newest") | linked | lines for _ in range(of)])


@pytest.mark.parametrize("text", OTHERS.values(), ids=OTHERS)
def test_whatever_else_a_text_says_lightgbm_predicts(text: Callable[[], Text]) -> None:
    features = levels(np.random.default_rng(1), 200, low=0, high=4)
    assert predictors.predictor(changed())
    assert predictors.predictor(text()) is None
    np.testing.assert_array_equal(ours.load(text()).predict(features, 2), official(text(), features))


@pytest.mark.parametrize(
    "lines",
    [
        {"split_feature": [0, 1, 2, COUNT]},
        {"split_feature": [0, 1, 2, -1]},
        {"decision_type": [2, 2, 1, 2]},
        {"decision_type": [2, 2, 6, 2]},
        {"decision_type": [2, 2, 2, 14]},
        {"right_child": [1, 2, 3, 3]},
        {"right_child": [1, 2, 4, -5]},
        {"right_child": [1, 3, 2, -5]},
        {"right_child": [1, 2, 3, -6]},
        {"right_child": [1, 2, 3, -4]},
        {"right_child": [1, 2, 3, 0]},
        {"right_child": [1, 2, 3]},
        {"left_child": [-1, -2, -3, -4, -5]},
        {"left_child": [-1, -2, -3, "-4e0"]},
        {"left_child": [-1, -2, -3, -(10**20)]},
        {"leaf_value": ["nan", 1, 2, 3, 4]},
        {"leaf_value": ["1_0", 1, 2, 3, 4]},
        {"leaf_value": [1, 2, 3, 4]},
        {"threshold": ["nan", 1, 2, 3]},
        {"threshold": ["", 1, 2, 3]},
    ],
    ids=str,
)
def test_trees_that_lead_nowhere_are_left_to_lightgbm(lines: dict[str, list[object]]) -> None:
    """It may end the process on them, so that it is not asked here."""
    assert predictors.predictor(changed()) is not None
    assert predictors.predictor(changed(**lines)) is None


@settings(max_examples=150, deadline=None)
@given(place=st.integers(0, 10**6), other=st.sampled_from("0123456789-+. e\n=naT"))
def test_a_damaged_text_is_predicted_or_left(place: int, other: str) -> None:
    text = forest(3, [6, 1, 4])
    place %= text.index("end of trees")
    own = predictors.predictor(text[:place] + other + text[place + 1 :])
    if own:
        assert np.isfinite(own.predict(levels(np.random.default_rng(1), 10), 1)).all()


def test_lightgbm_is_asked_about_other_features() -> None:
    text, features = trained(), levels(np.random.default_rng(1), 50, low=0, high=4)
    model = ours.load(text)
    between = features + 0.5
    np.testing.assert_array_equal(model.predict(between, 1), official(text, between))
    with pytest.raises(lightgbm.basic.LightGBMError, match="number of features in data"):
        model.predict(features[:, 1:], 1)


def test_memory_holds_no_copy_of_the_features() -> None:
    own = predictors.predictor(forest(1, [3, 1]))
    assert own
    features = levels(np.random.default_rng(1), 400_000)
    own.predict(features[:10], 1)
    tracemalloc.start()
    try:
        sums = own.predict(features, 2)
        assert tracemalloc.get_traced_memory()[1] < sums.nbytes + 0.3 * features.nbytes
    finally:
        tracemalloc.stop()
