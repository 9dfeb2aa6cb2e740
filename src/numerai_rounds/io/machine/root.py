"""The root of the repository, in which every command works wherever it is called."""

import os
import sys
from pathlib import Path

from numerai_rounds.base.errors import ConfigurationError
from numerai_rounds.io.files import paths

MARKS = (paths.CONF / "config.yaml", paths.STAGES)
"""What the root has; git's own root may be a folder above it."""

CALLED_FROM = "NUMERAI_ROUNDS_CALLED_FROM"
"""Names the folder in which a command was called that had to start afresh in the root."""

_called_from: list[Path] = []


def find(start: Path) -> Path | None:
    """The nearest folder, from `start` upwards, that is the root of a repository; None where there is none."""
    return next(
        (folder for folder in (start, *start.parents) if all((folder / mark).is_file() for mark in MARKS)), None
    )


def enter() -> None:
    """Make the root the working folder; a ConfigurationError outside of any repository.

    Relative folders in PYTHONPATH, such as `src`, are meant from the root: with them Python starts afresh there.
    """
    called_from = Path(os.environ.pop(CALLED_FROM, Path.cwd()))
    root = find(called_from)
    if root is None:
        raise ConfigurationError(
            f"{called_from} is in no repository of numerai-rounds (a folder with {' and '.join(map(str, MARKS))}). "
            "Run this in the root of the repository, or below it."
        )
    _called_from[:] = [called_from]
    if root != Path.cwd():
        os.chdir(root)
        search = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
        if not all(Path(entry).is_absolute() for entry in search):
            _start_afresh(called_from)


def given(path: Path | None) -> Path | None:
    """A path that a person gave from the folder in which the command was called, as it is from the root."""
    if path is None or not _called_from or _called_from[0] == Path.cwd() or path.is_absolute():
        return path
    whole = Path(os.path.normpath(_called_from[0] / path))
    return whole.relative_to(Path.cwd()) if whole.is_relative_to(Path.cwd()) else whole


def _start_afresh(called_from: Path) -> None:
    arguments = [str(called_from / word) if (called_from / word).is_file() else word for word in sys.orig_argv[1:2]]
    os.execve(  # noqa: S606 - the same command once more
        sys.executable,
        [sys.executable, *arguments, *sys.orig_argv[2:]],
        {**os.environ, CALLED_FROM: str(called_from)},
    )


def check_conf(conf: Path) -> None:
    """Refuse to work anywhere but in the root of a repository of ours."""
    if not conf.is_dir():
        raise ConfigurationError(f"there is no folder {conf}/ here. Run this in the root of the repository.")
    _check_links(conf)


def _check_links(conf: Path) -> None:
    """Refuse links that lead nowhere, or to a folder that holds them: whoever follows them finds no end."""
    for folder, names, files in os.walk(conf):
        for path in (Path(folder, name) for name in [*names, *files]):
            if path.is_symlink():
                to = os.path.realpath(path)
                if os.path.islink(to) or not os.path.exists(to):  # noqa: PTH114, PTH110 - a loop is an error to pathlib
                    raise ConfigurationError(f"{path} is a link that leads nowhere. Put the file itself there.")
                if os.path.isdir(to) and f"{os.path.realpath(folder)}/".startswith(f"{to}/"):  # noqa: PTH112 - likewise
                    raise ConfigurationError(f"{path} is a link to {to}, a folder that it is in itself. Remove it.")
