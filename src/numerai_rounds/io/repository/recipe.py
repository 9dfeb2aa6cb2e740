"""Whether what dvc.lock records is what there is: then the commit that holds both makes the recorded outputs again."""

import os
from collections.abc import Callable, Iterator
from typing import Any

from dvc.dependency.param import ParamsDependency
from dvc.exceptions import DvcException
from dvc.fs import GitFileSystem
from dvc.repo import Repo
from dvc.scm import SCM

from numerai_rounds.base.errors import ConfigurationError
from numerai_rounds.io.repository import git


def changed(commit: str | None = None) -> list[str]:
    """What is other than dvc.lock has it: code, requirements.lock, parameters, commands, one stage's output in another.

    In the working folder, or as a commit has all of it. DVC itself compares, so that files, folders and what
    .dvcignore leaves out are hashed as they were when a stage ran. The data are not looked at: they follow.
    Sorted; empty where dvc.lock tells the truth. Raises ConfigurationError where DVC cannot read it.
    """
    try:
        with Repo() if commit is None else _at(commit) as repo:
            stages = list(repo.index.stages)
            outputs = {out.def_path: out.hash_info for stage in stages for out in stage.outs}
            return sorted({name for stage in stages if _is_repeatable(stage) for name in _of(stage, outputs)})
    except DvcException as error:
        where = f" of {commit[:7]}" if commit is not None else ""
        raise ConfigurationError(f"DVC cannot compare dvc.lock{where} with what there is: {error}") from None


class _Committed(GitFileSystem):  # type: ignore[misc]  # DVC has no types
    """The files of a commit, without those that .dvcignore leaves out: where DVC hashes git's, it does not ask."""

    ignored: Callable[[str, list[str], list[str]], tuple[list[str], list[str]]] | None = None

    def walk(self, path: str, **options: Any) -> Iterator[tuple[str, Any, Any]]:
        """Every folder below one, with its folders and files; taken away in place, so that none is gone into."""
        for root, folders, files in super().walk(path, **options):
            if self.ignored is not None and options.get("detail"):
                for names, kept in zip((folders, files), self.ignored(root, [*folders], [*files]), strict=True):
                    for name in set(names).difference(kept):
                        del names[name]
            yield root, folders, files


def _at(commit: str) -> Repo:
    """The repository as a commit has it; git's own root, which DVC would take, may be a folder above."""
    scm = SCM(os.curdir)
    here = "/" + git.prefix().rstrip("/")
    files = _Committed(scm=scm, rev=commit)
    repo = Repo(here, fs=files, scm=scm)
    files.ignored = repo.dvcignore
    return repo


def _is_repeatable(stage: Any) -> bool:
    """Whether a stage has a command that dvc.lock tells about; a file under `dvc add` has none."""
    return bool(stage.cmd) and not stage.always_changed


def _of(stage: Any, outputs: dict[str, Any]) -> Iterator[str]:
    if stage.cmd_changed:
        yield f"the command of {stage.addressing}"
    for dependency in stage.deps:
        name = dependency.def_path
        if isinstance(dependency, ParamsDependency):
            for values in dependency.workspace_status().values():
                yield from values if isinstance(values, dict) else [name]
        elif name in outputs:
            if outputs[name] != dependency.hash_info:
                yield name
        elif not any(name.startswith(f"{output}/") for output in outputs) and dependency.workspace_status():
            yield name
