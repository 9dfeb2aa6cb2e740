"""dvc.lock: what the last run was made of."""

from collections.abc import Mapping
from typing import Any

from numerai_rounds.io import paths, torn
from numerai_rounds.io.compose import MISSING
from numerai_rounds.io.yaml_files import read_yaml


def changed_params() -> list[str]:
    """Keys of params.yaml whose values are others than those that some stage last ran with."""
    now = read_yaml(paths.PARAMS)
    stages = torn.read().get("stages", {}).values()
    recorded = {
        key: value for stage in stages for key, value in stage.get("params", {}).get(str(paths.PARAMS), {}).items()
    }
    return sorted(key for key, value in recorded.items() if _value(now, key) != value)


def _value(tree: Mapping[str, Any], key: str) -> Any:
    node: Any = tree
    for part in key.split("."):
        node = node.get(part, MISSING) if isinstance(node, Mapping) else MISSING
    return node
