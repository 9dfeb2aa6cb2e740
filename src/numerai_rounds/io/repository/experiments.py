"""DVC's experiments, as git holds them: refs/exps/<first 2 of the baseline>/<other 38>/<name>."""

import re
from pathlib import Path
from typing import Any

import yaml

from numerai_rounds.base.errors import ConfigurationError, one_of, some
from numerai_rounds.io.files import paths
from numerai_rounds.io.machine.process import COPIES
from numerai_rounds.io.repository.git import git, head
from numerai_rounds.io.repository.ingredients import untracked


def commit_of(name: str) -> str:
    """The commit that holds an experiment: the one on top of HEAD, or the only one of that name.

    ConfigurationError where there is none, or several and none on top of HEAD.
    """
    found = re.findall(
        r"^refs/exps/(..)/(.{38})/(.+)$", git("for-each-ref", "--format=%(refname)", "refs/exps"), re.MULTILINE
    )
    baselines = [first + rest for first, rest, named in found if named == name]
    if not baselines:
        names = {named for _, _, named in found}
        hint = one_of(name, names) if names else "there are none yet: `dvc exp run --name NAME -S key=value`."
        raise ConfigurationError(f"there is no experiment {name!r}; {hint}")
    here = head()
    if here not in baselines and len(baselines) > 1:
        raise ConfigurationError(
            f"{name!r} names an experiment on each of the commits {some(commit[:7] for commit in baselines)}. "
            "Switch to the one you mean, or apply it with `dvc exp apply` and name no experiment."
        )
    baseline = here if here in baselines else baselines[0]
    return git("rev-parse", "--verify", f"refs/exps/{baseline[:2]}/{baseline[2:]}/{name}").strip()


def params_of(name: str) -> dict[str, Any]:
    """The params.yaml of an experiment; ConfigurationError as `commit_of`."""
    return dict(yaml.safe_load(git("cat-file", "blob", f"{commit_of(name)}:./{paths.PARAMS}")))


def check_tracked() -> None:
    """Refuse an experiment made of files that git does not know: its commit would be without them.

    Where DVC runs it in a copy of the working folder, which does not have them, it is that folder that is looked at.
    """
    here = Path.cwd().as_posix()
    folder = Path(here.partition(f"/{COPIES}")[0])
    loose = untracked(folder)
    if loose:
        raise ConfigurationError(
            f"git does not know {some(loose)}, so the experiment would be kept without "
            f"{'it' if len(loose) == 1 else 'them'}: commit {'it' if len(loose) == 1 else 'them'} first."
        )
