"""The one loop over eras and metrics. The scores themselves are in metrics/, one a file."""

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from numerai_rounds.base.columns import ERA, TARGET_PREFIX
from numerai_rounds.base.errors import DataError, some
from numerai_rounds.domain.scoring.era import CrossSection, Era, Floats
from numerai_rounds.domain.scoring.metric import Inputs, Metric

T = TypeVar("T")
R = TypeVar("R")

COVERED = 0.8
"""Share of an era's rows that a target must be known for, or another model must have predictions for, as in
numerai-tools."""

CONSTANT_TARGET, CONSTANT_PREDICTIONS = "constant target", "constant predictions"
REMEDIES = {
    CONSTANT_PREDICTIONS: " Where predictions are constant the model has learnt nothing: give it more trees, more "
    "features or less regularisation.",
    CONSTANT_TARGET: " A target that is constant tells nothing: choose another one.",
}
"""Why an era has no scores -> what to do if none has any."""

Targets = Mapping[str, Era]
"""One era on each target that it is scored on, the main one first."""


@dataclass(frozen=True)
class Scored:
    """All that was found about one column of predictions."""

    per_era: pd.DataFrame
    """`era`, `rows`, then the columns of the metrics."""
    scores: dict[str, str]
    """Columns that are scores, and the target that each is on."""
    headlines: dict[str, float]
    by_feature: pd.DataFrame
    by_group: pd.DataFrame
    left_out: dict[str, str]
    """Metrics of which nothing came, and why."""
    unscored: dict[str, str]
    """Eras without a score on the main target, and why."""


def known_on(section: CrossSection, targets: Mapping[str, Floats]) -> dict[str, Era]:
    """An era on each target that any of its predicted rows has: shape (rows,) each, NaN where not known.

    `section` may lack predictions, NaN in all columns at once. Targets known for the same rows share what is computed.
    Features are looked at on the first target alone: the rows of others have none, but for those of `whole`.
    """
    # Compiled loops are slow, and sums differ in their last bits, where a column's values do not lie side by side.
    section = replace(section, predictions=np.ascontiguousarray(section.predictions))
    present = np.asarray(np.isfinite(section.predictions).all(axis=0))
    whole = replace(section.where(present), whole=None, within=None)
    sections: dict[bytes, CrossSection] = {}
    found, main = {}, next(iter(targets), None)
    for name, target in targets.items():
        known = np.isfinite(target)
        rows = known[present]
        if rows.any():
            key = rows.tobytes()
            if key not in sections:
                sections[key] = whole.where(rows, featureless=name != main)
            thin = rows.sum() < COVERED * len(rows)
            found[name] = Era(sections[key], target[present][rows], float(target[known].mean()), bool(thin))
    return found


def column_name(metric: str, target: str, main: str) -> str:
    """The name of a metric's column on a target: `corr` on the main one, `corr_ender_20` on another."""
    return metric if target == main else f"{metric}_{target.removeprefix(f'{TARGET_PREFIX}_')}"


def score(
    metrics: Mapping[str, type[Metric]], inputs: Inputs, eras: Iterable[Targets], main: str, threads: int
) -> list[Scored]:
    """Score each column of predictions; `main` is the target whose columns have plain names.

    Metrics that need what is absent are left out. An era without a correlation (constant predictions, a single row)
    has NaN there and is left out of means; the headline `eras_unscored` counts such eras, so that a model which often
    predicts a constant cannot hide it. Headlines that do not exist (the Sharpe ratio of a single era) are left out.
    DataError where no era at all can be scored. Memory holds
    `threads` eras and two more, and some numbers for each era.
    """
    used = {name: kind(inputs) for name, kind in metrics.items() if not set(kind.needs) & set(inputs.absent)}
    left_out = {
        name: "; ".join(inputs.absent[need] for need in kind.needs if need in inputs.absent)
        for name, kind in metrics.items()
        if name not in used
    }
    found: list[_EraScores] = []
    with threadpool_limits(1, user_api="blas"):
        for scores in _mapped(partial(_score_era, list(used.values()), main), eras, threads):
            for metric, part in zip(used.values(), scores.parts, strict=True):
                metric.gather(part)
            found.append(replace(scores, parts=[]))  # parts are as large as the features are many
    left_out |= {name: reason for name, metric in used.items() if (reason := metric.left_out())}
    return [_scored(inputs, used, found, column, left_out, main) for column in range(inputs.columns)]


@dataclass(frozen=True)
class _EraScores:
    label: str
    rows: int
    columns: dict[str, Floats]
    scores: dict[str, str]
    """Those of the columns that are scores, and their targets."""
    parts: list[Any]
    unscored: list[str]
    """For each column of predictions, why there is no score on the main target; empty where there is one."""


def _score_era(metrics: Sequence[Metric], main: str, targets: Targets) -> _EraScores:
    columns: dict[str, Floats] = {}
    scores: dict[str, str] = {}
    first = targets[main]
    for metric in metrics:
        for target, era in targets.items() if metric.on_target else [(main, first)]:
            scored = metric.era(era)
            if era.thin and metric.on_target:
                scored = {name: np.full_like(values, np.nan) for name, values in scored.items()}
            named = {column_name(name, target, main): values for name, values in scored.items()}
            columns |= named
            scores |= dict.fromkeys(named, target) if metric.is_score else {}
    unscored = [_reason(first, scorable) for scorable in first.scorable]
    parts = [metric.part(first) for metric in metrics]
    return _EraScores(first.section.label, len(first.section), columns, scores, parts, unscored)


def _reason(era: Era, scorable: np.bool_) -> str:
    if scorable:
        return ""
    if era.thin:
        return f"target known for less than {COVERED:.0%} of the rows"
    if len(era.target) == 1:
        return "one row"
    return CONSTANT_TARGET if np.ptp(era.target) == 0 else CONSTANT_PREDICTIONS


def _scored(
    inputs: Inputs,
    metrics: Mapping[str, Metric],
    eras: Sequence[_EraScores],
    column: int,
    left_out: dict[str, str],
    main: str,
) -> Scored:
    unscored = {era.label: era.unscored[column] for era in eras if era.unscored[column]}
    if len(unscored) == len(eras):
        reasons = dict.fromkeys(unscored.values())
        remedy = "".join(text for reason, text in REMEDIES.items() if reason in reasons)
        raise DataError(f"None of the {len(eras)} eras can be scored ({some(reasons)}).{remedy}")
    per_era = pd.DataFrame({ERA: [era.label for era in eras], "rows": [era.rows for era in eras]})
    on: dict[str, str] = {}
    for era in eras:
        on |= era.scores
    for name in dict.fromkeys(name for era in eras for name in era.columns):
        per_era[name] = [era.columns[name][column] if name in era.columns else math.nan for era in eras]
    headlines: dict[str, float] = {"eras": len(eras), "eras_unscored": len(unscored)}
    headlines["rows"] = int(per_era["rows"].sum())
    by_feature: dict[str, Floats] = {}
    by_group: dict[str, Floats] = {}
    for metric in metrics.values():
        headlines |= metric.headlines(per_era, column)
        by_feature |= metric.by_feature(column)
        by_group |= metric.by_group(column)
    nowhere = [str(name) for name in per_era if not per_era[name].notna().any()]
    per_era = per_era.drop(columns=nowhere)
    left_out = left_out | dict.fromkeys(nowhere, "no era has it")
    return Scored(
        per_era,
        {name: target for name, target in on.items() if name in per_era},
        {name: value for name, value in headlines.items() if math.isfinite(value)},
        pd.DataFrame({"feature": list(inputs.features), **by_feature}),
        pd.DataFrame({"group": list(inputs.groups), "features": [len(g) for g in inputs.groups.values()], **by_group}),
        left_out,
        unscored,
    )


def _mapped(function: Callable[[T], R], items: Iterable[T], threads: int) -> Iterator[R]:
    """The function of each item, in order, made by so many threads."""
    with ThreadPoolExecutor(threads, thread_name_prefix="score") as pool:
        pending: deque[Future[R]] = deque()
        for item in items:
            pending.append(pool.submit(function, item))
            if len(pending) > threads:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
