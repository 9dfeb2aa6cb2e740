"""evaluate: predict the resolved validation eras and score them."""

from collections.abc import Callable, Iterator

import numpy as np

from numerai_rounds.base import plugins
from numerai_rounds.base.columns import ERA, VALIDATION
from numerai_rounds.base.params import Params
from numerai_rounds.domain import scoring
from numerai_rounds.io import console, history, params, paths, process, reports, tables

CUMULATED = ["corr", "spearman"]


def main() -> None:
    """Write the predictions, the scores of every era, and the headline figures; memory holds a number a row."""
    parameters = params.load()
    eras = list(tables.read_side(VALIDATION)[ERA])
    predictions = _predict(parameters, eras)
    metrics = [module.Metric(predictions) for module in plugins.metrics()]
    features = history.feature_names(VALIDATION) if any(metric.needs_features for metric in metrics) else []
    with console.progress("score", len(eras), "eras") as advance:
        per_era, scores = scoring.score(metrics, _eras(parameters, eras, features, predictions, advance))
    tables.write_csv(per_era, paths.PER_ERA, tables.DECIMALS)
    tables.write_csv(per_era[[ERA]].join(per_era[CUMULATED].fillna(0).cumsum()), paths.CUMULATIVE, tables.DECIMALS)
    tables.write_metrics(scores | {"rows": len(predictions)}, paths.SCORES)
    reports.show_scores(tables.read_metrics(paths.SCORES), parameters)


def _predict(parameters: Params, eras: list[str]) -> scoring.Floats:
    """Write the prediction of every row; those of the rows whose target is known, in order."""
    model = plugins.load("model", parameters.model.kind).load(paths.MODEL.read_text(encoding="utf-8"))
    known = []
    with (
        tables.writing_predictions(paths.PREDICTIONS) as append,
        console.progress("predict", len(eras), "eras") as advance,
    ):
        for rows in history.read(VALIDATION, eras, model.features, parameters.target, parameters.missing_features):
            prediction = model.predict(rows.features, parameters.threads)
            append(rows.era, rows.ids, prediction)
            known.append(prediction[np.isfinite(rows.target)])
            advance(1)
    return np.concatenate(known)


def _eras(
    parameters: Params,
    eras: list[str],
    features: list[str],
    predictions: scoring.Floats,
    advance: Callable[[float], None],
) -> Iterator[scoring.Era]:
    """Each era's rows whose target is known; `predictions` are theirs, of all eras, in order."""
    start = 0
    for rows in history.read(VALIDATION, eras, features, parameters.target, parameters.missing_features):
        resolved = rows.resolved()
        stop = start + len(resolved.target)
        yield scoring.Era(rows.era, predictions[start:stop], resolved.target.astype(np.float64), resolved.features)
        start = stop
        advance(1)


if __name__ == "__main__":
    process.run(main)
