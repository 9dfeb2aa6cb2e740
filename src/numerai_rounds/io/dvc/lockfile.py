"""dvc.lock: what the last run was made of."""

from collections.abc import Mapping
from typing import Any

from numerai_rounds.base.errors import ConfigurationError
from numerai_rounds.io.dvc import torn_lock
from numerai_rounds.io.files import paths
from numerai_rounds.io.files.yaml_files import read_yaml

ABSENT = object()
"""In place of a value that is not there."""


def read() -> dict[str, Any]:
    """The dvc.lock of the working tree; ConfigurationError where nothing has run yet, or it is cut off."""
    if not paths.LOCK.exists():
        raise ConfigurationError("nothing has run yet: run `dvc repro` first.")
    return torn_lock.read()


def output(content: Mapping[str, Any], stage: str, path: str) -> str | None:
    """The md5 that a dvc.lock has for an output of a stage; None where it has none."""
    outputs = content.get("stages", {}).get(stage, {}).get("outs", [])
    return next((str(entry["md5"]) for entry in outputs if entry.get("path") == path), None)


def param(content: Mapping[str, Any], stage: str, key: str) -> Any:
    """The value of a parameter that a dvc.lock has for a stage; None where it has none."""
    return content.get("stages", {}).get(stage, {}).get("params", {}).get(str(paths.PARAMS), {}).get(key)


def changed_params() -> list[str]:
    """Keys of params.yaml whose values are others than those that some stage last ran with."""
    now = read_yaml(paths.PARAMS)
    stages = torn_lock.read().get("stages", {}).values()
    recorded = {
        key: value for stage in stages for key, value in stage.get("params", {}).get(str(paths.PARAMS), {}).items()
    }
    return sorted(key for key, value in recorded.items() if _value(now, key) != value)


def _value(tree: Mapping[str, Any], key: str) -> Any:
    node: Any = tree
    for part in key.split("."):
        node = node.get(part, ABSENT) if isinstance(node, Mapping) else ABSENT
    return node
