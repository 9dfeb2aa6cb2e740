"""Scoring predictions against the fetched history: what `evaluate` and `rounds score` share."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from numerai_rounds.base.columns import VALIDATION
from numerai_rounds.base.eras import horizon_in_name, overlap_eras
from numerai_rounds.base.errors import ConfigurationError, DataError, one_of
from numerai_rounds.base.params import Params
from numerai_rounds.base.roles import file_name
from numerai_rounds.conf import plugins
from numerai_rounds.domain.judgement import summary
from numerai_rounds.domain.scoring import loop
from numerai_rounds.domain.scoring.era import CrossSection
from numerai_rounds.domain.scoring.metric import BENCHMARK, META_MODEL, Inputs
from numerai_rounds.io.history.reader import EraRows, History
from numerai_rounds.io.scores import predictions
from numerai_rounds.io.scores.predictions import Predictions
from numerai_rounds.io.scores.score_files import Scores
from numerai_rounds.steps.reporter import Reporter
from numerai_rounds.steps.scored_targets import Targets

Floats = NDArray[np.float64]

OTHERS = {META_MODEL: "meta_model", BENCHMARK: "validation_benchmark_models"}
"""Models that predictions are compared with -> the role of the file that has theirs."""

CONTRIBUTION = {META_MODEL: "mmc", BENCHMARK: "bmc"}
"""The score that is lost first where another model has no predictions."""

MOST_THREADS = 8
"""Each holds an era, and reading feeds no more."""

META_MODEL_COLUMN = "numerai_meta_model"

USUAL_SET = "fncv3_features"
"""What conf/ names; a folder of older or of one's own files may not have it."""


@dataclass(frozen=True)
class Predicted:
    """Predictions of whole eras, in order."""

    columns: list[str]
    targets: Targets
    rows: Mapping[str, Floats]
    """Of each era, shape (columns, rows of the era); NaN in all columns where a row has none."""
    known: Mapping[str, NDArray[np.bool_]]
    """Of each era, shape (rows of the era): those that have predictions and the main target."""


def judge(
    parameters: Params, history: History, predicted: Predicted, reporter: Reporter, threads: int
) -> dict[str, Scores]:
    """Judge each column of predictions, by its name; DataError or ConfigurationError where that is impossible.

    `threads`: of the machine, at most so many as have enough to do are used; scores do not depend on them.
    """
    others, absent = _others(parameters, history)
    inputs = _inputs(parameters, history, predicted, absent)
    thin: dict[str, str] = {}
    with reporter.progress("score", len(predicted.rows), "eras") as advance:
        eras = _eras(history, predicted, others, thin, advance)
        scored = loop.score(plugins.metrics(), inputs, eras, predicted.targets.main, min(threads, MOST_THREADS))
    terms = _terms(parameters, predicted.targets.main)
    judged = [summary.judge(replace(one, left_out=one.left_out | thin), terms) for one in scored]
    return {name: Scores(one.headlines, one.tables) for name, one in zip(predicted.columns, judged, strict=True)}


def _inputs(parameters: Params, history: History, predicted: Predicted, absent: Mapping[str, str]) -> Inputs:
    features = history.features(VALIDATION)
    places = {name: place for place, name in enumerate(features)}
    # A set may be empty: there is nothing to neutralise to, and no exposure to it.
    named = {name: members for name, members in history.feature_sets().items() if members}
    sets = {name: np.array([places[member] for member in members]) for name, members in named.items()}
    asked = parameters.score.neutral_sets
    for name in asked:
        check_set(name, list(named))
    return Inputs(
        list(predicted.rows.values()),
        features=features,
        neutral_sets={name: sets[name] for name in asked if name in sets},
        unknown_sets=[name for name in asked if name not in sets],
        groups={name: members for name, members in sets.items() if len(members) < len(features)},
        absent=absent,
        known=list(predicted.known.values()),
    )


def check_set(name: str, known: Sequence[str]) -> None:
    """Refuse a feature set that the data does not have; of the usual one it is only said that FNC is left out."""
    if name not in known and name != USUAL_SET:
        raise ConfigurationError(
            f"score.neutral_sets has {name!r}, which is no feature set of features.json with any features: "
            f"{one_of(name, known)}"
        )


def _others(parameters: Params, history: History) -> tuple[dict[str, Predictions], dict[str, str]]:
    """Predictions of other models, and why there are none of some."""
    columns = {META_MODEL: META_MODEL_COLUMN, BENCHMARK: parameters.score.benchmark}
    found, absent = {}, {}
    for name, role in OTHERS.items():
        path, column = history.folder / file_name(role), columns[name]
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
    history: History,
    predicted: Predicted,
    others: Mapping[str, Predictions],
    thin: dict[str, str],
    advance: Callable[[float], None],
) -> Iterator[loop.Targets]:
    """Each era on every target; what another model has too few rows of is put into `thin`, with the reason."""
    start, targets, begun = 0, [predicted.targets.main, *predicted.targets.more], set[str]()
    for rows in history.read(VALIDATION, list(predicted.rows), history.features(VALIDATION), targets):
        compared = {name: _covering(name, table, rows, begun, thin) for name, table in others.items()}
        section = CrossSection(rows.era, rows.ids, predicted.rows[rows.era], rows.features, compared, start)
        yield loop.known_on(section, {name: values.astype(np.float64) for name, values in rows.targets.items()})
        start += int(predicted.known[rows.era].sum())
        advance(1)


def _covering(name: str, table: Predictions, rows: EraRows, begun: set[str], thin: dict[str, str]) -> Floats:
    """Another model's predictions of an era; none where it has too few of the rows, which is told in `thin`.

    An era without any is told once it has `begun`: nobody expects predictions from before there was such a model.
    """
    values: Floats = table.of(rows.ids)[0]
    there = int(np.isfinite(values).sum())
    if there:
        begun.add(name)
    if name in begun and there < loop.COVERED * len(values):
        what = f"{CONTRIBUTION[name]} in era {rows.era}: {there:,} of {len(values):,} rows"
        thin[what] = f"{table.where} must have predictions for {loop.COVERED:.0%} of an era"
        values = np.full(len(values), np.nan)
    return values


def _terms(parameters: Params, main: str) -> summary.Terms:
    days, cadence = parameters.split.horizon_days, parameters.round.cadence

    def overlap_of(target: str) -> int:
        return overlap_eras(target, None if horizon_in_name(target) else days, cadence)

    return summary.Terms(parameters.score, main, parameters.round.payout, overlap_of, cadence)
