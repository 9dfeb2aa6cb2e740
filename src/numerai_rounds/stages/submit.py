"""submit: predict the live era, check the file against every rule of the tournament, write it. It never uploads."""

from numerai_rounds.conf import params, plugins
from numerai_rounds.domain import submission
from numerai_rounds.io import console
from numerai_rounds.io.files import paths, tables, vouched
from numerai_rounds.io.history import pinned_files, reader
from numerai_rounds.io.machine import process


def main() -> None:
    """Write the submission of the pinned round, from live data of that very round."""
    parameters = params.load()
    pinned_files.refuse_other("live", parameters.round)
    model = plugins.model(parameters.model.kind).load(vouched.text(paths.MODEL))
    ids, features = reader.read_live(model.features, parameters.missing_features)
    predictions = model.predict(features, parameters.threads)
    table = submission.predictions_to_submission(ids, predictions)
    submission.check(table, ids)
    tables.write_submission(table, paths.SUBMISSION)
    console.say(f"{len(table):,} predictions for {parameters.round.title}, all rules met: {paths.SUBMISSION}")


if __name__ == "__main__":
    process.stage(main)
