"""The rounds that the commits before HEAD hold, whoever made them: with as many processes for one as for thousands."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import yaml

from numerai_rounds.io.files import dvc_lock, paths
from numerai_rounds.io.repository import git


class Pinned(NamedTuple):
    """A pinned round; None is what the pins do not say."""

    source: str | None
    number: int | None


def rounds() -> dict[int, str]:
    """The newest commit of each round whose predictions a commit before HEAD holds.

    A commit holds the round that its dvc.lock predicted, or, without a dvc.lock, the one that conf/round.yaml pins
    beside scores. ConfigurationError outside of a git repository.
    """
    commits = _commits()
    columns = [
        git.contents(f"{commit}:./{path}" for commit in commits) for path in (paths.LOCK, paths.ROUND, paths.SCORES)
    ]
    texts = _texts(columns[0] + columns[1])
    found: dict[int, str] = {}
    for commit, lock, pins, scores in zip(commits, *columns, strict=True):
        if lock:
            number = dvc_lock.predicted_in(texts[lock])
        else:
            number = pinned(texts.get(pins or "", "")).number if scores else None
        if number is not None:
            found.setdefault(number, commit)
    return found


def versions(path: Path) -> dict[str, list[str]]:
    """Every text that a file has in some commit, and the commits: of branches, tags, experiments, stashes, reflogs.

    ConfigurationError outside of a git repository.
    """
    commits = git.git("rev-list", "--all", "--reflog").split()
    names = git.contents(f"{commit}:./{path}" for commit in commits)
    texts = _texts(names)
    found: dict[str, list[str]] = {}
    for commit, name in zip(commits, names, strict=True):
        if name is not None:
            found.setdefault(texts[name], []).append(commit)
    return found


def texts_ending(*ends: str) -> dict[str, str]:
    """Path from git's root, and text, of every content of a file with such a name, in any commit or staged."""
    listed = git.git("rev-list", "--objects", "--all", "--reflog", "--indexed-objects")
    named = [line.split(" ", 1) for line in listed.splitlines() if line.endswith(ends)]
    texts = _texts(name for name, _ in named)
    return {f"{path}@{name}": texts[name] for name, path in named}


def sources(commits: Sequence[str]) -> list[str | None]:
    """Where the data of the round of each commit or tag are from, such as `numerai`; None where it does not tell."""
    names = git.contents(f"{commit}:./{paths.ROUND}" for commit in commits)
    texts = _texts(names)
    return [pinned(texts.get(name or "", "")).source for name in names]


def _commits() -> list[str]:
    """Commits before HEAD that changed a round or its scores, the newest first; none where nothing is committed."""
    git.git("rev-parse", "--git-dir")
    return git.commits_of(paths.LOCK, paths.ROUND, paths.SCORES)


def _texts(names: Iterable[str | None]) -> dict[str, str]:
    """The text of each content, by its name."""
    asked = "".join(f"{name}\n" for name in dict.fromkeys(names) if name).encode()
    answer, place, found = git.output("cat-file", "--batch", given=asked), 0, {}
    while place < len(answer):
        end = answer.index(b"\n", place)
        name, _, size = answer[place:end].decode().split()
        place = end + 2 + int(size)
        found[name] = answer[end + 1 : place - 1].decode("utf-8", "replace")
    return found


def pinned(text: str) -> Pinned:
    """Which round a conf/round.yaml pins."""
    try:
        section = yaml.safe_load(text)["round"]
        source, number = section.get("source"), section.get("number")
    except (yaml.YAMLError, AttributeError, KeyError, TypeError):
        return Pinned(None, None)
    return Pinned(source if isinstance(source, str) else None, number if isinstance(number, int) else None)
