"""evaluate: predict the resolved validation eras and score them."""

import numpy as np

from numerai_rounds.base import plugins
from numerai_rounds.base.columns import ERA, PREDICTION, VALIDATION
from numerai_rounds.base.params import Params
from numerai_rounds.io import console, history, params, paths, process, reports, score_files, tables
from numerai_rounds.io.score_files import Scores
from numerai_rounds.stages import _scores


def main() -> None:
    """Write the predictions, the scores of every era and of all together; memory holds a number a row."""
    parameters = params.load()
    predicted = _predict(parameters, list(tables.read_side(VALIDATION)[ERA]))
    (judgement,) = _scores.judge(parameters, predicted).values()
    scores = Scores(judgement.headlines, judgement.tables)
    score_files.write(scores, paths.METRICS)
    reports.show_scores({PREDICTION: scores}, f"{parameters.target}, {parameters.round.title}")


def _predict(parameters: Params, eras: list[str]) -> _scores.Predicted:
    """Write and return the prediction of every row."""
    model = plugins.load("model", parameters.model.kind).load(paths.MODEL.read_text(encoding="utf-8"))
    predicted, known = {}, {}
    with (
        tables.writing_predictions(paths.PREDICTIONS) as append,
        console.progress("predict", len(eras), "eras") as advance,
    ):
        for rows in history.read(VALIDATION, eras, model.features, parameters.target, parameters.missing_features):
            prediction = model.predict(rows.features, parameters.threads)
            append(rows.era, rows.ids, prediction)
            predicted[rows.era], known[rows.era] = prediction[None], np.isfinite(rows.target)
            advance(1)
    return _scores.Predicted([PREDICTION], predicted, known)


if __name__ == "__main__":
    process.stage(main)
