"""What a run needs of git, each failure a sentence."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from numerai_rounds.base.errors import ConfigurationError, ServiceError


def git(*arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """Run git and return what it printed; ConfigurationError with git's own words where it fails."""
    done = subprocess.run(["git", *arguments], check=False, capture_output=True, text=True, env=environment)
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())
        raise ConfigurationError(f"git {arguments[0]} failed: {said or 'it said nothing'}. Run this in the repository.")
    return done.stdout


def head() -> str:
    """The commit that is checked out, in hex."""
    return git("rev-parse", "--verify", "HEAD").strip()


def changed(*where: Path) -> list[str]:
    """Paths that are not as the last commit has them: changed, staged, or new and not ignored; sorted."""
    listed = git("status", "--porcelain=v1", "-z", "--untracked-files=all", "--", *map(str, where)).split("\0")
    names, entries = set(), iter(listed)
    for entry in entries:
        if entry:
            names.add(entry[3:])
            if "R" in entry[:2]:
                names.add(next(entries))
    return sorted(names)


def commit(message: str, files: Sequence[Path]) -> str | None:
    """Commit these files alone, whatever else is staged; the new commit, or None where none of them changed."""
    present = [path for path in files if path.exists()]
    if not present or not changed(*present):
        return None
    names = [str(path) for path in present]
    git("add", "--", *names)
    git("commit", "--quiet", "--message", message, "--only", "--", *names)
    return head()


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
            "push", "--quiet", "--atomic", remote, f"HEAD:refs/heads/{branch}", *(f"refs/tags/{name}" for name in names)
        )
    except ConfigurationError as error:
        raise ServiceError(
            f"{error} The round is committed here. Run `git pull --rebase`, then the same again."
        ) from None
    return remote


def tags(pattern: str) -> list[str]:
    """Tags that fit a pattern such as `round-*`."""
    return git("tag", "--list", pattern).split()


def show(commit: str, path: Path) -> str | None:
    """A file as a commit has it; None where it has none, or where the commit is not here."""
    done = subprocess.run(["git", "show", f"{commit}:{path}"], check=False, capture_output=True, text=True)
    return None if done.returncode else done.stdout
