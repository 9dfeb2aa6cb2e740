"""DVC at work for a run: what it starts can be found again, and a stage's own failure is told as such."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from dvc.config import Config

from numerai_rounds.base.errors import (
    BusyError,
    ConfigurationError,
    DamagedError,
    DataError,
    MachineError,
    RoundsError,
    ServiceError,
)
from numerai_rounds.io import console
from numerai_rounds.io.dvc import lockfile, remote_folder, run_cache, torn_lock
from numerai_rounds.io.files import atomic, dvc_cache, paths
from numerai_rounds.io.machine import children, dvc_locks, exclusive, failure
from numerai_rounds.io.machine.exclusive import FAILED
from numerai_rounds.io.machine.process import PREFIX

UNPUSHED = paths.DVC_TMP / "rounds.unpushed"
"""There from the start of a push to its success."""

LACKING = (
    " If it lacks what is needed, `dvc push` where it was made brings it there, and `dvc repro` makes it again here."
)

KINDS = {kind.exit_code: kind for kind in (ConfigurationError, DataError, ServiceError, MachineError)}


def repro(environment: Mapping[str, str] | None = None) -> None:
    """Run `dvc repro` without what is missing here and has not changed; what is needed comes from the DVC remote.

    Where there is no remote, as in a fresh clone of a repository on one machine, what is needed is made again. A
    stage's own error is raised as it was there. The remote is asked only for what is missing: a round does not fail
    because a remote is down that it does not need.
    """
    if not remotes():
        is_whole = all(path.exists() for path in (paths.MODEL, paths.SUBMISSION))
        _dvc("repro", *(["--allow-missing"] if is_whole else []), environment=environment)
        return
    if not paths.MODEL.exists() and _predicts():
        console.say(f"{paths.MODEL} comes from the DVC remote.")
        _succeeds("pull", str(paths.MODEL))
    _here_or_remote("repro", "--allow-missing", environment=environment)


def force(stages: Sequence[str]) -> None:
    """Run some stages whatever DVC thinks of their outputs: one that its cache lacks is as good as there to `repro`."""
    if stages:
        _here_or_remote("repro", "--force", "--single-item", *stages)


def repro_whole(environment: Mapping[str, str]) -> None:
    """Run `dvc repro` on everything, with all that it needs from the DVC remote: the history as well."""
    if remotes():
        _of_remote("repro", "--pull", environment=environment)
    else:
        _dvc("repro", environment=environment)


def push() -> None:
    """Run `dvc push`, of all rounds where an earlier one failed; ServiceError where the remote does not take all."""
    everything = ["--all-tags"] if UNPUSHED.exists() else []
    UNPUSHED.touch()
    remote_folder.drop_unfinished()
    _of_remote("push", *everything)
    UNPUSHED.unlink()


def checkout() -> None:
    """Run `dvc checkout`: the outputs become those of dvc.lock."""
    _dvc("checkout", "--quiet", "--allow-missing")


def bring(path: Path) -> None:
    """Have an output of dvc.lock here: `repro` leaves out what is missing and has not changed."""
    if path.exists():
        return
    if remotes():
        _of_remote("pull", str(path))
    else:
        _dvc("checkout", str(path))


def fetch(outputs: Sequence[str]) -> None:
    """Run `dvc fetch`: what the cache lacks of some outputs comes from the DVC remote."""
    _of_remote("fetch", *outputs)


def remotes() -> list[str]:
    """Names of the DVC remotes."""
    return sorted(Config.from_cwd().get("remote", {}))


def _here_or_remote(*arguments: str, environment: Mapping[str, str] | None = None) -> None:
    try:
        _dvc(*arguments, environment=environment)
    except MachineError:
        if _is_told() or not remotes():
            raise
        _of_remote(*arguments, "--pull", environment=environment)


def _of_remote(*arguments: str, environment: Mapping[str, str] | None = None) -> None:
    """Run DVC with its remote; a ServiceError where DVC itself fails, because the remote is the likeliest reason."""
    try:
        _dvc(*arguments, environment=environment)
    except MachineError:
        if _is_told():
            raise
        lacking = "" if arguments[0] == "push" else LACKING
        raise ServiceError(
            f"`dvc {arguments[0]}` failed, as told above: the DVC remote may be down. Run the same command again."
            f"{lacking}"
        ) from None


def _dvc(*arguments: str, environment: Mapping[str, str] | None = None) -> None:
    """Run DVC; what its stage says is raised. BusyError where another DVC gets in its way, and stays there."""
    while (code := _run(arguments, environment or {})) == BusyError.exit_code:
        dvc_locks.wait(exclusive.GRACE)
    if code:
        raise _failure(arguments[0])


def _run(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    dvc_locks.release_dead()
    torn_lock.mend()
    run_cache.drop_unfinished()
    with atomic.naming(FAILED):
        failure.prepare(FAILED)
    with _interruptible():
        child = children.start([sys.executable, "-m", dvc_locks.CHILD, *arguments], _surroundings(environment))
    try:
        return child.wait()
    except BaseException:
        _stop(child)
        raise


@contextmanager
def _interruptible() -> Iterator[None]:
    """Have what is started take an interrupt, by which it is stopped, also where this process ignores them.

    Under `nohup` and in a script's background they are ignored, and a process that is started inherits that.
    """
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        yield
        return
    signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _predicts() -> bool:
    """Whether stages will run that ran before, which needs the model in the end."""
    with suppress(ConfigurationError):
        return paths.LOCK.exists() and bool(lockfile.changed_params())
    return False


def _succeeds(*arguments: str) -> bool:
    """Whether DVC does what there is another way for: it says nothing where it fails."""
    done = children.run([sys.executable, "-m", "dvc", *arguments], environment=_surroundings({}))
    return done.returncode == 0


def _surroundings(more: Mapping[str, str]) -> dict[str, str]:
    return children.usual({**exclusive.mark(), PREFIX: sys.prefix, **more})


def _stop(child: "subprocess.Popen[bytes]") -> None:
    """Interrupt DVC and the stage that it runs; end them where they do not stop, or a second signal comes."""
    for kind in (signal.SIGINT, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(child.pid, kind)
        with suppress(subprocess.TimeoutExpired, SystemExit):
            child.wait(exclusive.GRACE)
            return


def _failure(command: str) -> RoundsError:
    """The error of the stage that stopped DVC, or a sentence about DVC itself."""
    told = failure.left(FAILED)
    if told is not None:
        if told.exit_code == MachineError.exit_code:
            _sweep()
        kind = DamagedError if told.damaged else KINDS.get(told.exit_code, MachineError)
        return kind(told.words)
    short = atomic.shortage(paths.PARAMS)
    if short is not None:
        return MachineError(f"`dvc {command}` failed, as told above: {short}")
    return MachineError(f"`dvc {command}` failed; what it says is above. Put it right and run again.")


def _is_told() -> bool:
    """Whether it is known why DVC failed, and no remote could help."""
    return failure.left(FAILED) is not None or atomic.shortage(paths.PARAMS) is not None


def _sweep() -> None:
    """Remove what DVC left half-written in its cache: it would take the room that is lacking, for good.

    A cache elsewhere is left alone: others may be writing to it.
    """
    for path in dvc_cache.unfinished(dvc_cache.USUAL):
        path.unlink(missing_ok=True)
