"""Scoring predictions against the fetched history: what `evaluate` and `rounds score` share."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from numerai_rounds.base import plugins
from numerai_rounds.base.columns import ALIAS, VALIDATION, horizon, horizon_in_name
from numerai_rounds.base.errors import ConfigurationError, DataError
from numerai_rounds.base.params import Params
from numerai_rounds.domain import judgement
from numerai_rounds.domain.judgement import Judgement
from numerai_rounds.domain.scoring import loop
from numerai_rounds.domain.scoring.era import CrossSection
from numerai_rounds.domain.scoring.metric import BENCHMARK, META_MODEL, Inputs
from numerai_rounds.io import console, history, paths, predictions, process
from numerai_rounds.io.history import EraRows
from numerai_rounds.io.predictions import Predictions

Floats = NDArray[np.float64]

OTHERS = {META_MODEL: "meta_model", BENCHMARK: "validation_benchmark_models"}
"""Models that predictions are compared with -> the role of the file that has theirs."""

MOST_THREADS = 8
"""Each holds an era, and reading feeds no more."""

META_MODEL_COLUMN = "numerai_meta_model"


@dataclass(frozen=True)
class Predicted:
    """Predictions of whole eras, in order."""

    columns: list[str]
    rows: Mapping[str, Floats]
    """Of each era, shape (columns, rows of the era); NaN in all columns where a row has none."""
    known: Mapping[str, NDArray[np.bool_]]
    """Of each era, shape (rows of the era): those that have predictions and the main target."""


def judge(parameters: Params, predicted: Predicted) -> dict[str, Judgement]:
    """Judge each column of predictions, by its name; DataError or ConfigurationError where that is impossible."""
    features = history.feature_names(VALIDATION)
    others, absent = _others(parameters)
    inputs = _inputs(parameters, predicted, features, absent)
    metrics = dict(zip(plugins.names(plugins.METRICS), [module.Metric for module in plugins.metrics()], strict=True))
    with console.progress("score", len(predicted.rows), "eras") as advance:
        eras = _eras(parameters, predicted, features, others, advance)
        threads = min(process.cores(parameters.threads), MOST_THREADS)
        scored = loop.score(metrics, inputs, eras, parameters.target, threads)
    terms = _terms(parameters)
    return {name: judgement.judge(one, terms) for name, one in zip(predicted.columns, scored, strict=True)}


def _inputs(parameters: Params, predicted: Predicted, features: list[str], absent: Mapping[str, str]) -> Inputs:
    places = {name: place for place, name in enumerate(features)}
    sets = {name: np.array([places[member] for member in members]) for name, members in history.feature_sets().items()}
    asked = parameters.score.neutral_sets
    return Inputs(
        [rows if known.all() else rows[:, known] for rows, known in _pairs(predicted)],
        features,
        {name: sets[name] for name in asked if name in sets},
        [name for name in asked if name not in sets],
        {name: members for name, members in sets.items() if len(members) < len(features)},
        absent,
    )


def _pairs(predicted: Predicted) -> Iterator[tuple[Floats, NDArray[np.bool_]]]:
    return zip(predicted.rows.values(), predicted.known.values(), strict=True)


def _others(parameters: Params) -> tuple[dict[str, Predictions], dict[str, str]]:
    """Predictions of other models, and why there are none of some."""
    columns = {META_MODEL: META_MODEL_COLUMN, BENCHMARK: parameters.score.benchmark}
    found, absent = {}, {}
    for name, role in OTHERS.items():
        path, column = paths.raw("history", role), columns[name]
        if column is None:
            absent[name] = f"score.{name} is null"
        elif not path.exists():
            absent[name] = f"{path.name} is not here: {parameters.data.way_to(role)}"
        else:
            found[name] = _read(path, column)
    return found, absent


def _read(path: Path, column: str) -> Predictions:
    try:
        return predictions.read(path, [column], gaps=True)
    except ConfigurationError as error:
        if column == META_MODEL_COLUMN:
            raise DataError(
                f"{path} has no column {column!r} of numbers, so it is not the meta model. Mend the file where it is "
                "from, or leave it out there, then run `rounds open`."
            ) from None
        raise ConfigurationError(f"score.benchmark: {error}") from None


def _eras(
    parameters: Params,
    predicted: Predicted,
    features: list[str],
    others: Mapping[str, Predictions],
    advance: Callable[[float], None],
) -> Iterator[loop.Targets]:
    """Each era on every target."""
    start, more = 0, _more_targets(parameters)
    eras = list(predicted.rows)
    for rows in history.read(VALIDATION, eras, features, parameters.target, parameters.missing_features, more):
        compared = {name: _covering(table, rows) for name, table in others.items()}
        section = CrossSection(rows.era, rows.ids, predicted.rows[rows.era], rows.features, compared, start)
        yield loop.known_on(section, {parameters.target: rows.target.astype(np.float64), **_doubles(rows.more_targets)})
        start += int(predicted.known[rows.era].sum())
        advance(1)


def _doubles(targets: Mapping[str, NDArray[np.float32]]) -> dict[str, Floats]:
    return {name: values.astype(np.float64) for name, values in targets.items()}


def _covering(table: Predictions, rows: EraRows) -> Floats:
    """Another model's predictions of an era; DataError where it has them for a part of the rows only."""
    values: Floats = table.of(rows.ids)[0]
    share = np.isfinite(values).mean()
    if 0 < share < loop.COVERED:
        raise DataError(
            f"{table.where} has predictions for {share:.0%} of the {len(values):,} rows of era {rows.era}. At least "
            f"{loop.COVERED:.0%} are needed, or none: it is not of this history. Run `rounds open` to pin both anew."
        )
    return values


def _more_targets(parameters: Params) -> list[str]:
    """Targets beside the main one: those asked for, and the one that the round pays for where the data has it.

    ConfigurationError for the alias, which would repeat another target under a name that tells nothing.
    """
    if ALIAS in parameters.score.targets and parameters.target != ALIAS:
        history.era_table(ALIAS)
    policy = parameters.round.payout
    paid = [policy.target] if policy and policy.target in history.target_names(VALIDATION) else []
    return [name for name in dict.fromkeys([*parameters.score.targets, *paid]) if name != parameters.target]


def _terms(parameters: Params) -> judgement.Terms:
    days = parameters.split.horizon_days

    def horizon_of(target: str) -> int:
        return horizon_in_name(target) or horizon(target, days)

    return judgement.Terms(parameters.score, parameters.target, parameters.round.payout, horizon_of, parameters.seed)
