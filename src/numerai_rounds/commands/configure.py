"""`rounds compose` and `rounds promote`: the only ways in which params.yaml and conf/ change."""

from collections.abc import Sequence
from typing import Any

from numerai_rounds.base.errors import ConfigurationError
from numerai_rounds.conf import edits
from numerai_rounds.conf.compose import compose as compose_conf
from numerai_rounds.conf.compose import differences
from numerai_rounds.io import console
from numerai_rounds.io.files import paths
from numerai_rounds.io.files.yaml_files import read_yaml
from numerai_rounds.io.machine import exclusive
from numerai_rounds.io.repository import experiments
from numerai_rounds.play import applied

WITHOUT_PINS = ("data.keep_downloads",)
"""Parameters of the data that no pin depends on."""


def compose(overrides: Sequence[str]) -> None:
    """Keep `overrides` in conf/ and write params.yaml."""
    with exclusive.only_one("rounds compose"):
        before = _params_now()
        _tell(str(paths.PARAMS), before, edits.apply_overrides(overrides))


def promote(experiment: str | None) -> None:
    """Change conf/ so that it composes to an experiment's parameters, or to params.yaml as it is now.

    The pinned round stays, and so does all that `dvc exp apply` of an older experiment took back.
    """
    with exclusive.only_one("rounds promote"):
        wanted = read_yaml(paths.PARAMS) if experiment is None else experiments.params_of(experiment)
        if experiment is None:
            applied.put_right()
        before = compose_conf(paths.CONF)
        _tell(f"{paths.CONF}/", before, edits.adopt(wanted))


def _params_now() -> dict[str, Any]:
    """What params.yaml says; nothing where it is missing or was cut off, for it is written anew."""
    try:
        return read_yaml(paths.PARAMS)
    except ConfigurationError:
        return {}


def _tell(where: str, before: dict[str, Any], parameters: dict[str, Any]) -> None:
    """Say what changed in `where`: params.yaml, or conf/, which params.yaml may have been ahead of."""
    changed = differences(before, parameters)
    if changed:
        rows = [(key, str(old), str(new)) for key, (old, new) in changed.items()]
        console.table(f"{where} changes", ["key", "before", "now"], rows)
    else:
        console.say(f"{paths.PARAMS} is what {paths.CONF}/ composes to; nothing changes.")
    pinned, kind = parameters["round"]["source"], parameters["data"]["kind"]
    if pinned != kind or any(key.startswith("data.") and key not in WITHOUT_PINS for key in changed):
        console.say("The data are of other parameters than the pinned files: run `rounds open`.")
