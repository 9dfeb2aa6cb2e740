"""What the commits of a repository name: outputs by their md5, of every dvc.lock that some commit has."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from dvc.schema import COMPILED_LOCKFILE_SCHEMA
from voluptuous import Invalid

from numerai_rounds.io.files import paths, yaml_files
from numerai_rounds.io.repository import committed, git

MD5 = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?:\.dir)?(?![0-9a-f])")
ENDS = (".dvc", paths.LOCK.name)
"""Of the names of files in which DVC names what it keeps."""


class Output(NamedTuple):
    """An output as a dvc.lock names it."""

    path: str
    md5: str
    size: int | None


class Lock(NamedTuple):
    """A dvc.lock, and the commits that have it; none of those of a working folder."""

    stages: Mapping[str, Any]
    commits: list[str]

    def outputs(self) -> Iterator[tuple[str, Output]]:
        """Stage and output; what git keeps is among them."""
        for name, stage in self.stages.items():
            for out in stage.get("outs", []):
                if "md5" in out:
                    yield name, Output(out["path"], out["md5"], out.get("size"))


class Locks(NamedTuple):
    """Every dvc.lock of this pipeline, in git and in working folders."""

    committed: list[Lock]
    current: list[Lock]
    """Of HEAD and of the working folder, here and in the other working folders of this repository."""
    broken: list[str]
    """Commits, and files, whose dvc.lock cannot be read."""


def locks() -> Locks:
    """Every dvc.lock; ConfigurationError outside of a git repository."""
    found, current, broken = [], [], []
    heads, working = _working_folders()
    for text, commits in committed.versions(paths.LOCK).items():
        stages = _stages(text)
        if stages is None:
            broken.append(commits[0][:7])
            continue
        found.append(Lock(stages, commits))
        if heads.intersection(commits):
            current.append(found[-1])
    for folder in working:
        path = folder / paths.LOCK
        if path.exists():
            stages = _stages(path.read_text(encoding="utf-8", errors="replace"))
            if stages is None:
                broken.append(str(path))
            else:
                current.append(Lock(stages, []))
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


def _stages(text: str) -> Mapping[str, Any] | None:
    """The stages of a dvc.lock; None where it is none."""
    try:
        content = COMPILED_LOCKFILE_SCHEMA(yaml_files.of_dvc(text))
    except (yaml.YAMLError, Invalid):
        return None
    stages: Mapping[str, Any] = content.get("stages", {})
    return stages
