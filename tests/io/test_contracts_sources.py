"""What every source defines, as its package and CONTRIBUTING.md say."""

import inspect
import re
from types import ModuleType

import pytest

from numerai_rounds.base.params import DataSection
from numerai_rounds.conf import plugins
from numerai_rounds.io import sources
from tests.conftest import ROOT

SOURCES = [plugins.load("data", name) for name in plugins.names(plugins.FAMILIES["data"])]
CONTRACT = dict(re.findall(r"^    (\w+)\((.+?)\) -> ", str(sources.__doc__), re.MULTILINE))


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.__name__.rpartition(".")[2])
def test_a_source_keeps_the_contract(source: ModuleType) -> None:
    assert issubclass(source.Params, DataSection)
    taken = {name: ", ".join(inspect.signature(getattr(source, name)).parameters) for name in CONTRACT}
    assert taken == CONTRACT


def test_the_contract_is_what_the_readme_says_and_the_code_asks_for() -> None:
    (row,) = (line for line in (ROOT / "CONTRIBUTING.md").read_text().splitlines() if line.startswith("| source |"))
    assert re.findall(r"`(\w+)`", row)[1:] == [*CONTRACT]
    code = "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
    assert set(re.findall(r"\bsource\.(\w+)\(", code)) & CONTRACT.keys() == CONTRACT.keys()
