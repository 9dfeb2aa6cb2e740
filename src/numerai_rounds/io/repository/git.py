"""What a run needs of git, each failure a sentence.

Answers are those of plumbing, or of options that are fixed here: a person's configuration shapes the others. Paths are
from the working folder, which may be a folder of a larger repository.
"""

import errno
import math
import os
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from numerai_rounds.base.errors import ConfigurationError, MachineError
from numerai_rounds.io.machine import children

SETTINGS = {
    "color.ui": "false",
    "column.ui": "never",
    "commit.gpgsign": "false",
    "core.fsmonitor": "false",
    "core.quotePath": "false",
    "i18n.commitEncoding": "UTF-8",
    "i18n.logOutputEncoding": "UTF-8",
    "tag.forceSignAnnotated": "false",
    "tag.gpgsign": "false",
}
"""In place of a person's: nobody is there to sign, and what is said has one form."""

EVERYWHERE = ("-c", "core.sparseCheckout=false")
"""Options for what has to be committed, also where a sparse checkout would leave it out."""

FULL = (os.strerror(errno.ENOSPC), os.strerror(errno.EDQUOT), "Out of diskspace")
"""What git says where there is no room; children speak English, as Python does."""

NOISE = re.compile(r"^(hint:.*|\d\d:\d\d:\d\d\.\d+ .*|\s*)$")
"""Lines of git that are no reason: advice for people at a terminal, and traces."""

PASSWORD = re.compile(r"(?<=://)[^/@\s]+@")
"""What an address holds beside the address."""

DRIFT = 60.0
"""Seconds by which the clock of a disk elsewhere may be behind."""

COLOUR = re.compile(r"\x1b\[[\d;]*[mK]")


def attempt(
    *arguments: str, given: bytes = b"", environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> "subprocess.CompletedProcess[bytes]":
    """Run git, in `folder` if given, with `environment` beside the usual one; whatever it says and ends with."""
    options = (part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}"))
    return children.run(
        ["git", *options, *arguments], given=given, folder=folder, environment=children.usual(environment)
    )


def git(
    *arguments: str, given: bytes = b"", environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> str:
    """What git printed, as text; otherwise as `output`."""
    return children.text(output(*arguments, given=given, environment=environment, folder=folder))


def output(
    *arguments: str, given: bytes = b"", environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> bytes:
    """What git printed. Arguments as of `attempt`.

    ConfigurationError with git's own words where it fails; MachineError where the disk has no room for what it writes.
    """
    done = attempt(*arguments, given=given, environment=environment, folder=folder)
    if done.returncode:
        said = reason(done)
        command = next(word for word in arguments if word not in EVERYWHERE)
        if any(words in said for words in FULL):
            raise MachineError(f"git {command} failed: {said.rstrip('.')}. Free some space and run again.")
        hint = " Clone the project instead of copying its files." if "not a git repository" in said else ""
        raise ConfigurationError(f"git {command} failed: {said.rstrip('.')}.{hint}")
    return done.stdout


def reason(done: "subprocess.CompletedProcess[bytes]") -> str:
    """Why git did not do it, in its own words, in one line; no address has a password in it."""
    for said in (done.stderr, done.stdout):
        lines = [words for words in plain(said).splitlines() if not NOISE.match(words)]
        if lines:
            return " ".join(" ".join(lines).split())
    return "it said nothing"


def plain(said: bytes) -> str:
    """What git said, without colours, and without the password of an address."""
    return PASSWORD.sub("", COLOUR.sub("", children.text(said)))


def names(*arguments: str, folder: Path | None = None) -> list[str]:
    """What a command of git lists under `-z`."""
    return [name for name in git(*arguments, folder=folder).split("\0") if name]


def line(*arguments: str) -> str:
    """What a command of git prints, without the end of its line: a name may begin or end with a space."""
    return git(*arguments).removesuffix("\n")


def setting(name: str) -> str:
    """A value of git's configuration; empty where there is none."""
    return line("config", "--default", "", "--get", name)


def head() -> str:
    """The commit that is checked out, in hex."""
    return line("rev-parse", "--verify", "HEAD")


def branch() -> str | None:
    """The whole name of the branch that is checked out, such as `refs/heads/main`; None where there is none."""
    done = attempt("symbolic-ref", "--quiet", "HEAD")
    return children.text(done.stdout).removesuffix("\n") or None


def top() -> Path:
    """The root of git's working tree: relative addresses of remotes are from there."""
    return Path(line("rev-parse", "--show-toplevel"))


def prefix() -> str:
    """The working folder as git's root has it, with a slash at the end; empty in the root itself."""
    return line("rev-parse", "--show-prefix")


def changed(*where: Path) -> list[str]:
    """Paths that are not as the last commit has them: changed, staged, or new and not ignored; sorted.

    Also where git was told not to look.
    """
    options = ("--porcelain=v1", "-z", "--no-renames", "--untracked-files=all")
    listed = names("status", *options, "--", *map(str, where))
    now = blobs(unwatched(*where))
    then = files("HEAD") if now else {}
    return sorted({*_from_here(entry[3:] for entry in listed), *(name for name in now if now[name] != then.get(name))})


def unwatched(*where: Path) -> list[str]:
    """Files that are here, and at which git was told not to look, by assume-unchanged or skip-worktree."""
    listed = names("ls-files", "-v", "-z", "--", *map(str, where))
    return [entry[2:] for entry in listed if (entry[0] == "S" or entry[0].islower()) and Path(entry[2:]).is_file()]


def untracked(folder: Path, *where: Path) -> list[str]:
    """Files of a folder that git neither knows nor ignores; sorted."""
    options = ("-z", "--others", "--exclude-standard")
    return sorted(names("ls-files", *options, "--", *map(str, where), folder=folder))


def differing(first: str, second: str, where: Iterable[Path] = ()) -> list[str]:
    """Files that two commits or tags do not have alike; of `where`, or of all that git has."""
    trees = (f"{first}^{{tree}}", f"{second}^{{tree}}")
    return _from_here(names("diff-tree", "-r", "-z", "--name-only", "--no-renames", *trees, "--", *map(str, where)))


def files(commit: str) -> dict[str, str]:
    """Every file that a commit has: name to hash."""
    listed = [entry.partition("\t") for entry in names("ls-tree", "--full-tree", "-r", "-z", commit)]
    return dict(
        zip(_from_here(name for _, _, name in listed), (fields.split()[2] for fields, *_ in listed), strict=True)
    )


def _from_here(found: Iterable[str]) -> list[str]:
    """Names from git's root as they are from the working folder."""
    here = prefix()
    return [name.removeprefix(here) if name.startswith(here) else os.path.relpath(name, here) for name in found]


def kept(*where: Path) -> list[str]:
    """Files of these that the last commit has, from the working folder."""
    return names("ls-tree", "-r", "-z", "--name-only", "HEAD", "--", *map(str, where))


def restore(wanted: Sequence[str]) -> None:
    """Take files from HEAD, into the index as well."""
    if wanted:
        git("checkout", "--quiet", "HEAD", "--", *(f":(literal){name}" for name in wanted))


def commit(message: str, where: Sequence[Path]) -> str | None:
    """Commit these files alone, whatever else is staged; the new commit, or None where none of them changed."""
    present = [path for path in where if path.exists()]
    if not present or not changed(*present):
        return None
    wanted = [str(path) for path in present]
    git(*EVERYWHERE, "add", "--", *wanted)
    try:
        git(*EVERYWHERE, "commit", "--quiet", "--cleanup=whitespace", "--message", message, "--only", "--", *wanted)
    except (ConfigurationError, MachineError):
        git("reset", "--quiet", "--", *wanted)
        raise
    return head()


def inside(name: str) -> Path:
    """A file of git's own, whether it is there or not."""
    return Path(line("rev-parse", "--git-path", name))


def release_dead() -> None:
    """Remove the locks that a git process left which was killed: those that are older than any git which runs."""
    files = [inside(name) for name in ("index.lock", "HEAD.lock", "packed-refs.lock", "config.lock")]
    locks = [lock for lock in [*files, *inside("refs").rglob("*.lock")] if lock.exists()]
    if not locks:
        return
    running = [process.info for process in psutil.process_iter(["name", "create_time"])]
    eldest = min((about["create_time"] for about in running if about["name"] == "git"), default=math.inf)
    for lock in locks:
        with suppress(FileNotFoundError):
            if lock.stat().st_mtime + DRIFT < eldest:
                lock.unlink()


def has(path: Path) -> bool:
    """Whether the last commit has a file or folder."""
    return bool(names("ls-tree", "-z", "HEAD", "--", str(path)))


def tags(beginning: str) -> dict[str, str]:
    """Tags whose names begin so: name to the hash of what it names."""
    listed = git("for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", "refs/tags").splitlines()
    found = (entry.partition(" ") for entry in listed)
    return {name: named for named, _, name in found if name.startswith(beginning)}


def resolved(name: str) -> str | None:
    """The commit behind a ref; None where there is no such ref."""
    done = attempt("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    return children.text(done.stdout).strip() or None


def blobs(wanted: Sequence[str]) -> dict[str, str]:
    """What git would keep of each file of the working folder: name to hash; those that are there."""
    present = [name for name in wanted if Path(name).is_file()]
    return dict(zip(present, git("hash-object", "--", *present).split(), strict=True)) if present else {}


def contents(wanted: Iterable[str]) -> list[str | None]:
    """The hash of the content of each `commit:./path`, seen from here; None where the commit has no such file."""
    asked = "".join(f"{name}\n" for name in wanted).encode()
    listed = git("cat-file", "--batch-check=%(objectname) %(objecttype)", given=asked).splitlines()
    return [entry.split()[0] if entry.endswith(" blob") else None for entry in listed]


def show(commit: str, path: Path) -> str | None:
    """A file as a commit has it; None where it has none, or where the commit is not here."""
    done = attempt("cat-file", "blob", f"{commit}:./{path}")
    return None if done.returncode else children.text(done.stdout)


def commits_of(*where: Path) -> list[str]:
    """Commits before HEAD that changed files, the newest first; none where there are none, or no repository."""
    return git("rev-list", "HEAD", "--", *map(str, where)).split() if resolved("HEAD") else []
