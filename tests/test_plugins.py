"""Every plug-in, found by its file name, is what the Protocol of its family says: mypy looks, as at all code."""

import subprocess
import sys
from pathlib import Path

import pytest

from numerai_rounds.conf import plugins
from tests.conftest import ROOT

PROTOCOLS = {
    "data": "numerai_rounds.io.sources.Source[{}.Params]",
    "split": "numerai_rounds.domain.splits.Splitter[{}.Params]",
    "select": "numerai_rounds.domain.selectors.Selector[{}.Params]",
    "model": "numerai_rounds.models.contract.Kind[{0}.Dataset, {0}.Params]",
}
"""Section of params.yaml -> what each module of its family is."""


def modules() -> dict[str, str]:
    """The Protocol of every plug-in with parameters, by its module."""
    return {
        f"{package}.{name}": PROTOCOLS[section].format(f"{package}.{name}")
        for section, package in plugins.FAMILIES.items()
        for name in plugins.names(package)
    }


def checked(lines: list[str], program: Path) -> str:
    """What mypy, as strict as everywhere here, says of a program."""
    program.write_text("\n".join(lines))
    command = [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml", str(program)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False, timeout=900)
    return done.stdout


def uses() -> list[str]:
    """A program that takes every plug-in for what its Protocol says, and what loaders give for no more than that."""
    packages = {protocol.partition("[")[0].rpartition(".")[0] for protocol in modules().values()}
    imports = [f"import {name}" for name in sorted({*modules(), *packages, "numerai_rounds.conf.plugins"})]
    tables = [f"one{number}: {protocol} = {module}" for number, (module, protocol) in enumerate(modules().items())]
    metrics = [f"{plugins.METRICS}.{name}" for name in plugins.names(plugins.METRICS)]
    base = "numerai_rounds.domain.scoring.metric"
    return [
        *imports,
        *(f"import {name}" for name in (base, *metrics)),
        *tables,
        f"metrics: list[type[{base}.Metric]] = [{', '.join(f'{name}.Metric' for name in metrics)}]",
    ]


LOADED = [
    "from numerai_rounds.conf import plugins",
    *(
        f"reveal_type(plugins.{call})"
        for call in ("source('a').cadence", "splitter('a').split", "selector('a').choose")
    ),
    *(f"reveal_type(plugins.{call})" for call in ("model('a').load('').predict", "metrics()['a']")),
]
"""What calls of plug-ins come to."""


WRONG = "wrong: numerai_rounds.domain.selectors.Selector[numerai_rounds.domain.splits.holdout.Params]"


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One run of mypy, a few seconds: with the cache of `make test`, which runs it before the tests."""
    return checked(
        [*uses(), *LOADED, f"{WRONG} = numerai_rounds.domain.splits.holdout"],
        tmp_path_factory.mktemp("uses") / "uses.py",
    )


def test_every_plug_in_is_what_its_family_says_and_no_other(said: str) -> None:
    (error,) = [line for line in said.splitlines() if ": error:" in line]
    assert 'variable has type "Selector[' in error


def test_no_call_of_a_plug_in_is_any(said: str) -> None:
    revealed = [line.partition("Revealed type is ")[2] for line in said.splitlines() if "Revealed type is" in line]
    assert len(revealed) == len(LOADED) - 1
    assert not [kind for kind in revealed if "-> Any" in kind or kind == '"Any"']
