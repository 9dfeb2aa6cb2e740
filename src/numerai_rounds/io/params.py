"""The only reader of params.yaml."""

from pathlib import Path

from numerai_rounds.base.params import Params, parse
from numerai_rounds.io import paths
from numerai_rounds.io.yaml_files import read_yaml


def load(path: Path = paths.PARAMS) -> Params:
    """The parameters of this run, all of them checked."""
    return parse(read_yaml(path))
