"""The files of conf/, edited one value at a time; comments, order and quotes stay."""

from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import SingleQuotedScalarString
from yaml import YAMLError, safe_load

from numerai_rounds.base.errors import ConfigurationError
from numerai_rounds.conf.compose import CONFIG_NAME, groups, leaves
from numerai_rounds.io.files import atomic

EXPERIMENT = "experiment"
ROUND = "round"


@dataclass(frozen=True)
class Change:
    """One value of the configuration: an option of a group (`model`) or a dotted key (`model.learning_rate`)."""

    key: str
    value: Any
    delete: bool = False


def edit(conf: Path, change: Change) -> None:
    """Make one change in the file of `conf` that the value comes from; comments and order stay."""
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
        node[path[-1]] = _quoted(change.value)
    _write(yaml, document, file)


def _choose(conf: Path, change: Change) -> None:
    file = conf / f"{CONFIG_NAME}.yaml"
    yaml, document = _read(file)
    for entry in document["defaults"]:
        if isinstance(entry, dict) and change.key in entry:
            entry[change.key] = change.value
    _write(yaml, document, file)


def choices(conf: Path) -> dict[str, str]:
    """The option of each group, from the defaults list of config.yaml."""
    file = conf / f"{CONFIG_NAME}.yaml"
    _, document = _read(file)
    listed = document.get("defaults") if isinstance(document, dict) else None
    entries = [entry for entry in listed or [] if isinstance(entry, dict)]
    chosen = {key: option for entry in entries for key, option in entry.items()}
    absent = [group for group in groups(conf) if not isinstance(chosen.get(group), str)]
    if absent:
        raise ConfigurationError(
            f"conf/{file.name} has no line `- {absent[0]}: ...` in its defaults list; each of "
            f"{', '.join(groups(conf))} needs one."
        )
    return chosen


def _home(conf: Path, key: str) -> tuple[Path, list[str]]:
    """The file that gives `key` its value now, and the path of the key inside it."""
    parts, chosen = key.split("."), choices(conf)
    experiment = conf / EXPERIMENT / f"{chosen[EXPERIMENT]}.yaml"
    if key in (".".join(path) for path, _ in leaves(_read(experiment)[1])):
        return experiment, parts
    if parts[0] in chosen:
        return conf / parts[0] / f"{chosen[parts[0]]}.yaml", parts[1:]
    return conf / f"{CONFIG_NAME}.yaml", parts


def _quoted(value: Any) -> Any:
    """A text that YAML could take for something else (`yes`, `0575`), in quotes; every other value as it is."""
    if isinstance(value, str) and not _is_plain(value):
        return SingleQuotedScalarString(value)
    return value


def _is_plain(text: str) -> bool:
    try:
        return bool(safe_load(text) == text)
    except YAMLError:
        return False


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
    with atomic.naming(file):
        file.write_text(text.getvalue(), encoding="utf-8")
