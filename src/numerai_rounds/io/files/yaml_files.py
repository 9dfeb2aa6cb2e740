"""YAML files as plain mappings that can only mean one thing."""

from pathlib import Path
from typing import Any

import yaml

from numerai_rounds.base import limits
from numerai_rounds.base.errors import ConfigurationError
from numerai_rounds.io.files import paths

FAST = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Seven times as fast, if PyYAML was built with it."""


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML mapping; a ConfigurationError where the file is missing or is none."""
    try:
        content = parsed(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(
            f"{path} is missing. Run this in the root of the repository; `rounds compose` writes params.yaml."
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError, IsADirectoryError, ValueError) as error:
        raise ConfigurationError(f"{path} is no YAML: {' '.join(str(error).split())}. {_remedy(path)}") from None
    except OSError as error:  # a link that leads to itself, among others
        raise ConfigurationError(f"{path} cannot be read ({error.strerror}). Put the file itself there.") from None
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path} holds no keys (got {type(content).__name__}). {_remedy(path)}")
    return content


def _remedy(path: Path) -> str:
    """How a file becomes one again that can be read."""
    if path == paths.PARAMS:
        return f"`rounds compose` writes it anew from {paths.CONF}/."
    if path == paths.LOCK:
        return "`git checkout HEAD -- dvc.lock` brings that of the last commit; then `dvc repro`."
    return f"Put it right, or take back what is not committed: `git checkout HEAD -- {path}`."


def parsed(text: str) -> Any:
    """What a text holds; a YAMLError or ValueError where it is no YAML, gives a key twice, or is nested too deeply."""
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _check(node)
        return loader.construct_document(node)
    except RecursionError:
        raise _too_deep() from None
    finally:
        loader.dispose()


def of_dvc(text: bytes | str) -> Any:
    """What a text holds that DVC wrote, fast and as it is; a YAMLError where it is no YAML."""
    return yaml.load(text, FAST)  # noqa: S506 - it is a safe one


def _check(node: yaml.Node) -> None:
    """Refuse a key that is given twice, brackets in brackets without end, and parts that are repeated without end."""
    level, seen = [node], 0
    for _ in range(limits.YAML_DEPTH):
        inner: list[yaml.Node] = []
        for each in level:
            if isinstance(each, yaml.MappingNode):
                _refuse_twice(each)
                inner += [part for pair in each.value for part in pair]
            elif isinstance(each, yaml.SequenceNode):
                inner += each.value
        seen += len(inner)
        if seen > limits.YAML_PARTS:
            raise ValueError(f"it holds more than {limits.YAML_PARTS:,} values, those that it repeats included")
        if not inner:
            return
        level = inner
    raise _too_deep()


def _refuse_twice(node: yaml.MappingNode) -> None:
    keys = [(key.tag, key.value) for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
    if len(set(keys)) < len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        line = next(key.start_mark.line for key, _ in node.value if key.value == twice[1])
        raise ValueError(f"it gives the key {twice[1]!r} twice, first in line {line + 1}")


def _too_deep() -> ValueError:
    return ValueError(f"it is nested more than {limits.YAML_DEPTH} deep")
