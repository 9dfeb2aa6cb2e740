"""evaluate: predict the resolved validation eras and score them."""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from numerai_rounds.base import plugins
from numerai_rounds.base.columns import ERA, ID, PREDICTION, VALIDATION
from numerai_rounds.base.params import Params
from numerai_rounds.domain import scoring
from numerai_rounds.io import console, history, params, paths, process, reports, tables

CUMULATED = ["corr", "spearman"]


def main() -> None:
    """Write the predictions, the scores of every era, and the headline figures."""
    parameters = params.load()
    eras = tables.read_side(VALIDATION)
    predictions, target = _predict(parameters, list(eras[ERA]))
    known = np.isfinite(target)
    metrics = [module.Metric(predictions[PREDICTION].to_numpy()[known]) for module in plugins.metrics()]
    features = history.feature_names(VALIDATION) if any(metric.needs_features for metric in metrics) else []
    with console.progress("score", len(eras), "eras") as advance:
        scored = _eras(parameters, list(eras[ERA]), features, predictions[PREDICTION].to_numpy(), advance)
        per_era, scores = scoring.score(metrics, scored)
    tables.write_parquet(predictions, paths.PREDICTIONS)
    tables.write_csv(per_era, paths.PER_ERA, tables.DECIMALS)
    tables.write_csv(per_era[[ERA]].join(per_era[CUMULATED].fillna(0).cumsum()), paths.CUMULATIVE, tables.DECIMALS)
    tables.write_metrics(scores | {"rows": int(known.sum())}, paths.SCORES)
    reports.show_scores(tables.read_metrics(paths.SCORES), parameters)


def _predict(parameters: Params, eras: list[str]) -> tuple[pd.DataFrame, np.ndarray]:
    """Predictions (index `id`, columns `era`, `prediction`) of every row, and targets, NaN where unknown."""
    model = plugins.load("model", parameters.model.kind).load(paths.MODEL.read_text(encoding="utf-8"))
    pieces, targets = [], []
    with console.progress("predict", len(eras), "eras") as advance:
        for rows in history.read(VALIDATION, eras, model.features, parameters.target, parameters.missing_features):
            prediction = model.predict(rows.features, parameters.threads)
            pieces.append(pd.DataFrame({ERA: rows.era, PREDICTION: prediction}, index=pd.Index(rows.ids, name=ID)))
            targets.append(rows.target)
            advance(1)
    return pd.concat(pieces), np.concatenate(targets)


def _eras(
    parameters: Params, eras: list[str], features: list[str], predictions: np.ndarray, advance: Callable[[float], None]
) -> Iterator[scoring.Era]:
    """Each era's rows whose target is known; `predictions` has all rows of all eras, in order."""
    start = 0
    for rows in history.read(VALIDATION, eras, features, parameters.target, parameters.missing_features):
        prediction = predictions[start : start + len(rows.ids)][np.isfinite(rows.target)]
        start += len(rows.ids)
        resolved = rows.resolved()
        yield scoring.Era(rows.era, prediction, resolved.target.astype(np.float64), resolved.features)
        advance(1)


if __name__ == "__main__":
    process.run(main)
