"""What a run needs before it begins: what it lacks is told early, in plain words, and all of it at once."""

from collections.abc import Callable, Sequence
from functools import partial

from numerai_rounds.base.errors import ConfigurationError, RoundsError
from numerai_rounds.io.dvc import pipeline, run_cache, torn_lock
from numerai_rounds.io.machine import link_types, places
from numerai_rounds.io.repository import destination
from numerai_rounds.play import applied, outcomes, played, receipts, slots, uploading, variants


def check(options: uploading.Options, *, upload: bool, push: bool, lacking: Sequence[RoundsError] = ()) -> None:
    """Refuse what would stop the run later, and mend what a killed one left.

    ConfigurationError where the folder or git is not ready, or with everything that the options need and is not there,
    what is known to be `lacking` first; DataError for a damaged receipt; ServiceError where the service does not say
    which models the account has.
    """
    places.check()
    link_types.check()
    applied.refuse_taken_back()
    played.check_ground()
    torn_lock.mend()
    run_cache.drop_damaged()
    receipts.refuse_damaged()
    problems = [*lacking]
    if upload:
        problems += lacks(partial(uploading.check_targets, options))
    if push:
        problems += lacks(_check_remote) + lacks(destination.find)
    for slot in slots.parse(options.models):
        if slot.experiment is not None:
            problems += lacks(partial(variants.check, slot.experiment))
    if problems:
        raise outcomes.together(problems)


def lacks(check_one: Callable[[], object]) -> list[RoundsError]:
    """What a check finds to be lacking, if anything."""
    try:
        check_one()
    except ConfigurationError as error:
        return [error]
    return []


def _check_remote() -> None:
    if not pipeline.remotes():
        raise ConfigurationError("--push needs a DVC remote: `dvc remote add --default NAME URL`.")
