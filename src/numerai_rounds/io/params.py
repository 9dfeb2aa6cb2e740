"""The only reader of params.yaml."""

from pathlib import Path

from numerai_rounds.base.errors import ConfigurationError
from numerai_rounds.base.params import Params, parse
from numerai_rounds.io import paths
from numerai_rounds.io.yaml_files import read_yaml


def load(path: Path = paths.PARAMS) -> Params:
    """The parameters of this run, all of them checked."""
    raw = read_yaml(path)
    try:
        return parse(raw)
    except ConfigurationError as error:
        remedy = f"This is what {path} says: `rounds compose` writes it anew from {paths.CONF}/."
        raise ConfigurationError(f"{error}\n{remedy}") from None
