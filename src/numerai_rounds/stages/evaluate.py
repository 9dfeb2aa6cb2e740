"""evaluate: predict the resolved validation eras and score them."""

import numpy as np

from numerai_rounds.base.columns import ERA, PREDICTION, VALIDATION
from numerai_rounds.base.errors import DataError
from numerai_rounds.base.params import Params
from numerai_rounds.conf import params, plugins
from numerai_rounds.io import console
from numerai_rounds.io.files import paths, tables, vouched
from numerai_rounds.io.history import reader
from numerai_rounds.io.machine import process
from numerai_rounds.io.scores import reports, score_files
from numerai_rounds.io.scores.score_files import Scores
from numerai_rounds.steps import judging, scored_targets
from numerai_rounds.steps.scored_targets import Targets


def main() -> None:
    """Write the predictions, the scores of every era and of all together; memory holds a number a row."""
    parameters = params.load()
    targets = scored_targets.chosen(parameters)
    predicted = _predict(parameters, targets, list(tables.read_side(VALIDATION)[ERA]))
    (judgement,) = judging.judge(parameters, predicted).values()
    scores = Scores(judgement.headlines, judgement.tables)
    score_files.write(scores, paths.METRICS)
    reports.say_scores(scores)


def _predict(parameters: Params, targets: Targets, eras: list[str]) -> judging.Predicted:
    """Write the prediction of every row; return those of eras that have answers to what scores are on."""
    model = plugins.model(parameters.model.kind).load(vouched.text(paths.MODEL))
    predicted, known = {}, {}
    with (
        tables.writing_predictions(paths.PREDICTIONS) as append,
        console.progress("predict", len(eras), "eras") as advance,
    ):
        for rows in reader.read(VALIDATION, eras, model.features, targets.main, parameters.missing_features):
            prediction = model.predict(rows.features, parameters.threads)
            append(rows.era, rows.ids, prediction)
            answered = np.isfinite(rows.target)
            if answered.any():
                predicted[rows.era], known[rows.era] = prediction[None], answered
            advance(1)
        if not predicted:
            raise DataError(
                f"{targets.main}, which scores are on, is not known in any of the {len(eras):,} validation eras. "
                f"Choose another: `rounds compose score.target={parameters.target}`."
            )
    if len(predicted) < len(eras):
        console.say(
            f"{len(eras) - len(predicted):,} of {len(eras):,} validation eras have no answers to {targets.main}: "
            "predicted, not scored"
        )
    return judging.Predicted([PREDICTION], targets, predicted, known)


if __name__ == "__main__":
    process.stage(main)
