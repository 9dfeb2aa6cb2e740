"""DVC at work for a run: what it starts can be found again, and a stage's own failure is told as such."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from dvc.config import Config

from numerai_rounds.base.errors import (
    ConfigurationError,
    DataError,
    MachineError,
    RoundsError,
    ServiceError,
)
from numerai_rounds.io import atomic, console, exclusive, failure, git, json_files, paths
from numerai_rounds.io.exclusive import FAILED
from numerai_rounds.io.process import PREFIX
from numerai_rounds.io.yaml_files import read_yaml

UNPUSHED = paths.DVC_TMP / "rounds.unpushed"
"""There from the start of a push to its success."""

DVC = "numerai_rounds.io._dvc"
"""DVC itself, which leaves word of a full disk."""

RWLOCK = paths.DVC_TMP / "rwlock"

OWN_CACHE = Path(".dvc/cache")
"""DVC's cache, unless it was put elsewhere, where others may be writing to it."""

KINDS = {kind.exit_code: kind for kind in (ConfigurationError, DataError, ServiceError, MachineError)}


def repro(environment: Mapping[str, str] | None = None) -> None:
    """Run `dvc repro` without what is missing here and has not changed; what is needed comes from the DVC remote.

    A stage's own error is raised as it was there. The remote is asked only for what is missing: a round does not fail
    because a remote is down that it does not need.
    """
    try:
        _dvc("repro", "--allow-missing", environment=environment)
    except MachineError:
        if _is_told() or not remotes():
            raise
        _of_remote("repro", "--allow-missing", "--pull", environment=environment)


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
    _of_remote("push", *everything)
    UNPUSHED.unlink()


def checkout() -> None:
    """Run `dvc checkout`: the outputs become those of dvc.lock."""
    _dvc("checkout", "--quiet", "--allow-missing")


def bring(path: Path) -> None:
    """Have an output of dvc.lock here: `repro` leaves out what is missing and has not changed."""
    if not path.exists():
        _dvc("pull" if remotes() else "checkout", str(path))


def remotes() -> list[str]:
    """Names of the DVC remotes."""
    return sorted(Config.from_cwd().get("remote", {}))


def cache() -> Path:
    """Where DVC keeps contents by their hash."""
    done = subprocess.run([sys.executable, "-m", "dvc", "cache", "dir"], capture_output=True, text=True, check=False)
    return Path(done.stdout.strip() or ".dvc/cache")


def locked_output(lock: Mapping[str, Any], stage: str, path: str) -> str | None:
    """The md5 that a dvc.lock has for an output of a stage; None where it has none."""
    outputs = lock.get("stages", {}).get(stage, {}).get("outs", [])
    return next((str(entry["md5"]) for entry in outputs if entry.get("path") == path), None)


def locked_param(lock: Mapping[str, Any], stage: str, key: str) -> Any:
    """The value of a parameter that a dvc.lock has for a stage; None where it has none."""
    return lock.get("stages", {}).get(stage, {}).get("params", {}).get(str(paths.PARAMS), {}).get(key)


def lock_file() -> dict[str, Any]:
    """The dvc.lock of the working tree; ConfigurationError where nothing has run yet."""
    if not paths.LOCK.exists():
        raise ConfigurationError("nothing has run yet: run `dvc repro` first.")
    return read_yaml(paths.LOCK)


def _of_remote(*arguments: str, environment: Mapping[str, str] | None = None) -> None:
    """Run DVC with its remote; a ServiceError where DVC itself fails, because the remote is the likeliest reason."""
    try:
        _dvc(*arguments, environment=environment)
    except MachineError:
        if _is_told():
            raise
        raise ServiceError(
            f"`dvc {arguments[0]}` failed, as told above: the DVC remote may be down. Run the same command again."
        ) from None


def _dvc(*arguments: str, environment: Mapping[str, str] | None = None) -> None:
    _release_dead()
    _mend_lock()
    with atomic.naming(FAILED):
        failure.prepare(FAILED)
    child = subprocess.Popen(
        [sys.executable, "-m", DVC, *arguments],
        env={**os.environ, **exclusive.mark(), **_programs(), **(environment or {})},
        stdin=subprocess.DEVNULL,
        process_group=0,
    )
    try:
        code = child.wait()
    except BaseException:
        _stop(child)
        raise
    if code:
        raise _failure(arguments[0])


def _programs() -> dict[str, str]:
    """Stages run `python`: it has to be this one, also where the environment is not activated, as in cron."""
    folders = [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
    return {"PATH": os.pathsep.join(folders), PREFIX: sys.prefix}


def _stop(child: "subprocess.Popen[bytes]") -> None:
    """Interrupt DVC and the stage that it runs; end them where they do not stop by themselves."""
    for kind in (signal.SIGINT, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(child.pid, kind)
        with suppress(subprocess.TimeoutExpired):
            child.wait(exclusive.GRACE)
            return


def _failure(command: str) -> RoundsError:
    """The error of the stage that stopped DVC, or a sentence about DVC itself."""
    told = failure.left(FAILED)
    if told is not None:
        if told[0] == MachineError.exit_code:
            _sweep()
        return KINDS.get(told[0], MachineError)(told[1])
    short = atomic.shortage(paths.PARAMS)
    if short is not None:
        return MachineError(f"`dvc {command}` failed, as told above: {short}")
    return MachineError(f"`dvc {command}` failed; what it says is above. Put it right and run again.")


def _is_told() -> bool:
    """Whether it is known why DVC failed, and no remote could help."""
    return failure.left(FAILED) is not None or atomic.shortage(paths.PARAMS) is not None


def _sweep() -> None:
    """Remove what DVC left half-written in its cache: it would take the room that is lacking, for good."""
    for folder in (OWN_CACHE, OWN_CACHE / "files" / "md5"):
        for pattern in (".*.tmp", "??/.*.tmp"):
            for path in folder.glob(pattern):
                path.unlink(missing_ok=True)


def _release_dead() -> None:
    """Take dead processes out of DVC's own list of locks: it keeps those whose number is still taken."""
    if not RWLOCK.exists():
        return
    try:
        locks = json_files.read(RWLOCK)
        held = [
            *locks.get("write", {}).values(),
            *(entry for entries in locks.get("read", {}).values() for entry in entries),
        ]
        alive = any(_is_dvc(int(entry["pid"])) for entry in held if entry)
    except (ValueError, KeyError, TypeError, AttributeError):
        alive = False
    if not alive:
        RWLOCK.unlink(missing_ok=True)


def _mend_lock() -> None:
    """Take dvc.lock from the last commit where DVC was killed while writing it: it does not replace it in one step."""
    if not paths.LOCK.exists():
        return
    try:
        if "stages" in read_yaml(paths.LOCK):
            return
    except ConfigurationError:
        pass
    console.complain(f"{paths.LOCK} was not written to its end: it is taken from the last commit.")
    paths.LOCK.unlink()
    if git.has(paths.LOCK):
        git.git("checkout", "--quiet", "HEAD", "--", str(paths.LOCK))


def _is_dvc(number: int) -> bool:
    with suppress(psutil.Error):
        process = psutil.Process(number)
        return process.status() != psutil.STATUS_ZOMBIE and any("dvc" in part for part in process.cmdline())
    return False
