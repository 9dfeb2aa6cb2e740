"""DVC's experiments, as git holds them: refs/exps/<first 2 of the baseline>/<other 38>/<name>."""

import re
import subprocess
from typing import Any

import yaml

from numerai_rounds.base.errors import ConfigurationError, one_of, some
from numerai_rounds.io import paths


def params_of(name: str) -> dict[str, Any]:
    """The params.yaml of an experiment: the one on top of HEAD, or the only one of that name.

    ConfigurationError where there is none, or several and none on top of HEAD.
    """
    found = re.findall(
        r"^refs/exps/(..)/(.{38})/(.+)$", _git("for-each-ref", "--format=%(refname)", "refs/exps"), re.MULTILINE
    )
    baselines = [first + rest for first, rest, named in found if named == name]
    if not baselines:
        names = {named for _, _, named in found}
        hint = one_of(name, names) if names else "there are none yet: `dvc exp run --name NAME -S key=value`."
        raise ConfigurationError(f"there is no experiment {name!r}; {hint}")
    head = _git("rev-parse", "HEAD").strip()
    if head not in baselines and len(baselines) > 1:
        raise ConfigurationError(
            f"{name!r} names an experiment on each of the commits {some(commit[:7] for commit in baselines)}. "
            "Switch to the one you mean, or apply it with `dvc exp apply` and run `rounds promote` alone."
        )
    commit = head if head in baselines else baselines[0]
    content = yaml.safe_load(_git("show", f"refs/exps/{commit[:2]}/{commit[2:]}/{name}:{paths.PARAMS}"))
    return dict(content)


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], check=False, capture_output=True, text=True)
    if done.returncode:
        raise ConfigurationError(f"git {arguments[0]} failed: {done.stderr.strip()}. Run this in the repository.")
    return done.stdout
