"""`rounds report`: what the last run found, on one screen."""

from numerai_rounds.base.columns import PREDICTION
from numerai_rounds.base.errors import ConfigurationError, some
from numerai_rounds.io import console, lock, paths, reports, score_files
from numerai_rounds.io.params import load


def report() -> None:
    """Print the headline scores and the path of the submission; ConfigurationError where params.yaml has moved on."""
    parameters = load()
    if not (paths.SCORES.exists() and paths.SUBMISSION.exists() and paths.LOCK.exists()):
        raise ConfigurationError("there is nothing to report yet: run `dvc repro` first.")
    stale = lock.changed_params()
    if stale:
        raise ConfigurationError(f"{some(stale)} changed since the last run: run `dvc repro` first.")
    reports.show_scores({PREDICTION: score_files.read(paths.METRICS)}, f"{parameters.target}, {parameters.round.title}")
    console.say(f"submission for {parameters.round.title}: {paths.SUBMISSION}")
