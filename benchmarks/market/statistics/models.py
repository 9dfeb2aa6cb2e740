"""What kinds of models, trained on this market, are worth."""

import numpy as np
from scipy.stats import rankdata

from benchmarks.market.data import MAIN, Floats
from benchmarks.market.row import Figures, Row, Statistic
from benchmarks.market.study import Study, average, sharpe
from benchmarks.market.training import SELECTED

FIRST = 12
"""Validation eras whose targets share news with the last train eras."""

PENALTIES = tuple(10.0**power for power in np.arange(3, 7.01, 0.5))
STUMP_TREES = (300, 600, 1_000, 1_500, 2_500)
TREES = (75, 150, 300, 450, 600, 900)
DEEP_ROWS = (1_000, 4_000)
"""Least rows of a leaf of the deep model: about 0.4 and 1.5 % of the train rows. Published deep models of the real data
have 0.4 %."""

ENSEMBLE = ("ender", "xerxes", "teager2b", "victor")
SETS = ("small", "medium", "all")


def leak(study: Study) -> Figures:
    """Default LightGBM trained on every train era less the same trained with the purge of its target.

    The purge is 16 eras, for the 20-day target 8. The difference of mean CORR over the first 12 validation eras, on
    the target that is trained on. Features are selected on the eras that the model is trained on.
    """
    numbers = study.sample.validation.numbers
    first = numbers < numbers[0] + FIRST
    found = {}
    for key, target in (("leak", MAIN), ("leak_20", "target_ender_20")):
        both = np.concatenate([study.training.boosted(SELECTED, target, purge) for purge in (0, None)])
        without, purged = average(study.scores(both, target=target)[:, first])
        found[key] = float(without - purged)
    return found


def linear(study: Study) -> Figures:
    """Best ridge over default LightGBM: CORR on all validation eras.

    The best of the penalties 1e3, 3e3, ... 1e7 on the selected features and on all of them; it is chosen on the
    validation eras, which flatters it.
    """
    found = {which: study.mean_corr(study.training.linear(which, PENALTIES)) for which in (SELECTED, "all")}
    best = max(found.values(), key=np.max)
    return {
        "ridge": float(best.max()) / _default(study),
        "ridge_selected": float(found[SELECTED].max()),
        "ridge_all": float(found["all"].max()),
        "ridge_penalty": PENALTIES[int(best.argmax())],
    }


def stumps(study: Study) -> Figures:
    """Trees of one split over the default LightGBM of depth 5 and 300 trees: CORR on all validation eras.

    The best of 300 to 2,500 trees, chosen on the validation eras; everything else is as in the default.
    """
    values = study.mean_corr(study.training.boosted(stages=STUMP_TREES, num_leaves=2))
    best = int(values.argmax())
    return {"stumps": float(values[best]) / _default(study), "stump_trees": float(STUMP_TREES[best])}


def depth(study: Study) -> Figures:
    """Trees of depth 8 (64 leaves) over trees of depth 5 (15 leaves), each with enough trees: CORR.

    Both at the default rate and on the selected features. The best of 75 to 900 trees counts for each. A leaf has the
    default's 500 rows at least; for the deep ones, the better of 1,000 and 4,000 counts. All are chosen on the
    validation eras.
    """
    shallow = study.mean_corr(study.training.boosted(stages=TREES))
    deep = np.array(
        [
            study.mean_corr(study.training.boosted(stages=TREES, max_depth=8, num_leaves=64, min_data_in_leaf=rows))
            for rows in DEEP_ROWS
        ]
    )
    rows, trees = np.unravel_index(deep.argmax(), deep.shape)
    return {
        "depth": float(deep.max() / shallow.max()),
        "depth_trees": float(TREES[trees]),
        "depth_rows": float(DEEP_ROWS[rows]),
        "shallow_trees": float(TREES[int(shallow.argmax())]),
        "more_trees": float(shallow.max()) / _default(study),
    }


def default(study: Study) -> Figures:
    """CORR and Sharpe ratio of the default LightGBM on all validation eras, as `dvc repro` has them for this sample."""
    (scores,) = study.scores(study.default)
    return {
        "default_corr": float(average(scores)),
        "default_sharpe": sharpe(scores),
        "default_eras": float(np.isfinite(scores).sum()),
    }


def sets(study: Study) -> Figures:
    """CORR of LightGBM with the default parameters on the features of a set instead of selected ones."""
    return {f"set_{name}": float(study.mean_corr(study.training.boosted(name))[0]) for name in SETS}


def other_targets(study: Study) -> Figures:
    """Default LightGBM trained on another 60-day target over the one that is trained on ender; both scored on ender.

    Features are selected on the target that is trained on. The ensemble is the mean of the ranks within an era of the
    models trained on ender, xerxes, teager2b and victor.
    """
    targets = study.sample.train.targets
    names = [name for name in ENSEMBLE if f"target_{name}_60" in targets]
    predictions = np.concatenate([study.training.boosted(target=f"target_{name}_60") for name in names])
    values = study.mean_corr(np.concatenate([predictions, ensemble(study, predictions)]))
    found = {f"trained_{name}": float(value / values[0]) for name, value in zip(names, values[:-1], strict=True)}
    return found | {"ensemble": float(values[-1] / values[0])}


def ensemble(study: Study, predictions: Floats) -> Floats:
    """Mean of the ranks of several columns within each era: shape (1, rows)."""
    parts = [rankdata(predictions[:, rows], axis=1).mean(axis=0) for rows in study.sample.validation.slices()]
    return np.concatenate(parts)[None]


def _default(study: Study) -> float:
    return float(study.mean_corr(study.default)[0])


STATISTICS = {
    "leak": Statistic(
        leak,
        (
            Row("leak", "no purge less purge 16: CORR of the first 12 eras", "must matter", low=0.005),
            Row("leak_20", "the same with ender_20 and purge 8", "must matter"),
        ),
    ),
    "linear": Statistic(
        linear,
        (
            Row("ridge", "best ridge / default LightGBM", "far below 1", high=0.75),
            Row("ridge_selected", "CORR of the best ridge on the selected features"),
            Row("ridge_all", "on all features"),
            Row("ridge_penalty", "best penalty"),
        ),
    ),
    "stumps": Statistic(
        stumps,
        (Row("stumps", "best stumps / depth 5", "below 1", high=0.9), Row("stump_trees", "trees of the best stumps")),
    ),
    "depth": Statistic(
        depth,
        (
            Row("depth", "depth 8 / depth 5, enough trees", "above 1", low=1.0, sizes=("mid",)),
            Row("depth_trees", "best number of trees of depth 8"),
            Row("depth_rows", "least rows of their leaves"),
            Row("shallow_trees", "best number of trees of depth 5"),
            Row("more_trees", "depth 5: enough trees / 300 trees", "above 1"),
        ),
    ),
    "default": Statistic(
        default,
        (
            Row("default_corr", "CORR of the default LightGBM", ".0124 to .025", 0.010, 0.022),
            Row("default_sharpe", "Sharpe ratio of it", ".85 to 1.5", high=1.5),
            Row("default_eras", "validation eras"),
        ),
    ),
    "model_sets": Statistic(
        sets,
        (
            Row("set_small", "CORR of LightGBM on small", ".0124 to .0141"),
            Row("set_medium", "on medium", ".022 to .025"),
            Row("set_all", "on all features", ".018 to .025"),
        ),
    ),
    "other_targets": Statistic(
        other_targets,
        (
            Row("trained_xerxes", "trained on xerxes / on ender, scored on ender", "1.06", 0.85, 1.1),
            Row("trained_teager2b", "trained on teager2b", "1.02"),
            Row("trained_victor", "trained on victor"),
            Row("ensemble", "ensemble of four names / ender alone", "1.03", low=1.0),
        ),
    ),
}
