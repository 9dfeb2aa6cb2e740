"""How a stage or command starts and ends: with the code of the working folder; in one sentence and an exit code."""

import os
import shutil
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from numerai_rounds.base.errors import ConfigurationError, DamagedError, MachineError, RefusedError, RoundsError
from numerai_rounds.io import console
from numerai_rounds.io.files import atomic, paths
from numerai_rounds.io.machine import failure, holding

SIGNALS = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM", signal.SIGHUP: "SIGHUP"}
"""What ends a process as an exception would, and what people know it by."""

PREFIX = "NUMERAI_ROUNDS_PREFIX"
"""Names the environment that started DVC: the stages have to run in the same."""

PACKAGE = "numerai_rounds"
COPIES = f"{paths.DVC_TMP.as_posix()}/exps/"
"""Where DVC copies the working folder to for experiments that it does not run in place."""


def stage(main: Callable[[], None], found: Path | None = None) -> None:
    """Run the `main` of a stage as `run` does, once it is known that this folder's own code is at work, and no command.

    `found` is the package that other stages import, where this one knows better than to import it.
    """
    run(partial(_checked, main, found))


def _checked(main: Callable[[], None], found: Path | None) -> None:
    check_package(found)
    started_in = os.environ.get(PREFIX, sys.prefix)
    if Path(started_in).resolve() != Path(sys.prefix).resolve():
        raise ConfigurationError(
            f"`rounds` runs in the environment {started_in}, but `python`, which runs the stages, is of {sys.prefix}. "
            f"Run `make env` and `source .venv/bin/activate` in {Path.cwd()}, then the same again."
        )
    if failure.VARIABLE not in os.environ:
        holding.refuse_beside()
    before = _parameters()
    main()
    if _parameters() != before:
        raise ConfigurationError(
            f"{paths.PARAMS} was changed while this stage ran: DVC would record other parameters than it ran with. Run "
            "`dvc repro` again."
        )


def _parameters() -> bytes | None:
    return paths.PARAMS.read_bytes() if paths.PARAMS.exists() else None


def check_package(found: Path | None = None) -> None:
    """Refuse to work for the repository in the working folder with code from elsewhere.

    DVC hashes src/ here: were another folder's code imported, its results would be recorded as this one's, and kept in
    the run-cache. A folder that is reached by another path is the same folder. `found` is the folder of the package to
    judge in place of the modules that are loaded. Raises ConfigurationError with what to do.
    """
    source = Path.cwd() / paths.SOURCE
    own = source / PACKAGE
    if not own.is_dir():
        raise ConfigurationError(f"there is no {own}. Run this in the root of the repository.")
    strange = next((place for place in _places(found) if not _is_same(*place, source)), None)
    if strange is not None:
        elsewhere = strange[1].parent if strange[0] == PACKAGE else strange[1]
        raise ConfigurationError(
            f"Python takes {strange[0]} from {elsewhere}, but the code of this folder is {own}: what ran would not be "
            f"what is recorded. {_remedy(elsewhere)}"
        )


def _places(found: Path | None) -> list[tuple[str, Path]]:
    """Name and file of each module of ours that is to be judged, the package itself first."""
    if found is not None:
        return [(PACKAGE, found / "__init__.py")]
    loaded = [(name, getattr(module, "__file__", None)) for name, module in sorted(sys.modules.items())]
    return [(name, Path(file)) for name, file in loaded if file and (name + ".").startswith(f"{PACKAGE}.")]


def _is_same(name: str, file: Path, source: Path) -> bool:
    """Whether a module comes from the file that it has under `source`, however that is reached.

    Files of the same folder are compared, not files: copies may be hard links of one another for a while.
    """
    expected = source.joinpath(*name.split("."))
    expected = expected / "__init__.py" if expected.is_dir() else expected.with_suffix(".py")
    if file.resolve() == expected.resolve():
        return True
    there = file.parent.is_dir() and expected.parent.is_dir()
    return there and file.name == expected.name and file.parent.samefile(expected.parent)


def _remedy(elsewhere: Path) -> str:
    here = Path.cwd()
    if COPIES in f"{here.as_posix()}/":
        return (
            "DVC runs --temp and queued experiments in a copy of your folder: leave out --temp and --queue, or put "
            "`PYTHONPATH=src` before the command (`PYTHONPATH=src dvc queue start`)."
        )
    if elsewhere.parent.resolve() == here.resolve():
        return f"Rename or remove {elsewhere}: Python finds it first."
    given = [Path(entry).resolve() for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    if elsewhere.parent.resolve() in given:
        return (
            f"Take {elsewhere.parent} out of PYTHONPATH, then run `make env` and `source .venv/bin/activate` in {here}."
        )
    return f"Run `make env` and `source .venv/bin/activate` in {here}, then the same again."


def run(main: Callable[[], None]) -> None:
    """Run `main` and leave the process with the exit code of what happened.

    A signal ends it as an exception would, so that what it started is stopped and what it holds is given back; one that
    whoever started it ignores, as `nohup` does, is ignored.
    """
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)
    try:
        main()
    except RoundsError as error:
        _end(error)
    except OSError as error:
        told = _of_system(error)
        if told is None:
            raise
        _end(told)
    except MemoryError as error:
        _end(
            MachineError(
                f"there is not enough memory ({str(error).rstrip('.') or 'none is left'}). Close what you do not need, "
                "and run again."
            )
        )
    except _Stopped as stopped:
        console.complain(
            f"stopped by {SIGNALS[stopped.number]}: nothing is half-written. Run the same command again: it goes on "
            "where it can."
        )
        sys.exit(128 + stopped.number)


class _Stopped(SystemExit):
    """A signal asked this process to end; no KeyboardInterrupt, which Typer would take for itself."""

    def __init__(self, number: signal.Signals) -> None:
        super().__init__(128 + number)
        self.number = number


def _stop(number: int, _: object) -> None:
    raise _Stopped(signal.Signals(number))


def cores(threads: int) -> int:
    """How many threads `threads` stands for: every core where it is 0."""
    return threads or (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def _of_system(error: OSError) -> MachineError | None:
    """The sentence for what the operating system refused; None for an error that is none of its own."""
    if isinstance(error, shutil.Error) and error.args and isinstance(error.args[0], list) and error.args[0]:
        _, place, reason = error.args[0][0]
        return MachineError(f"{place} could not be written ({reason}). Put it right and run again.")
    if error.errno is None:
        return None
    if error.filename is None and atomic.is_full(error):
        return MachineError("a disk is full: a file, or what was said, could not be written. Free some space.")
    path = Path(error.filename or "a file")
    return atomic.machine_error(error, path) or MachineError(f"{path}: {error.strerror}. Put it right and run again.")


def _end(error: RoundsError) -> None:
    words = f"{error}. Try again later; check the API keys if it is about them." if _is_bare(error) else str(error)
    with suppress(OSError):  # the exit code tells as well
        console.complain(f"error: {words}")
    failure.leave(failure.Told(error.exit_code, words, isinstance(error, DamagedError)))
    sys.exit(error.exit_code)


def _is_bare(error: RoundsError) -> bool:
    """Whether an error is no more than what the service said."""
    return isinstance(error, RefusedError) and not str(error).endswith(".")
