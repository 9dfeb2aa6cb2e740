"""Every preset of a plug-in family, found in conf/, so that contract tests cover new files unasked."""

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from numerai_rounds.base.params import Section
from numerai_rounds.conf import plugins

CONF = Path(__file__).parents[2] / "conf"


def modules(section: str) -> list[Any]:
    """Every plug-in of the family."""
    return [pytest.param(plugins.load(section, kind), id=kind) for kind in plugins.names(plugins.FAMILIES[section])]


def presets(section: str, **changes: Any) -> list[Any]:
    """(module, params) of every preset in conf/<section>/, with those of `changes` that the kind knows."""
    found = []
    for path in sorted((CONF / section).glob("*.yaml")):
        preset = yaml.safe_load(path.read_text())
        module = plugins.load(section, preset["kind"])
        known = {key: value for key, value in changes.items() if key in module.Params.model_fields}
        found.append(pytest.param(module, module.Params(**preset | known), id=path.stem))
    return found


def preset(section: str, module: ModuleType) -> dict[str, Any]:
    """The preset that bears the kind's name."""
    return dict(yaml.safe_load((CONF / section / f"{kind_of(module)}.yaml").read_text()))


def kind_of(module: ModuleType) -> str:
    """The name of a kind is that of its file."""
    return module.__name__.rpartition(".")[2]


def check_params(section: str, module: ModuleType) -> None:
    """A kind's parameters are a closed section that bears the kind's name, and conf/ has a preset for it."""
    kind, given = kind_of(module), preset(section, module)
    assert issubclass(module.Params, Section)
    assert module.Params(**given).kind == kind
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        module.Params(**given, mistyped=1)
    with pytest.raises(ValidationError, match="Input should be"):
        module.Params(**given | {"kind": f"not_{kind}"})
