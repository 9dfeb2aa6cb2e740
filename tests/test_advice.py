"""Whatever a message advises can be done as it is written: commands, options and keys exist."""

import argparse
import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from dvc.cli.parser import get_main_parser
from typer.main import get_command

from numerai_rounds.commands.app import app
from numerai_rounds.io.files import paths
from tests import written
from tests.conftest import ROOT
from tests.written import FILLED, known_keys

QUOTED = re.compile(r"`((?:rounds|dvc|git|make|python) [^`]+)`")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
KEY = re.compile(r"(?<![\w/.\"'])((?:data|split|select|model|score|round)(?:\.[a-z_]+)+)(?![\w/(])")


def messages() -> Iterator[tuple[str, str]]:
    """Place and text of every string of the code that has a space, docstrings included."""
    for file in sorted((ROOT / "src").rglob("*.py")):
        tree = ast.parse(file.read_text())
        inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                parts = [part.value if isinstance(part, ast.Constant) else FILLED for part in node.values]
                text = "".join(map(str, parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
                text = " ".join(node.value.split())
            else:
                continue
            if " " in text:
                yield f"{file.relative_to(ROOT)}:{node.lineno}", text


MESSAGES = list(messages())


def quoted() -> list[str]:
    found = {command for _, text in MESSAGES for command in QUOTED.findall(text)}
    return sorted(command for command in found if command.split()[1] != FILLED)


def test_there_is_advice_to_look_at() -> None:
    assert {"rounds open", "dvc repro", "dvc exp run --name NAME -S key=value"} <= {*quoted()}


@pytest.mark.parametrize("command", quoted())
def test_every_command_that_a_message_names_can_be_run_as_written(command: str) -> None:
    written.check(command)


def options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Of a parser and of its subcommands."""
    for action in parser._actions:
        yield from action.option_strings
        if isinstance(action, argparse._SubParsersAction):
            for subparser in action.choices.values():
                yield from options(subparser)


def test_every_option_that_a_message_names_exists() -> None:
    ours = {
        name
        for command in get_command(app).commands.values()
        for parameter in command.params
        for name in (*parameter.opts, *parameter.secondary_opts)
    }
    of_dvc = {*options(get_main_parser())}
    named = {
        (option, place, frozenset(ours | of_dvc) if "DVC" in text else frozenset(ours))
        for place, text in MESSAGES
        if re.search("numerai_rounds/(commands|io)/", place) and not text.startswith("--")
        for option in OPTION.findall(QUOTED.sub("", text))
    }
    assert named
    assert not [(option, place) for option, place, there in named if option not in there]


def test_every_key_that_a_message_names_is_in_the_schema() -> None:
    named = {(key, place) for place, text in MESSAGES for key in KEY.findall(QUOTED.sub("", text))}
    assert {key for key, _ in named} >= {"data.extra_files", "select.k", "data.keep_downloads"}
    assert not [found for found in named if found[0] not in known_keys()]


@pytest.mark.parametrize("command", app.registered_commands, ids=lambda command: command.name or "")
def test_every_example_of_a_command_can_be_run_as_written(command: object) -> None:
    _, *examples = str(command.epilog).splitlines()  # type: ignore[attr-defined]
    assert examples
    for example in examples:
        for part in example.split(" && "):
            written.check(part)


@pytest.mark.parametrize("file", ["config.yaml", "data/local.yaml", "data/numerai.yaml", "data/sample.yaml"])
def test_every_key_that_a_comment_of_conf_names_is_in_the_schema(file: str) -> None:
    comments = " ".join(re.findall("#.*", (ROOT / paths.CONF / Path(file)).read_text()))
    assert {*KEY.findall(comments)} <= known_keys()
