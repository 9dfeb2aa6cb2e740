"""What a run needs of git, each failure a sentence."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from numerai_rounds.base.errors import ConfigurationError, ServiceError


def git(*arguments: str, environment: Mapping[str, str] | None = None, folder: Path | None = None) -> str:
    """Run git, in `folder` if given, and return what it printed; ConfigurationError with git's own words."""
    environment = {**(environment or os.environ), "GIT_TERMINAL_PROMPT": "0"}
    command = ["git", "-c", "commit.gpgsign=false", "-c", "tag.gpgsign=false", *arguments]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL, cwd=folder
    )
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split()) or "it said nothing"
        hint = " Clone the project instead of copying its files." if "not a git repository" in said else ""
        raise ConfigurationError(f"git {_verb(arguments)} failed: {said.rstrip('.')}.{hint}")
    return done.stdout


def _verb(arguments: Sequence[str]) -> str:
    return next(argument for argument in arguments if not argument.startswith("-"))


def head() -> str:
    """The commit that is checked out, in hex."""
    return git("rev-parse", "--verify", "HEAD").strip()


def changed(*where: Path) -> list[str]:
    """Paths that are not as the last commit has them: changed, staged, or new and not ignored; sorted.

    From the working folder, which may be a folder of the git repository.
    """
    listed = git("status", "--porcelain=v1", "-z", "--untracked-files=all", "--", *map(str, where)).split("\0")
    prefix = git("rev-parse", "--show-prefix").strip()
    names, entries = set(), iter(listed)
    for entry in entries:
        if entry:
            names.add(entry[3:].removeprefix(prefix))
            if "R" in entry[:2]:
                names.add(next(entries).removeprefix(prefix))
    return sorted(names)


def untracked(folder: Path, *where: Path) -> list[str]:
    """Files of a folder that git neither knows nor ignores; sorted."""
    listed = git("ls-files", "-z", "--others", "--exclude-standard", "--", *map(str, where), folder=folder)
    return sorted(filter(None, listed.split("\0")))


def commit(message: str, files: Sequence[Path]) -> str | None:
    """Commit these files alone, whatever else is staged; the new commit, or None where none of them changed."""
    present = [path for path in files if path.exists()]
    if not present or not changed(*present):
        return None
    names = [str(path) for path in present]
    git("add", "--", *names)
    try:
        git("commit", "--quiet", "--message", message, "--only", "--", *names)
    except ConfigurationError:
        git("reset", "--quiet", "--", *names)
        raise
    return head()


def inside(name: str) -> Path:
    """A file of git's own, whether it is there or not."""
    return Path(git("rev-parse", "--git-path", name).strip())


def release_dead() -> None:
    """Remove the locks that a git process left which was killed; none is touched while any git runs."""
    files = [inside(name) for name in ("index.lock", "HEAD.lock", "packed-refs.lock", "config.lock")]
    locks = [lock for lock in [*files, *inside("refs").rglob("*.lock")] if lock.exists()]
    if locks and not any(process.info["name"] == "git" for process in psutil.process_iter(["name"])):
        for lock in locks:
            lock.unlink(missing_ok=True)


def has(path: Path) -> bool:
    """Whether the last commit has a file or folder."""
    return bool(git("ls-tree", "--name-only", "HEAD", "--", str(path)).strip())


def push(names: Sequence[str]) -> str | None:
    """Push the branch and tags to its remote, all or nothing; the remote, or None where there is none.

    ServiceError where the remote refuses or cannot be reached.
    """
    remotes = git("remote").split()
    if not remotes:
        return None
    branch = git("rev-parse", "--abbrev-ref", "HEAD").strip()
    configured = git("config", "--default", "", f"branch.{branch}.remote").strip()
    remote = configured or ("origin" if "origin" in remotes else remotes[0])
    if branch == "HEAD":
        raise ConfigurationError("no branch is checked out, so there is none to push: `git switch` to one first.")
    try:
        git(
            "push",
            "--quiet",
            "--atomic",
            "--follow-tags",
            remote,
            f"HEAD:refs/heads/{branch}",
            *(f"refs/tags/{name}" for name in names),
        )
    except ConfigurationError as error:
        raise ServiceError(
            f"{error} The round is committed here. Run `git pull --rebase`, then the same again."
        ) from None
    return remote


def tags(pattern: str) -> list[str]:
    """Tags that fit a pattern such as `round-*`."""
    return git("tag", "--list", pattern).split()


def names(*arguments: str) -> list[str]:
    """What a command of git lists under `-z`."""
    return [name for name in git(*arguments).split("\0") if name]


def resolved(name: str) -> str | None:
    """The commit behind a ref; None where there is no such ref."""
    done = subprocess.run(
        ["git", "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"], check=False, capture_output=True, text=True
    )
    return done.stdout.strip() or None


def blobs(files: Sequence[str]) -> dict[str, str]:
    """What git would keep of each file of the working folder: name to hash; those that are there."""
    present = [name for name in files if Path(name).is_file()]
    return dict(zip(present, git("hash-object", "--", *present).split(), strict=True)) if present else {}


def show(commit: str, path: Path) -> str | None:
    """A file as a commit has it; None where it has none, or where the commit is not here."""
    done = subprocess.run(["git", "show", f"{commit}:./{path}"], check=False, capture_output=True, text=True)
    return None if done.returncode else done.stdout


def changes_of(path: Path) -> list[str]:
    """The last two commits that changed a file, the newest first; fewer where there are no more, or no repository."""
    done = subprocess.run(
        ["git", "log", "--max-count=2", "--format=%H", "--", str(path)], check=False, capture_output=True, text=True
    )
    return [] if done.returncode else done.stdout.split()
