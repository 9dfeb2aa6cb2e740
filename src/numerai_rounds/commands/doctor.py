"""`rounds doctor`: what is missing or wrong on this machine, in plain words."""

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import psutil
from dvc.exceptions import DvcException

from numerai_rounds.base.errors import ConfigurationError, MachineError, RoundsError, some
from numerai_rounds.conf import compose
from numerai_rounds.conf.params import load
from numerai_rounds.io import console
from numerai_rounds.io.dvc import torn_lock
from numerai_rounds.io.fetch.room import room
from numerai_rounds.io.files import paths
from numerai_rounds.io.machine import children, dvc_locks, link_types, places, process
from numerai_rounds.io.repository import git
from numerai_rounds.io.service import credentials

GIGABYTE = 1e9
MEMORY_GB = 2.0
DISK_GB = 2.0
"""What the sample needs; a real round's files are counted from their pins."""

SOUND, NOTE, WRONG = "ok", "note", "wrong"


def doctor() -> None:
    """Print one line for each thing looked at, as it is known; a MachineError at the end where something is wrong.

    Where the code at work is not this folder's, that is the error: a ConfigurationError.
    """
    wrong = []
    for name, check in CHECKS.items():
        state, text = check()
        console.say(f"{state:<6} {name:<14} {text}")
        if state == WRONG:
            wrong.append(name)
    if "code" in wrong:
        process.check_package()
    if wrong:
        raise MachineError(f"{len(wrong)} to mend: {', '.join(wrong)}.")


def _python() -> tuple[str, str]:
    version = ".".join(map(str, sys.version_info[:3]))
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        return WRONG, f"Python {version}; 3.11, 3.12 or 3.13 is needed. Run `make clean env PYTHON=python3.11`."
    if sys.flags.optimize:
        return NOTE, (
            f"{version} at {sys.executable}, told by PYTHONOPTIMIZE or -O to leave out asserts: results are the same, "
            "but the libraries check themselves no more. Run `unset PYTHONOPTIMIZE`."
        )
    return SOUND, f"{version} at {sys.executable}"


def _code() -> tuple[str, str]:
    """Whether this folder's own code is at work, here and in the stages, which DVC runs with the `python` of PATH."""
    try:
        process.check_package()
    except ConfigurationError as error:
        return WRONG, str(error)
    asked = [shutil.which("python") or "python", "-c", "import sys; print(sys.prefix)"]
    try:
        answer = children.text(children.run(asked).stdout).strip()
    except OSError:
        answer = ""
    if not answer or Path(answer).resolve() != Path(sys.prefix).resolve():
        return NOTE, (
            f"`dvc repro` would use {asked[0]}, which is not of this environment: `source .venv/bin/activate` first."
        )
    return SOUND, f"this folder's own, {paths.SOURCE}/"


def _packages() -> tuple[str, str]:
    if not paths.REQUIREMENTS.exists():
        return WRONG, f"{paths.REQUIREMENTS} is not here. Run this in the root of the repository."
    apart = [f"{name} {found or 'missing'} (locked: {locked})" for name, locked, found in _locked() if found != locked]
    if apart:
        return WRONG, f"not as locked: {some(apart)}. Run `make env`."
    return SOUND, f"as in {paths.REQUIREMENTS}"


def _locked() -> Iterator[tuple[str, str, str | None]]:
    """Name, locked and installed version of every package that the lock file asks for on this platform."""
    from packaging.requirements import Requirement

    for line in paths.REQUIREMENTS.read_text(encoding="utf-8").splitlines():
        if not re.match(r"[A-Za-z0-9]", line):
            continue
        requirement = Requirement(line.rstrip("\\ "))
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        try:
            found: str | None = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            found = None
        yield requirement.name, str(requirement.specifier).removeprefix("=="), found


def _git() -> tuple[str, str]:
    if shutil.which("git") is None:
        return WRONG, "git is not installed."
    for asked, advice in GIT_ASKED.items():
        done = git.attempt(*asked)
        if done.returncode:
            return WRONG, f"git says: {git.reason(done).rstrip('.')}. {advice()}".rstrip()
    return SOUND, f"repository found in {git.top()}, author known"


def _repository() -> str:
    """What to do where git finds no repository that it uses; nothing where its own words are all there is to say."""
    places = (folder / ".git" for folder in (Path.cwd(), *Path.cwd().parents))
    found = next((place for place in places if place.exists()), None)
    if found is None:
        return "DVC needs one: clone the project instead of copying it."
    return f"{found} is there: what git says of it is to mend."


def _author() -> str:
    return "`git config user.name NAME` and `git config user.email ADDRESS` tell git who you are."


GIT_ASKED: dict[tuple[str, ...], Callable[[], str]] = {
    ("rev-parse", "--show-toplevel"): _repository,
    ("log", "--max-count=1", "--format=%H"): lambda: (
        "Without any commit, commit the project; of damage, `git fsck` says more."
    ),
    ("ls-files", "--error-unmatch", str(paths.STAGES)): lambda: "The project has to be in git: commit it.",
    ("var", "GIT_AUTHOR_IDENT"): _author,
    ("var", "GIT_COMMITTER_IDENT"): _author,
}
"""What has to work, and what helps where it does not beside git's own words."""


def _disk() -> tuple[str, str]:
    free = shutil.disk_usage(".").free / GIGABYTE
    needed = max(DISK_GB, _pinned_gigabytes())
    text = f"{free:,.1f} GB free, about {needed:,.1f} GB needed"
    return (
        (SOUND, text)
        if free >= needed
        else (WRONG, f"{text}. Free some: `rounds clean --dry-run` shows what can be made again.")
    )


def _places() -> tuple[str, str]:
    try:
        places.check()
        link_types.check()
    except ConfigurationError as error:
        return WRONG, str(error)
    except DvcException as error:
        return WRONG, f"dvc does not work here: {error}"
    return SOUND, "where DVC can keep them"


def _pinned_gigabytes() -> float:
    """What fetching all pinned files takes."""
    try:
        pinned = load().round
    except RoundsError:
        return 0.0
    return sum(room(role, pin) for role, pin in (pinned.history | pinned.live).items()) / GIGABYTE


def _memory() -> tuple[str, str]:
    available = psutil.virtual_memory().available / GIGABYTE
    text = f"{available:,.1f} GB available, {MEMORY_GB:,.1f} GB needed for the sample"
    return (SOUND, text) if available >= MEMORY_GB else (WRONG, f"{text}. Close what you do not need.")


def _keys() -> tuple[str, str]:
    try:
        given = credentials.token()
    except ConfigurationError as error:
        return WRONG, str(error)
    if given and (told := credentials.exposed()):
        return NOTE, f"both given, but {told}"
    return (SOUND, "both given") if given else (NOTE, "none given: only what sends or reads submissions needs them")


def _remote() -> tuple[str, str]:
    answer = children.run([sys.executable, "-m", "dvc", "remote", "list"])
    if answer.returncode:
        return WRONG, f"dvc does not work here: {children.text(answer.stderr).strip()[-200:]}"
    names = [line.split()[0] for line in children.text(answer.stdout).splitlines() if line.strip()]
    if not names:
        return NOTE, "none: this machine alone holds the data. `dvc remote add -d NAME URL`, then `dvc push`."
    return SOUND, ", ".join(names)


def _lock() -> tuple[str, str]:
    words = torn_lock.problem()
    if words is not None:
        return WRONG, words
    if not dvc_locks.is_sound():
        return (
            WRONG,
            f"{dvc_locks.RWLOCK} was not written to its end: delete it, while no DVC runs, or run `rounds run`.",
        )
    return SOUND, f"{paths.LOCK} is whole" if paths.LOCK.exists() else "nothing has run yet"


def _params() -> tuple[str, str]:
    try:
        compose.check_params()
        parameters = load()
    except RoundsError as error:
        return WRONG, str(error)
    if parameters.round.source != parameters.data.kind:
        pinned, kind = parameters.round.source, parameters.data.kind
        return WRONG, f"conf/round.yaml pins files of {pinned!r}, data.kind is {kind!r}. Run `rounds open`."
    return (
        SOUND,
        f"{paths.PARAMS} is in step with {paths.CONF}/, {parameters.round.title}",
    )


CHECKS: dict[str, Callable[[], tuple[str, str]]] = {
    "Python": _python,
    "code": _code,
    "packages": _packages,
    "git": _git,
    "disk": _disk,
    "folders": _places,
    "memory": _memory,
    "Numerai keys": _keys,
    "DVC remote": _remote,
    "dvc.lock": _lock,
    "configuration": _params,
}
