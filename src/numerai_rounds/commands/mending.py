"""`rounds mend`: what the pipeline wrote is as it was written again, or it is said what to do."""

from numerai_rounds.base.errors import DamagedError, some
from numerai_rounds.io import console
from numerai_rounds.io.dvc import mending
from numerai_rounds.io.machine import exclusive


def mend() -> None:
    """Compare all files with dvc.lock and restore those that differ.

    DamagedError where some have no sound copy: they are made again by the command that it names.
    """
    with exclusive.only_one("rounds mend"):
        lost = mending.mend()
    if lost:
        raise DamagedError(
            f"{some(lost)} {'is' if len(lost) == 1 else 'are'} damaged, and neither DVC's cache nor its remote has a "
            "sound copy. Run `dvc repro`: it makes again what is not as it was written."
        )
    console.say("every file of the pipeline that is here is what its stage wrote.")
