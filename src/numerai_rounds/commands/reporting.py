"""`rounds report`: what the last run found, on one screen."""

from numerai_rounds.base.errors import ConfigurationError
from numerai_rounds.io import console, paths, reports, tables
from numerai_rounds.io.params import load


def report() -> None:
    """Print the headline scores and the path of the submission."""
    if not (paths.SCORES.exists() and paths.SUBMISSION.exists()):
        raise ConfigurationError("there is nothing to report yet: run `dvc repro` first.")
    parameters = load()
    reports.show_scores(tables.read_metrics(paths.SCORES), parameters)
    console.say(f"submission for {parameters.round.title}: {paths.SUBMISSION}")
