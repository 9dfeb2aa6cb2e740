"""Where a push of the branch goes: what git's own configuration says, asked before anything is pushed."""

import fnmatch
import re
from pathlib import Path
from typing import NamedTuple

from numerai_rounds.base.errors import ConfigurationError, some
from numerai_rounds.io.machine import children
from numerai_rounds.io.repository import git

HEADS = "refs/heads/"
HERE = "."
"""A remote of this name is the repository itself."""

ADDRESS = re.compile(r"[/:.]")
"""What has none of these is the name of a remote, not an address."""


class Destination(NamedTuple):
    """A remote, by its name or address; what `git ls-remote` takes for each place that a push goes to; the branch."""

    remote: str
    places: tuple[str, ...]
    branch: str
    """Its whole name there."""

    @property
    def short(self) -> str:
        """The branch as people write it."""
        return self.branch.removeprefix(HEADS)

    @property
    def title(self) -> str:
        """Remote and branch, such as `origin/main`."""
        return f"{self.told(self.remote)}/{self.short}"

    def told(self, place: str) -> str:
        """A place without its password; by the name of the remote where that has no other."""
        return git.PASSWORD.sub("", self.remote if len(self.places) == 1 else place)


def find() -> Destination | None:
    """Where `git push` would push the branch that is checked out; None where git has no remote.

    ConfigurationError, with the ways out, where no branch is checked out, where git would push it nowhere, or into
    this same repository.
    """
    remotes = git.git("remote").split()
    branch = git.branch()
    if branch is None:
        raise ConfigurationError("--push needs a branch, and none is checked out: `git switch` to one.")
    follows = git.setting(f"branch.{branch.removeprefix(HEADS)}.remote")
    if not remotes and follows in ("", HERE):
        return None
    fetches = follows or _only(remotes)
    remote = _asked(branch) or fetches
    if remote is None:
        raise ConfigurationError(
            f"--push does not know which of the remotes {some(sorted(remotes))} to push to: "
            "`git config remote.pushDefault NAME` says it."
        )
    addresses = _addresses(remote, "--push") if remote in remotes else [remote]
    if remote not in remotes and not ADDRESS.search(remote):
        raise ConfigurationError(
            f"--push would push to {remote!r}, which is no remote of git's: it has {some(sorted(remotes)) or 'none'}. "
            "`git config remote.pushDefault NAME` names another."
        )
    if any(map(_is_here, addresses)):
        raise ConfigurationError(
            f"--push would push {branch.removeprefix(HEADS)} into this repository itself: git has {remote!r} as its "
            "remote. `git config remote.pushDefault NAME` names another."
        )
    is_asked_by_name = remote in remotes and addresses == _addresses(remote)[:1]
    places = (remote,) if is_asked_by_name else tuple(addresses)
    return Destination(remote, places, _branch_there(branch, remote, fetches))


def is_mirror(remote: str) -> bool:
    """Whether git makes a remote the same as here in everything, whatever its rules for branches are."""
    return git.line("config", "--type=bool", "--default=false", "--get", f"remote.{remote}.mirror") == "true"


def _addresses(remote: str, *options: str) -> list[str]:
    return git.git("remote", "get-url", *options, "--all", remote).splitlines()


def _only(remotes: list[str]) -> str | None:
    """The remote of a branch for which none is configured."""
    return "origin" if "origin" in remotes else remotes[0] if len(remotes) == 1 else None


def _asked(branch: str) -> str | None:
    """The remote that a person chose for pushing, or for the branch."""
    return git.line("for-each-ref", "--format=%(push:remotename)", branch) or git.setting("remote.pushDefault") or None


def _branch_there(branch: str, remote: str, fetches: str | None) -> str:
    """What the branch is called at the remote, by its refspecs, or else by push.default."""
    short = branch.removeprefix(HEADS)
    refspecs = git.attempt("config", "--get-all", f"remote.{remote}.push")
    listed = children.text(refspecs.stdout).splitlines()
    if listed:
        return _by_refspec(branch, remote, listed)
    if is_mirror(remote):
        return branch
    rule = git.setting("push.default") or "simple"
    upstream = git.setting(f"branch.{short}.merge")
    if rule == "nothing":
        raise ConfigurationError(
            "--push pushes nothing while git's push.default is `nothing`: "
            f"`git config remote.{remote}.push {branch}:{branch}` says what goes where."
        )
    if rule in ("upstream", "tracking"):
        if remote != fetches or not upstream:
            raise ConfigurationError(
                f"--push has no branch of {remote} to push to: git's push.default is {rule}, and {short} follows none "
                f"there. `git branch --set-upstream-to {remote}/BRANCH` names one."
            )
        return upstream
    if rule == "simple" and remote == fetches and upstream not in ("", branch):
        raise ConfigurationError(
            f"--push does not know where to: {short} follows {upstream.removeprefix(HEADS)} of {remote}, and git's "
            f"push.default, simple, pushes to no other name. `git config push.default upstream` pushes it there, "
            f"`git config push.default current` to {short}."
        )
    return branch


def _by_refspec(branch: str, remote: str, refspecs: list[str]) -> str:
    """The right side of the first refspec that the branch fits; without one, git would not push it."""
    short = branch.removeprefix(HEADS)
    for refspec in refspecs:
        ours, _, theirs = refspec.lstrip("+").partition(":")
        if not ours or ours in (branch, branch.removeprefix("refs/"), short, "HEAD", "@"):
            return (theirs if theirs.startswith("refs/") else HEADS + theirs) if theirs else branch
        if "*" in ours and fnmatch.fnmatchcase(branch, ours):
            before, _, after = ours.partition("*")
            return theirs.replace("*", branch[len(before) : len(branch) - len(after)]) if theirs else branch
    raise ConfigurationError(
        f"--push has no branch of {remote} to push to: remote.{remote}.push names {some(refspecs)}, and not {short}. "
        f"`git config --add remote.{remote}.push {branch}:{branch}` adds it."
    )


def _is_here(address: str) -> bool:
    """Whether an address is this repository: its folder, git's own in it, or another working folder of it."""
    folder = git.top() / address.removeprefix("file://")
    if not folder.is_dir():
        return False
    there = git.attempt("rev-parse", "--git-common-dir", folder=folder)
    if there.returncode:
        return False
    own, other = git.line("rev-parse", "--git-common-dir"), children.text(there.stdout).removesuffix("\n")
    return Path(own).samefile(folder / other)
