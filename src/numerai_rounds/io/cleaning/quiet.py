"""Nothing is taken away while DVC works here: its lock is held, and whoever works without it is looked for."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from dvc.exceptions import NotDvcRepoError
from dvc.lock import LockError
from dvc.repo import Repo

from numerai_rounds.base.errors import BusyError, ConfigurationError
from numerai_rounds.io.machine import dvc_locks


@contextmanager
def repository() -> Iterator[Repo]:
    """DVC's repository of the working folder, in which nobody else works; BusyError where somebody does.

    DVC gives its lock back while a stage runs, and experiments run in copies of the folder below it: so every process
    of DVC, and of a stage, in this folder counts as work.
    """
    try:
        repo = Repo(os.curdir)
    except NotDvcRepoError as error:
        raise ConfigurationError(f"DVC finds no repository here: {error}") from None
    with repo:
        try:
            repo.lock.lock()
        except LockError:
            raise BusyError("DVC is at work here. Wait for it, or stop it, then run again.") from None
        try:
            _refuse_work()
            yield repo
        finally:
            repo.lock.unlock()


def _refuse_work() -> None:
    here = Path.cwd()
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            words = process.cmdline()
            if process.pid != os.getpid() and _works(words) and Path(process.cwd()).is_relative_to(here):
                raise BusyError(
                    f"process {process.pid} is at work here (`{' '.join(words[:6])}`). Wait for it, or stop it, then "
                    "run again."
                )


def _works(words: list[str]) -> bool:
    """Whether a command is DVC's or a stage's."""
    return bool(dvc_locks.asked_of_dvc(words)) or any(word.startswith("numerai_rounds.stages.") for word in words)
