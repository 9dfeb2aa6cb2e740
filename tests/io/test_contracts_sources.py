"""What every source defines, as its package and CONTRIBUTING.md say."""

import inspect
import re

import pytest

from numerai_rounds.base.params import DataSection
from numerai_rounds.conf import plugins
from numerai_rounds.io.sources import Source
from tests.conftest import ROOT

CONTRACT = [name for name, made in vars(Source).items() if inspect.isfunction(made) and not name.startswith("_")]


@pytest.mark.parametrize("name", plugins.names(plugins.FAMILIES["data"]))
def test_the_parameters_of_a_source_are_a_section_of_data(name: str) -> None:
    assert issubclass(plugins.source(name).Params, DataSection)


def test_the_contract_is_what_the_readme_says_and_the_code_asks_for() -> None:
    (row,) = (line for line in (ROOT / "CONTRIBUTING.md").read_text().splitlines() if line.startswith("| source |"))
    assert re.findall(r"`(\w+)`", row)[1:] == [*CONTRACT]
    code = "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
    assert set(CONTRACT) <= set(re.findall(r"\bsource\.(\w+)\(", code))
