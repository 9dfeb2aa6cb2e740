"""Targets beside each other, and how large everything is."""

from itertools import combinations

import numpy as np
import pandas as pd

from benchmarks.market.row import Figures, Row, Statistic
from benchmarks.market.study import Study
from numerai_rounds.base.eras import horizon_in_name

OF = "target_ender"
"""The name that is held beside the others."""


def targets(study: Study) -> Figures:
    """Correlation of two targets over the train rows that have both.

    *Same name*: 20 with 60 days; mean, least and greatest over names. *Ender_20 with others*: both of 20 days; mean,
    least and greatest over the other names. *Across*: other name and other horizon; the mean over pairs.
    """
    columns = {name: values for name, values in study.sample.train.targets.items() if horizon_in_name(name)}
    return related(pd.DataFrame(columns).corr())


def related(table: pd.DataFrame) -> Figures:
    """The same for a table of correlations by names of targets."""
    values = table.to_numpy()
    same, twenty, across = {}, [], []
    for places in combinations(range(len(table)), 2):
        (name, horizon), (other, others) = (str(target).rsplit("_", 1) for target in table.columns[list(places)])
        value = float(values[places])
        if name == other:
            same[name] = value
        elif horizon != others:
            across.append(value)
        elif horizon == "20" and OF in {name, other}:
            twenty.append(value)
    found = {"ender_20_60": same.get(OF, float("nan")), "across": float(np.mean(across)) if across else float("nan")}
    for key, those in (("same", list(same.values())), ("ender20", twenty)):
        if those:
            found |= {f"{key}_mean": float(np.mean(those)), f"{key}_low": min(those), f"{key}_high": max(those)}
    return found


def rows(study: Study) -> Figures:
    """Rows of the first train era, of the one at a quarter of train, of the last, and of the last validation era."""
    train = study.sample.train.rows
    return {
        "rows_first": float(train[0]),
        "rows_quarter": float(train[len(train) // 4]),
        "rows_train": float(train[-1]),
        "rows_last": float(study.sample.validation.rows[-1]),
    }


def sets(study: Study) -> Figures:
    """Features of the sets `small` and `medium`, and how many of them other sets have as well."""
    small, medium, rain, quantum = (
        set(study.sample.sets.get(name, [])) for name in ("small", "medium", "rain", "quantum")
    )
    parts = {"small_in_medium": small & medium, "small_in_rain": small & rain, "medium_in_rain": medium & rain}
    parts |= {"small": small, "medium": medium, "medium_in_quantum": medium & quantum}
    return {key: float(len(part)) for key, part in parts.items()}


STATISTICS = {
    "targets": Statistic(
        targets,
        (
            Row("same_mean", "same name, 20 with 60 days: mean", ".446 to .466", 0.40, 0.50),
            Row("same_low", "least"),
            Row("same_high", "greatest"),
            Row("ender_20_60", "of ender"),
            Row("ender20_mean", "ender_20 with other 20-day targets: mean", ".66 to .80", 0.65, 0.80),
            Row("ender20_low", "least", ".66"),
            Row("ender20_high", "greatest", ".80"),
            Row("across", "across names and horizons", ".36 to .43"),
        ),
    ),
    "rows": Statistic(
        rows,
        (
            Row("rows_first", "rows of the first era", "2,314"),
            Row("rows_quarter", "at a quarter of train", "5,000"),
            Row("rows_train", "at the end of train", "5,600"),
            Row("rows_last", "of the last validation era", "7,100"),
        ),
    ),
    "sets": Statistic(
        sets,
        (
            Row("small", "features of small", "42"),
            Row("small_in_medium", "of them in medium", "11"),
            Row("small_in_rain", "of them in rain", "20"),
            Row("medium", "features of medium", "780"),
            Row("medium_in_rain", "of them in rain", "0"),
            Row("medium_in_quantum", "of them in quantum", "0"),
        ),
    ),
}
