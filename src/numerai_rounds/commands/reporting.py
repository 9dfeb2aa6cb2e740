"""`rounds report`: what the last run found, on one screen."""

from numerai_rounds.base.columns import PREDICTION
from numerai_rounds.base.errors import ConfigurationError, some
from numerai_rounds.commands import comparing
from numerai_rounds.conf.params import load
from numerai_rounds.io import console
from numerai_rounds.io.dvc import lockfile
from numerai_rounds.io.files import paths
from numerai_rounds.io.scores import figures, reports, score_files


def report() -> None:
    """Print the scores, beside those of others, and the path of the submission.

    It needs no more than what git keeps. ConfigurationError where params.yaml has moved on.
    """
    parameters = load()
    if not (paths.SCORES.exists() and paths.LOCK.exists()):
        raise ConfigurationError("there is nothing to report yet: run `dvc repro` first.")
    stale = lockfile.changed_params()
    if stale:
        raise ConfigurationError(f"{some(stale)} changed since the last run: run `dvc repro` first.")
    scores = score_files.read(paths.METRICS, score_files.IN_GIT)
    before, why = comparing.committed(scores, parameters.round.source)
    compared = [*comparing.models(scores, parameters.score.benchmark, "this run"), *before]
    target = figures.target(scores)
    learnt = "" if target == parameters.target else f" (the model learns {parameters.target})"
    reports.show_scores({PREDICTION: scores}, f"{target}{learnt}, {parameters.round.title}", compared)
    if why:
        console.say(why)
    here = "" if paths.SUBMISSION.exists() else " (not here: `dvc pull` or `dvc repro` brings it)"
    console.say(f"submission for {parameters.round.title}: {paths.SUBMISSION}{here}")
