"""Changes to the committed configuration: conf/ is edited where a value comes from, then composed into params.yaml."""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import OmegaConf
from ruamel.yaml import YAML

from numerai_rounds.base.errors import ConfigurationError, one_of
from numerai_rounds.base.params import Round, parse
from numerai_rounds.io import atomic, paths
from numerai_rounds.io.compose import CONFIG_NAME, MISSING, compose, compose_text, differences, groups, leaves

EXPERIMENT = "experiment"
ROUND = "round"
ROUND_HEADER = "# The round being played and the exact files it needs. Written by `rounds open`; commit it.\n"


@dataclass(frozen=True)
class Change:
    """One value of the configuration: an option of a group (`model`) or a dotted key (`model.learning_rate`)."""

    key: str
    value: Any
    delete: bool = False


def parse_overrides(overrides: Sequence[str]) -> list[Change]:
    """Hydra's override syntax as changes; sweeps and packages are refused."""
    try:
        parsed = OverridesParser.create().parse_overrides(list(overrides))
    except HydraException as error:
        reason = " ".join(str(error).split())
        raise ConfigurationError(f"override not understood: {reason}. Write key=value.") from None
    for override in parsed:
        if override.is_sweep_override() or override.package is not None:
            raise ConfigurationError(f"{override.input_line!r} cannot be kept: one value for each key, please.")
    return [Change(override.key_or_group, override.value(), override.is_delete()) for override in parsed]


def apply_overrides(overrides: Sequence[str]) -> dict[str, Any]:
    """Keep `overrides` in conf/, write params.yaml, and return the composition."""
    changes = parse_overrides(overrides)
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
    current = _choices(paths.CONF)[group]

    def distance(option: str) -> tuple[int, bool, str]:
        values = ours[group] if option == current else compose(paths.CONF, [f"{group}={option}"])[group]
        same_kind = values.get("kind") == wanted[group].get("kind")
        return len(differences(values, wanted[group])) if same_kind else 10_000, option != current, option

    return min(options, key=distance)


def _apply(changes: Sequence[Change], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Try the changes on a copy of conf/; only what composes to `wanted` and fits the schema is written."""
    parse(dict(wanted))
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / "conf"
        shutil.copytree(paths.CONF, trial)
        for change in sorted(changes, key=lambda change: change.key not in groups(trial)):
            _edit(trial, change)
        result = compose(trial)
        unmet = differences(result, dict(wanted))
        if unmet:
            raise ConfigurationError(
                f"these values cannot be kept in conf/ as it is: {', '.join(unmet)}. An experiment in the defaults "
                "list of conf/config.yaml may set them: edit its file, or run `rounds compose experiment=none` first."
            )
        for file in sorted(trial.rglob("*.yaml")):
            _replace(paths.CONF / file.relative_to(trial), file.read_text(encoding="utf-8"))
    write_params()
    return result


def write_params() -> None:
    """Write params.yaml from conf/."""
    _replace(paths.PARAMS, compose_text(paths.CONF))


def write_round(opened: Round) -> None:
    """Pin a round in conf/round.yaml; params.yaml follows."""
    pins = OmegaConf.to_yaml({ROUND: opened.model_dump()})
    atomic.write_text(paths.ROUND, f"{ROUND_HEADER}{pins}")
    write_params()


def _replace(path: Path, text: str) -> None:
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        atomic.write_text(path, text)


def _edit(conf: Path, change: Change) -> None:
    if change.key in groups(conf):
        _choose(conf, change)
        return
    if change.key.split(".")[0] == ROUND:
        raise ConfigurationError(f"{change.key} is written by `rounds open` alone.")
    file, path = _home(conf, change.key)
    yaml, document = _read(file)
    node = document
    for part in path[:-1]:
        node = node.setdefault(part, {})
    if change.delete:
        node.pop(path[-1], None)
    else:
        node[path[-1]] = change.value
    _write(yaml, document, file)


def _choose(conf: Path, change: Change) -> None:
    if change.delete:
        raise ConfigurationError(f"{change.key} cannot be left out; {one_of('', groups(conf)[change.key])}")
    file = conf / f"{CONFIG_NAME}.yaml"
    yaml, document = _read(file)
    for entry in document["defaults"]:
        if isinstance(entry, dict) and change.key in entry:
            entry[change.key] = change.value
    _write(yaml, document, file)


def _choices(conf: Path) -> dict[str, str]:
    _, document = _read(conf / f"{CONFIG_NAME}.yaml")
    return {key: option for entry in document["defaults"] if isinstance(entry, dict) for key, option in entry.items()}


def _home(conf: Path, key: str) -> tuple[Path, list[str]]:
    """The file that gives `key` its value now, and the path of the key inside it."""
    parts, choices = key.split("."), _choices(conf)
    experiment = conf / EXPERIMENT / f"{choices[EXPERIMENT]}.yaml"
    if key in (".".join(path) for path, _ in leaves(_read(experiment)[1])):
        return experiment, parts
    if parts[0] in choices:
        return conf / parts[0] / f"{choices[parts[0]]}.yaml", parts[1:]
    return conf / f"{CONFIG_NAME}.yaml", parts


def _read(file: Path) -> tuple[YAML, Any]:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.representer.add_representer(
        type(None), lambda dumper, _: dumper.represent_scalar("tag:yaml.org,2002:null", "null")
    )
    return yaml, yaml.load(file.read_text(encoding="utf-8")) or {}


def _write(yaml: YAML, document: Any, file: Path) -> None:
    text = StringIO()
    yaml.dump(document, text)
    file.write_text(text.getvalue(), encoding="utf-8")
