"""evaluate: predict the resolved validation eras and score them."""

import numpy as np

from numerai_rounds.base.columns import ERA, PREDICTION, VALIDATION
from numerai_rounds.base.errors import DataError
from numerai_rounds.conf import params
from numerai_rounds.io import console
from numerai_rounds.io.files import paths, tables, vouched
from numerai_rounds.io.history.reader import History
from numerai_rounds.io.machine import process
from numerai_rounds.io.scores import reports, score_files
from numerai_rounds.steps import judging, scored_targets
from numerai_rounds.steps.predicting import Predictor
from numerai_rounds.steps.scored_targets import Targets


def main() -> None:
    """Write the predictions, the scores of every era and of all together; memory holds a number a row."""
    parameters = params.load()
    history = History(paths.HISTORY, parameters.missing_features)
    targets = scored_targets.chosen(parameters, history)
    predictor = Predictor.of(parameters, vouched.text(paths.MODEL))
    predicted = _predict(predictor, history, targets, list(tables.read_side(VALIDATION)[ERA]), parameters.target)
    (scores,) = judging.judge(parameters, history, predicted, console, process.cores(parameters.threads)).values()
    score_files.write(scores, paths.METRICS)
    reports.say_scores(scores)


def _predict(
    predictor: Predictor, history: History, targets: Targets, eras: list[str], learnt: str
) -> judging.Predicted:
    """Write the prediction of every row; return those of eras that have answers to what scores are on.

    All are predicted before any is scored: a metric needs the rank of each among all. Only the model's own features are
    read for it. `learnt`: the target that the model learns.
    """
    predicted, known = {}, {}
    with (
        tables.writing_predictions(paths.PREDICTIONS) as append,
        console.progress("predict", len(eras), "eras") as advance,
    ):
        for rows, prediction in predictor.of_eras(history, VALIDATION, eras, [targets.main]):
            append(rows.era, rows.ids, prediction)
            answered = np.isfinite(rows.targets[targets.main])
            if answered.any():
                predicted[rows.era], known[rows.era] = prediction[None], answered
            advance(1)
        if not predicted:
            raise DataError(
                f"{targets.main}, which scores are on, is not known in any of the {len(eras):,} validation eras. "
                f"Choose another: `rounds compose score.target={learnt}`."
            )
    if len(predicted) < len(eras):
        console.say(
            f"{len(eras) - len(predicted):,} of {len(eras):,} validation eras have no answers to {targets.main}: "
            "predicted, not scored"
        )
    return judging.Predicted([PREDICTION], targets, predicted, known)


if __name__ == "__main__":
    process.stage(main)
