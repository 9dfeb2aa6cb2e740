"""submit: predict the live era, check the file against every rule of the tournament, write it. It never uploads."""

from numerai_rounds.conf import params
from numerai_rounds.domain import submission
from numerai_rounds.io import console
from numerai_rounds.io.files import paths, tables, vouched
from numerai_rounds.io.history import pinned_files
from numerai_rounds.io.history.live import Live
from numerai_rounds.io.machine import process
from numerai_rounds.steps.predicting import Predictor


def main() -> None:
    """Write the submission of the pinned round, from live data of that very round."""
    parameters = params.load()
    pinned_files.refuse_other("live", parameters.round)
    predictor = Predictor.of(parameters, vouched.text(paths.MODEL))
    ids, predictions = predictor.of_live(Live(missing_features=parameters.missing_features))
    table = submission.predictions_to_submission(ids, predictions)
    submission.check(table, ids)
    tables.write_submission(table, paths.SUBMISSION)
    console.say(f"{len(table):,} predictions for {parameters.round.title}, all rules met: {paths.SUBMISSION}")


if __name__ == "__main__":
    process.stage(main)
