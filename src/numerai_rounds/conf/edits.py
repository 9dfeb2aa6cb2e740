"""Changes to the committed configuration: conf/ is edited where a value comes from, then composed into params.yaml."""

import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import OmegaConf
from pydantic import ValidationError

from numerai_rounds.base.errors import ConfigurationError, one_of, there_are
from numerai_rounds.base.params import Round
from numerai_rounds.conf import plugins, presets
from numerai_rounds.conf.compose import CONFIG_NAME, MISSING, compose, compose_text, differences, groups
from numerai_rounds.conf.params import parse
from numerai_rounds.conf.presets import EXPERIMENT, ROUND, Change
from numerai_rounds.io.files import atomic, paths
from numerai_rounds.io.files.yaml_files import read_yaml
from numerai_rounds.io.machine import root

NO_EXPERIMENT = "none"
"""The preset of conf/experiment that changes nothing."""

ROUND_HEADER = "# The round being played and the exact files it needs. Written by `rounds open`; commit it.\n"


def parse_overrides(overrides: Sequence[str]) -> list[Change]:
    """Hydra's override syntax as changes; sweeps, packages and Hydra's own settings are refused."""
    try:
        parsed = OverridesParser.create().parse_overrides(list(overrides))
    except HydraException:
        raise ConfigurationError(
            f"override not understood: {' '.join(overrides)}. Write key=value; quote a value with spaces or unusual "
            "letters twice, as in \"data.path='my files'\"."
        ) from None
    for override in parsed:
        key = override.key_or_group
        if override.is_sweep_override() or override.package is not None or re.match(r"hydra[./]", key):
            raise ConfigurationError(f"{override.input_line!r} cannot be kept: one value for each key, please.")
        if override.input_line and override.input_line.startswith("+") and key in groups(paths.CONF):
            options = there_are(groups(paths.CONF)[key])
            raise ConfigurationError(f"{key} takes no plus: `{key}=...` chooses another preset; {options}")
        section, _, last = key.partition(".")
        if last == "kind" and section in plugins.FAMILIES:
            options = there_are(groups(paths.CONF).get(section, []))
            raise ConfigurationError(f"{key} follows from the preset: `{section}=...` chooses another; {options}")
    return [Change(override.key_or_group, override.value(), override.is_delete()) for override in parsed]


def apply_overrides(overrides: Sequence[str]) -> dict[str, Any]:
    """Keep `overrides` in conf/, write params.yaml, and return the composition."""
    changes = parse_overrides(overrides)
    for change in changes:
        _check_choice(change)
    return _apply(changes, compose(paths.CONF, overrides))


def adopt(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Make the values of another params.yaml the default: conf/ is changed so that it composes to them.

    For each group the option nearest to the wanted values is chosen and its file edited. The round is
    kept as it is here.
    """
    ours = compose(paths.CONF)
    target = {**wanted, ROUND: ours[ROUND]}
    choices = {
        group: _nearest(group, options, ours, target)
        for group, options in groups(paths.CONF).items()
        if group != EXPERIMENT and isinstance(target.get(group), Mapping)
    }
    chosen = compose(paths.CONF, [f"{group}={option}" for group, option in choices.items()])
    changes = [Change(group, option) for group, option in choices.items()]
    changes += [
        Change(key, theirs, delete=isinstance(theirs, str) and theirs == MISSING)
        for key, (_, theirs) in differences(chosen, target).items()
    ]
    return _apply(changes, target)


def _nearest(group: str, options: Sequence[str], ours: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """The option of a group that is of the wanted kind and differs least; the present one where several do."""
    current = presets.choices(paths.CONF)[group]
    composed = {
        option: ours[group] if option == current else compose(paths.CONF, [f"{group}={option}"])[group]
        for option in options
    }
    fitting = [option for option in options if composed[option].get("kind") == wanted[group].get("kind")]
    if not fitting:
        raise ConfigurationError(
            f"no preset in conf/{group} has kind {wanted[group].get('kind')!r}: add one, then promote again."
        )
    return min(fitting, key=lambda option: (len(differences(composed[option], wanted[group])), option != current))


def _check_choice(change: Change) -> None:
    options = groups(paths.CONF).get(change.key)
    if options is not None and (change.delete or change.value not in options):
        found = "nothing" if change.delete else str(change.value)
        hint = one_of("" if change.delete else found, options)
        raise ConfigurationError(f"{change.key} must be one of its presets (got {found}); {hint}")


def _apply(changes: Sequence[Change], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Try the changes on a copy of conf/; only what composes to `wanted` and fits the schema is written."""
    parse(dict(wanted))
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / "conf"
        shutil.copytree(paths.CONF, trial, ignore=shutil.ignore_patterns(".*"))
        before = _texts(trial)
        for change in sorted(changes, key=lambda change: change.key not in groups(trial)):
            presets.edit(trial, change)
        result = compose(trial)
        unmet = differences(result, dict(wanted))
        if unmet:
            raise ConfigurationError(
                f"these values cannot be kept in conf/ as it is: {', '.join(unmet)}. {_way_out(trial)}"
            )
        edited = {file: text for file, text in _texts(trial).items() if text != before[file]}
    _write_conf(edited, before)
    write_params()
    return result


def _way_out(trial: Path) -> str:
    """What to do about values that the files of a changed conf/ do not give."""
    experiment = presets.choices(trial)[EXPERIMENT]
    if experiment == NO_EXPERIMENT:
        return f"Edit the files of {paths.CONF}/ by hand, then run `rounds compose`."
    return (
        f"The experiment {experiment!r} may set them: edit {paths.CONF / EXPERIMENT / experiment}.yaml, or choose "
        f"`{EXPERIMENT}: {NO_EXPERIMENT}` in the defaults list of {paths.CONF}/{CONFIG_NAME}.yaml, then run it again"
        f"{f' without {EXPERIMENT}={experiment}' if presets.choices(paths.CONF)[EXPERIMENT] != experiment else ''}."
    )


def _texts(conf: Path) -> dict[Path, str]:
    """Content of every file of conf/; config.yaml, which chooses among the others, comes last."""
    files = sorted(conf.rglob("[!.]*.yaml"), key=lambda file: (file.stem == CONFIG_NAME, file))
    return {file.relative_to(conf): file.read_text(encoding="utf-8") for file in files}


def _write_conf(edited: Mapping[Path, str], before: Mapping[Path, str]) -> None:
    now = _texts(paths.CONF)
    for file in edited:
        if now.get(file) != before[file]:
            raise ConfigurationError(f"{paths.CONF / file} was changed meanwhile. Run the command again.")
    for file, text in edited.items():
        atomic.write_text(paths.CONF / file, text)


def write_params() -> None:
    """Write params.yaml from conf/."""
    _replace(paths.PARAMS, compose_text(paths.CONF))


def pinned_round() -> Round | None:
    """What conf/round.yaml pins; None where it is missing or broken, so that opening a round mends it."""
    root.check_conf(paths.CONF)
    try:
        return Round.model_validate(read_yaml(paths.ROUND)[ROUND])
    except (ConfigurationError, KeyError, ValidationError):
        return None


def write_round(opened: Round) -> None:
    """Pin a round in conf/round.yaml; params.yaml follows."""
    pins = OmegaConf.to_yaml({ROUND: opened.model_dump()})
    atomic.write_text(paths.ROUND, f"{ROUND_HEADER}{pins}")
    write_params()


def _replace(path: Path, text: str) -> None:
    if not path.exists() or path.read_bytes() != text.encode():
        atomic.write_text(path, text)
