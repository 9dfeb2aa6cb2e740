"""The only reader of params.yaml, which is checked by the schemas of the plug-ins in use."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError, create_model

from numerai_rounds.base import schema
from numerai_rounds.base.errors import ConfigurationError, one_of
from numerai_rounds.base.params import Params
from numerai_rounds.conf import plugins
from numerai_rounds.io.files import paths
from numerai_rounds.io.files.yaml_files import read_yaml

SHOWN = 200
"""Letters of a wrong value that a message shows."""


def load(path: Path = paths.PARAMS) -> Params:
    """The parameters of this run, all of them checked."""
    raw = read_yaml(path)
    try:
        return parse(raw)
    except ConfigurationError as error:
        remedy = f"This is what {path} says: `rounds compose` writes it anew from {paths.CONF}/."
        raise ConfigurationError(f"{error}\n{remedy}") from None


def parse(raw: dict[str, Any]) -> Params:
    """Check a composed configuration as a whole; a ConfigurationError lists everything that is wrong."""
    fitting = _schema(raw)
    try:
        return fitting.model_validate(raw)
    except ValidationError as error:
        problems = "\n".join(f"  {_sentence(problem, fitting)}" for problem in error.errors(include_url=False))
        raise ConfigurationError(f"the configuration does not fit its schema:\n{problems}") from None


def keys(raw: Mapping[str, Any]) -> list[str]:
    """Every dotted key that a configuration of these kinds may have; ConfigurationError where a kind is none."""
    return list(schema.dotted(_schema(raw)))


def _schema(raw: Mapping[str, Any]) -> type[Params]:
    """`Params` with the sections of the kinds that a configuration names."""
    kinds = {section: _kind(raw, section) for section in plugins.FAMILIES}
    sections: Any = {section: (plugins.schema(section, kind), ...) for section, kind in kinds.items()}
    return create_model("Params", __base__=Params, **sections)


def _kind(raw: Mapping[str, Any], section: str) -> str:
    part = raw.get(section)
    if not isinstance(part, dict) or not isinstance(part.get("kind"), str):
        raise ConfigurationError(
            f"`{section}` has no `kind`. Its preset in conf/{section}/ must name one; `rounds compose` then writes "
            "params.yaml again."
        )
    return str(part["kind"])


def _sentence(problem: Any, fitting: type[Params]) -> str:
    path = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        *outer, key = problem["loc"]
        known = [name for name in schema.keys(fitting, outer) if name != "kind"]
        return f"{path}: there is no such key; {one_of(key, known)}"
    if problem["type"] == "missing":
        return f"{path}: missing."
    if problem["input"] == "???":
        return f"{path}: must be given (it is ???)."
    found = repr(problem["input"])
    found = found if len(found) <= SHOWN else f"{found[:SHOWN]}..."
    return f"{path}: {problem['msg'][0].lower()}{problem['msg'][1:]} (got {found})."
