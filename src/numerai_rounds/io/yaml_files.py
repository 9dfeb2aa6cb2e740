"""YAML files as plain mappings."""

from pathlib import Path
from typing import Any

import yaml

from numerai_rounds.base.errors import ConfigurationError


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML mapping; a ConfigurationError where the file is missing or is none."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(
            f"{path} is missing. Run this in the root of the repository; `rounds compose` writes params.yaml."
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError, IsADirectoryError) as error:
        raise ConfigurationError(f"{path} is no YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path} holds no keys (got {type(content).__name__}).")
    return content
