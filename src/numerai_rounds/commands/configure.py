"""`rounds compose` and `rounds promote`: the only ways in which params.yaml and conf/ change."""

import subprocess
from collections.abc import Sequence
from typing import Any

import yaml

from numerai_rounds.base.errors import ConfigurationError, one_of
from numerai_rounds.io import conf_edits, console, paths
from numerai_rounds.io.yaml_files import read_yaml


def compose(overrides: Sequence[str]) -> None:
    """Keep `overrides` in conf/ and write params.yaml."""
    _tell(conf_edits.apply_overrides(overrides))


def promote(experiment: str | None) -> None:
    """Change conf/ so that it composes to an experiment's parameters, or to params.yaml as it is now."""
    wanted = read_yaml(paths.PARAMS) if experiment is None else _params_of(experiment)
    _tell(conf_edits.adopt(wanted))


def _tell(parameters: dict[str, Any]) -> None:
    pinned, kind = parameters["round"]["source"], parameters["data"]["kind"]
    console.say(f"{paths.PARAMS} follows {paths.CONF}/; `git diff` shows what changed.")
    if pinned != kind:
        console.say(f"conf/round.yaml still pins files of {pinned!r}: run `rounds open` to pin what {kind!r} serves.")


def _params_of(experiment: str) -> dict[str, Any]:
    references = _git("for-each-ref", "--format=%(refname)", "refs/exps").split()
    names = {reference.rpartition("/")[2]: reference for reference in references if "/exec/" not in reference}
    if experiment not in names:
        raise ConfigurationError(
            f"there is no experiment {experiment!r}; {one_of(experiment, names)} See `dvc exp list`."
        )
    return dict(yaml.safe_load(_git("show", f"{names[experiment]}:{paths.PARAMS}")))


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True).stdout
