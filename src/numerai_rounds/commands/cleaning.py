"""`rounds clean`: free what can be made again, and nothing else."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from numerai_rounds.base.errors import ConfigurationError, some
from numerai_rounds.base.params import Round
from numerai_rounds.conf import params
from numerai_rounds.io import console
from numerai_rounds.io.cleaning import named, objects, quiet, staging
from numerai_rounds.io.cleaning.cache import Cache
from numerai_rounds.io.dvc import run_cache
from numerai_rounds.io.machine import exclusive, leftovers

WHY = {
    "bins": "a commit's `bin` makes them of history and features, which stay",
    "predictions": "a commit's `evaluate` makes them of history and model, which stay",
}


class Going(NamedTuple):
    """Files that can go, and why."""

    what: str
    files: Sequence[Path]
    why: str


def clean(*, dry_run: bool) -> None:
    """Say what can be made again and free it; under `dry_run` only say it.

    BusyError while a run or DVC works here; ConfigurationError outside of a git repository.
    """
    with exclusive.only_one("rounds clean", sweeps=False), quiet.repository() as repo:
        going = [part for part in _found(Cache(repo)) if part.files]
        sizes = {part.what: sum(path.lstat().st_size for path in part.files) for part in going}
        if not going:
            console.say("Nothing to free: all that is here is needed, or cannot be made again.")
            return
        rows = [(part.what, f"{len(part.files):,}", f"{sizes[part.what]:,}", part.why) for part in going]
        console.table("can be made again", ["what", "files", "bytes", "because"], rows)
        total = f"{sum(sizes.values()) / 1e6:,.1f} MB in {sum(len(part.files) for part in going):,} files"
        if dry_run:
            console.say(f"{total} would be freed: `rounds clean` does it.")
            return
        for part in going:
            for path in part.files:
                path.unlink(missing_ok=True)
        staging.remove_empty()
        run_cache.drop_unfinished()
        console.say(f"{total} freed. `dvc repro` on a round's commit makes again what it lacks.")


def _found(cache: Cache) -> list[Going]:
    locks = named.locks()
    choice = objects.choose(cache, locks, named.elsewhere())
    staged, lasting = staging.files(_pinned())
    temporary = [*leftovers.found(), *(cache.temporary() if cache.is_own else [])]
    if locks.broken:
        console.complain(
            f"The dvc.lock of {some(locks.broken)} cannot be read, and what it names is not known: nothing is taken "
            "out of DVC's cache."
        )
    if choice.damaged:
        console.complain(
            f"{some(choice.damaged)} cannot be read, and which files must stay is not known: nothing is taken out of "
            "DVC's cache. `rounds mend` mends what the working folder has of it."
        )
    if choice.lasting:
        console.say(
            f"{len(choice.lasting):,} outputs of past commits stay, such as {choice.lasting[0].path}: no commit makes "
            "them again from what is here."
        )
    for folder in lasting:
        console.say(f"{folder} stays: `dvc repro` goes on from there.")
    return [
        *(Going(what, files, WHY[what]) for what, files in choice.objects.items()),
        Going("staging", staged, "the files are in place"),
        Going("run-cache", choice.runs, "no commit, experiment or stash has what these stages wrote"),
        Going("temporary", temporary, "who was writing them is dead"),
    ]


def _pinned() -> Round | None:
    with suppress(ConfigurationError):
        return params.load().round
    return None
