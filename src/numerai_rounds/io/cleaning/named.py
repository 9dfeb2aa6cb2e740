"""What the commits of a repository name: outputs by their md5, of every dvc.lock that some commit has."""

import re
from pathlib import Path
from typing import NamedTuple

from numerai_rounds.io.dvc import lockfile
from numerai_rounds.io.files import paths
from numerai_rounds.io.files.dvc_lock import DvcLock
from numerai_rounds.io.repository import committed, git

MD5 = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?:\.dir)?(?![0-9a-f])")
ENDS = (".dvc", paths.LOCK.name)
"""Of the names of files in which DVC names what it keeps."""


class Named(NamedTuple):
    """A dvc.lock, and the commits that have it; none of those of a working folder."""

    lock: DvcLock
    commits: list[str]


class Locks(NamedTuple):
    """Every dvc.lock of this pipeline, in git and in working folders."""

    committed: list[Named]
    current: list[DvcLock]
    """Of HEAD and of the working folder, here and in the other working folders of this repository."""
    broken: list[str]
    """Commits, and files, whose dvc.lock cannot be read."""


def locks() -> Locks:
    """Every dvc.lock; ConfigurationError outside of a git repository."""
    found, current, broken = [], [], []
    heads, working = _working_folders()
    for text, commits in committed.versions(paths.LOCK).items():
        lock = lockfile.accepted(text)
        if lock is None:
            broken.append(commits[0][:7])
            continue
        found.append(Named(lock, commits))
        if heads.intersection(commits):
            current.append(lock)
    for folder in working:
        path = folder / paths.LOCK
        if path.exists():
            lock = lockfile.accepted(path.read_text(encoding="utf-8", errors="replace"))
            if lock is None:
                broken.append(str(path))
            else:
                current.append(lock)
    return Locks(found, current, broken)


def elsewhere() -> set[str]:
    """Every md5 that another file of DVC names, in a commit or here: `dvc add`, and other pipelines."""
    own = git.prefix() + str(paths.LOCK)
    texts = [text for name, text in committed.texts_ending(*ENDS).items() if name.rpartition("@")[0] != own]
    listed = git.names("ls-files", "-z", "--cached", "--others", "--", *(f"*{end}" for end in ENDS))
    here = [Path(name) for name in listed if name != str(paths.LOCK)]
    texts += [path.read_text(encoding="utf-8", errors="replace") for path in here if path.is_file()]
    return {found for text in texts for found in MD5.findall(text)}


def _working_folders() -> tuple[set[str], list[Path]]:
    """Commits that are checked out, and the folder of this project in each working folder of the repository."""
    prefix = git.prefix()
    heads, folders = set(), [Path()]
    for line in git.git("worktree", "list", "--porcelain").splitlines():
        kind, _, value = line.partition(" ")
        if kind == "HEAD":
            heads.add(value)
        elif kind == "worktree":
            folders.append(Path(value) / prefix)
    return heads, folders
