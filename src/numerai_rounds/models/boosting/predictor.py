"""Predicting without LightGBM, with the same bits and many times as fast, where its text is of the common form."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import lightgbm
import numba
import numpy as np
from numpy.typing import NDArray

from numerai_rounds.models.boosting import kernels, tables
from numerai_rounds.models.boosting import trees as texts

SUMS = {"regression", "regression_l1", "huber", "fair", "quantile", "mape"}
"""Objectives whose predictions are sums of leaves."""

FUNCTIONS = {"regression sqrt", "cross_entropy", "cross_entropy_lambda", "poisson", "tweedie"}
"""Objectives whose predictions are functions of such sums."""

MOST_IN_PLANES = 1024
"""Leaves of the largest tree: from there on, walking down is faster."""

ROWS_IN_PLANES, ROWS_IN_NODES = 2048, 512
"""Of a block, at most: with fewer, what is done once a block takes longer; more are far from a processor's reach."""

FEWEST_ROWS = 256
"""Of a block, if there are as many, even where threads are left without one."""

MOST = 2**30
"""Leaves of all trees together that `Nodes` can number."""

Add = Callable[[kernels.Levels, int, kernels.Floats], None]

LEAF = """Tree=0
num_leaves=1
num_cat=0
split_feature=
split_gain=
threshold=
decision_type=
left_child=
right_child=
leaf_value=0
leaf_weight=1
leaf_count=1
internal_value=
internal_weight=
internal_count=
is_linear=1
leaf_const=0
num_features=1
leaf_features=0
leaf_coeff=1
shrinkage=1


"""
"""A tree of LightGBM whose prediction is the feature itself: a line of slope 1 in its only leaf."""

MODEL = f"""tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=0
objective={{}}
feature_names=sum
feature_infos=none
tree_sizes={len(LEAF)}

{LEAF}end of trees

end of parameters
"""
"""What LightGBM makes of a sum under an objective, said by itself."""


def predictor(text: str) -> "Predictor | None":
    """A predictor of the model with this text; None where LightGBM itself must predict."""
    try:
        trees = texts.read(text)
    except texts.OtherFormError:
        return None
    covered = trees.objective in SUMS | FUNCTIONS and len(trees.values) <= MOST
    return Predictor(trees) if covered else None


class Predictor:
    """A model of LightGBM, without it."""

    def __init__(self, trees: texts.Trees) -> None:
        """Make the tables."""
        self._features = trees.features
        self._used, column = np.unique(trees.feature, return_inverse=True)
        if trees.leaves.max(initial=0) <= MOST_IN_PLANES:
            self._add: Add = partial(kernels.add_planes, tables.planes(trees, column))
            self._rows = ROWS_IN_PLANES
        else:
            self._add = partial(kernels.add_nodes, tables.nodes(trees, column))
            self._rows = ROWS_IN_NODES
        changed = trees.objective in FUNCTIONS
        self._function = lightgbm.Booster(model_str=MODEL.format(trees.objective)) if changed else None

    def takes(self, features: NDArray[Any]) -> bool:
        """Whether these are features that it can predict from; LightGBM says what is wrong with others."""
        return features.dtype == np.int8 and features.ndim == 2 and features.shape[1] == self._features

    def predict(self, features: NDArray[np.int8], threads: int) -> NDArray[np.float64]:
        """The bits of LightGBM's own predictions; beside them memory for a block a thread (0: every core)."""
        sums = np.zeros(len(features))
        threads = threads or numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined] # made when it is loaded
        blocks = _blocks(len(features), self._rows, threads)

        def fill(block: slice) -> None:
            sums[block] = self._sums(features[block])

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(fill, blocks))
        if self._function is None or not sums.size:
            return sums
        return np.asarray(self._function.predict(sums[:, None], num_threads=threads))

    def _sums(self, features: NDArray[np.int8]) -> NDArray[np.float64]:
        """Of some rows."""
        rows = len(features)
        lanes = -(-rows // kernels.LANES) * kernels.LANES
        columns, sums = np.zeros((len(self._used), lanes), np.int8), np.zeros(lanes)
        columns[:, :rows] = features.T[self._used]
        self._add(columns.reshape(-1), lanes, sums)
        return sums[:rows]


def _blocks(rows: int, most: int, threads: int) -> list[slice]:
    """Stretches of about the same length, as many for each thread."""
    each = max(-(-rows // (most * threads)), 1)
    length = max(-(-rows // (each * threads)), FEWEST_ROWS)
    length = -(-length // kernels.LANES) * kernels.LANES
    return [slice(start, start + length) for start in range(0, rows, length)]
