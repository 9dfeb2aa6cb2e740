"""The branch and the tags of rounds at the remote, all or nothing, and looked for there afterwards."""

import os
import re
import subprocess
from collections.abc import Sequence
from typing import NamedTuple

from numerai_rounds.base.errors import ConfigurationError, RoundsError, ServiceError, some
from numerai_rounds.io.machine import children
from numerai_rounds.io.repository import destination, git
from numerai_rounds.io.repository.destination import Destination

ROUND = re.compile(r"round-\d+(\.\d+)?(-.+)?")
"""Names of tags that a run makes; others are nobody's business."""

TAGS = "refs/tags/"

REFUSED = re.compile(r"^!\t[^:\t]*:(?P<ref>[^\t]*)\t(?P<why>.*)$", re.MULTILINE)
"""What `git push --porcelain` says of a ref that was not pushed."""

ATOMIC = re.compile(r"atomic (push|transaction) fail")
"""Of a ref that another one kept from being pushed."""


class Remedy(NamedTuple):
    """What to do where git's words fit a pattern; `passing` where the same command may do it later."""

    pattern: "re.Pattern[str]"
    advice: str
    passing: bool = False


OF_REFS = (
    Remedy(
        re.compile(r"refs/tags/.*already exists"),
        "Another clone tagged the round first: `git fetch --tags --force {remote}` takes its tags, then run again.",
    ),
    Remedy(
        re.compile(r"fetch first|non-fast-forward|stale info"),
        "The remote has commits that are not here: run `git pull --rebase {remote} {branch}`, then the same again.",
    ),
    Remedy(
        re.compile(r"checked out"),
        "The remote is somebody's working folder with this branch checked out: push to a bare repository.",
    ),
    Remedy(
        re.compile(r"protected|GH006|GH013|rule violations", re.IGNORECASE),
        "The branch is protected there: allow these pushes, or push to another branch, then run the same again.",
    ),
    Remedy(
        re.compile(r"shallow update"),
        "This clone is shallow, and the remote lacks what is older: run `git fetch --unshallow`, then the same again.",
    ),
    Remedy(
        re.compile(r"unable to create temporary object|insufficient permission", re.IGNORECASE),
        "The repository there cannot be written to: ask who keeps it for the right to, then run the same again.",
    ),
    Remedy(
        re.compile(r"hook declined|declined", re.IGNORECASE),
        "A hook of the remote refuses it: do what it says, or ask who keeps it, then run the same again.",
    ),
)
"""About refs that the remote was asked for and did not take."""

OF_CONNECTIONS = (
    Remedy(
        re.compile(r"dubious ownership"),
        "The repository there is another user's: `git config --global --add safe.directory FOLDER` trusts its folder.",
    ),
    Remedy(
        re.compile(
            r"could not resolve|name resolution|timed? ?out|connection (refused|reset|closed)|unreachable"
            r"|no route|failed to connect|could not connect|couldn't connect|returned error: 5|early EOF"
            r"|hung up|temporar",
            re.IGNORECASE,
        ),
        "The remote cannot be reached: run the same again later; `git ls-remote {remote}` tries it.",
        passing=True,
    ),
    Remedy(
        re.compile(
            r"authentication|could not read (username|password)|permission denied|access denied|not authori[sz]ed"
            r"|denied to|publickey|host key|returned error: 40[13]|invalid (username|password|credentials)",
            re.IGNORECASE,
        ),
        "The remote takes no credentials that git has without asking: give it a credential helper or a key without a "
        "passphrase; `git ls-remote {remote}` tries them.",
    ),
    Remedy(
        re.compile(r"not found|does not (appear to be|exist)|not appear to be", re.IGNORECASE),
        "There is no repository at the address, or it is hidden from these credentials: `git remote --verbose` shows "
        "the address.",
    ),
)
"""About a remote that did not get as far; the first that fits."""

OTHER = Remedy(re.compile(""), "Put right what git says, then run the same again.", passing=True)
OF_HOOK = Remedy(
    re.compile(""), "The hook pre-push of this repository refuses it: do what it says, then run the same again."
)


def push(names: Sequence[str]) -> str | None:
    """Push the branch, these tags, and those of earlier rounds that the remote lacks; where to, None without remotes.

    The remote is asked afterwards whether it has them. ServiceError where another attempt may help, ConfigurationError
    where a person has to do something first; both with git's own reason.
    """
    where = destination.find()
    if where is None:
        return None
    wanted = _wanted(where, names)
    known = [_refs(where, place) for place in where.places]
    lacking = {ref for refs in known for ref, named in wanted.items() if ref not in refs}
    due = {where.branch, *(TAGS + name for name in names), *lacking}
    if any(refs.get(ref) != wanted[ref] for refs in known for ref in due):
        _push(where, sorted(due - {where.branch}))
        for place in where.places:
            _check(where, place, {ref: wanted[ref] for ref in due})
    return where.title


def _wanted(where: Destination, names: Sequence[str]) -> dict[str, str]:
    """What the remote should have: ref to the hash that it names."""
    tags = {name: named for name, named in git.tags("round-").items() if name in names or ROUND.fullmatch(name)}
    return {where.branch: git.head()} | {TAGS + name: named for name, named in tags.items()}


def _refs(where: Destination, place: str) -> dict[str, str]:
    """The branch and the tags of rounds that are at a place: ref to hash."""
    done = git.attempt("ls-remote", place, where.branch, f"{TAGS}round-*")
    if done.returncode:
        raise _failure(where, f"git ls-remote of {where.told(place)} failed: {git.reason(done)}", OF_CONNECTIONS)
    listed = (entry.split("\t") for entry in children.text(done.stdout).splitlines())
    return {ref: named for named, ref in listed}


def _push(where: Destination, tags: Sequence[str]) -> None:
    refspecs = [f"HEAD:{where.branch}", *(f"{ref}:{ref}" for ref in tags)]
    # A mirror gets no more than any remote, and loses nothing that is there alone.
    single = ("-c", f"remote.{where.remote}.mirror=false") if destination.is_mirror(where.remote) else ()
    command = (*single, "push", "--porcelain", "--no-follow-tags")
    done = git.attempt(*command, "--atomic", where.remote, *refspecs)
    if done.returncode and b"does not support --atomic" in done.stderr:
        done = git.attempt(*command, where.remote, *refspecs)
    if done.returncode:
        raise _refusal(where, done)


def _refusal(where: Destination, done: "subprocess.CompletedProcess[bytes]") -> RoundsError:
    """The error of a push that failed, by what git says of each ref, or of the remote."""
    told = git.plain(done.stdout)
    refused = {found["ref"]: found["why"] for found in REFUSED.finditer(told) if not ATOMIC.search(found["why"])}
    words = some(f"{ref} {why}" for ref, why in refused.items())
    said = "; ".join(filter(None, [words, git.reason(done)]))
    text = f"git push to {where.title} failed: {said}"
    if refused:
        return _failure(where, text, OF_REFS, subject=f"{words} {git.reason(done)}")
    if "fatal:" not in git.plain(done.stderr) and os.access(git.inside("hooks/pre-push"), os.X_OK):
        return _failure(where, text, (OF_HOOK,))
    return _failure(where, text, OF_CONNECTIONS)


def _failure(where: Destination, text: str, remedies: Sequence[Remedy], subject: str = "") -> RoundsError:
    remedy = next((remedy for remedy in remedies if remedy.pattern.search(subject or text)), OTHER)
    advice = remedy.advice.format(remote=git.PASSWORD.sub("", where.remote), branch=where.short)
    kind = ServiceError if remedy.passing else ConfigurationError
    return kind(f"{text.rstrip('.')}. The round is committed here. {advice}")


def _check(where: Destination, place: str, expected: dict[str, str]) -> None:
    """Look whether a place has what was pushed there; ServiceError where it has not."""
    found = _refs(where, place)
    absent = [ref for ref, named in expected.items() if found.get(ref) != named]
    if absent:
        raise ServiceError(
            f"git pushed to {where.title}, but {where.told(place)} does not show {some(absent)} as they are here. "
            "The round is committed here. Run the same again."
        )
