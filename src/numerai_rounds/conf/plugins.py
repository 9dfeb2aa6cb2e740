"""Plug-ins are found by file name: `model.kind: ridge` is `models/kinds/ridge.py`. There is no central list."""

import importlib
import pkgutil
from types import ModuleType

from numerai_rounds.base.errors import ConfigurationError, one_of

FAMILIES = {
    "data": "numerai_rounds.io.sources",
    "split": "numerai_rounds.domain.splits",
    "select": "numerai_rounds.domain.selectors",
    "model": "numerai_rounds.models.kinds",
}
"""Section of params.yaml -> package with one module a kind."""

METRICS = "numerai_rounds.domain.metrics"


def names(package: str) -> list[str]:
    """Names of the plug-ins in a package, sorted."""
    path = importlib.import_module(package).__path__
    return sorted(module.name for module in pkgutil.iter_modules(path) if not module.name.startswith("_"))


def load(section: str, kind: str) -> ModuleType:
    """The plug-in behind `<section>.kind`; a ConfigurationError names the nearest kind where there is none."""
    package = FAMILIES[section]
    if kind not in names(package):
        raise ConfigurationError(f"{section}.kind is {kind!r}: {one_of(kind, names(package))}")
    return importlib.import_module(f"{package}.{kind}")


def metrics() -> list[ModuleType]:
    """Every metric, in the order of their names."""
    return [importlib.import_module(f"{METRICS}.{name}") for name in names(METRICS)]
