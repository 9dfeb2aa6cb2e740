"""Plug-ins are found by file name: `model.kind: ridge` is `models/kinds/ridge.py`. There is no central list.

What the modules of a family define is a Protocol of the family: `Source`, `Splitter`, `Selector`, `Kind`, `Metric`.
That each does is checked in tests/test_plugins.py, with mypy: here, where a file is found by its name, nobody can know.
"""

import importlib
import pkgutil
from types import ModuleType
from typing import TYPE_CHECKING

from numerai_rounds.base.errors import ConfigurationError, one_of
from numerai_rounds.base.params import DataSection, Section, SplitSection

if TYPE_CHECKING:  # a family is imported when a plug-in of it is
    from numerai_rounds.domain.scoring.metric import Metric
    from numerai_rounds.domain.selectors import Selector
    from numerai_rounds.domain.splits import Splitter
    from numerai_rounds.io.sources import Source
    from numerai_rounds.models.contract import Kind

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


def schema(section: str, kind: str) -> type[Section]:
    """The parameters that a kind takes."""
    found: type[Section] = load(section, kind).Params
    return found


def source(kind: str) -> "Source[DataSection]":
    """Where data comes from; its functions take the section `data` of params.yaml, which its own schema has checked."""
    return load("data", kind)


def splitter(kind: str) -> "Splitter[SplitSection]":
    """A way to divide eras; its functions take the section `split`."""
    return load("split", kind)


def selector(kind: str) -> "Selector[Section]":
    """A way to choose features; its functions take the section `select`."""
    return load("select", kind)


def model(kind: str) -> "Kind[Section, Section]":
    """A kind of model; its functions take the section `model`, and `model.dataset`."""
    return load("model", kind)


def metrics() -> "dict[str, type[Metric]]":
    """Every metric by its name, in the order of names."""
    return {name: importlib.import_module(f"{METRICS}.{name}").Metric for name in names(METRICS)}
