"""Whatever a message advises can be done as it is written: commands, options and keys exist."""

import argparse
import ast
import re
import shlex
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from dvc.cli.parser import get_main_parser
from typer.main import get_command

from numerai_rounds.base.params import keys
from numerai_rounds.commands.app import app
from numerai_rounds.io import paths
from numerai_rounds.io.compose import compose, groups
from tests.conftest import ROOT

FILLED = "1"
"""In place of what a message takes from the moment: a number, a name."""

QUOTED = re.compile(r"`((?:rounds|dvc|git|make|python) [^`]+)`")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
KEY = re.compile(r"(?<![\w/.\"'])((?:data|split|select|model|score|round)(?:\.[a-z_]+)+)(?![\w/(])")
WORDS = {"NUMBER": FILLED, "N": FILLED, "...": "key=1"}
"""What a reader replaces, by something of its kind."""


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


@cache
def known_keys() -> frozenset[str]:
    """Every key that some choice of presets has, sections included."""
    chosen = [[f"{group}={option}"] for group, options in groups(ROOT / paths.CONF).items() for option in options]
    found = {key for overrides in chosen for key in keys(compose(ROOT / paths.CONF, overrides))}
    sections = {key.rpartition(".")[0] for key in found}
    return frozenset(found | sections | groups(ROOT / paths.CONF).keys())


def check_rounds(words: list[str]) -> None:
    commands = get_command(app).commands
    subcommand, *rest = words
    command = commands[subcommand]
    if not rest:  # its name alone
        return
    with command.make_context(subcommand, rest):
        pass
    if subcommand == "compose":
        assert {word.partition("=")[0] for word in rest} <= known_keys()


def check_dvc(words: list[str]) -> None:
    parser = get_main_parser()
    for more in ([], ["NAME"]):
        try:
            parser.parse_args([*words, *more])
        except BaseException as error:  # noqa: BLE001 - DVC's own, or the end of the process
            problem = error
        else:
            return
    raise AssertionError(problem)


def check_git(words: list[str]) -> None:
    listed = subprocess.run(["git", "--list-cmds=builtins"], check=True, capture_output=True, text=True).stdout
    assert words[0] in listed.split()


def check_make(words: list[str]) -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {word for word in words if "=" not in word} <= {*targets}


CHECKS = {"rounds": check_rounds, "dvc": check_dvc, "git": check_git, "make": check_make, "python": len}


def quoted() -> list[str]:
    found = {command for _, text in MESSAGES for command in QUOTED.findall(text)}
    return sorted(command for command in found if command.split()[1] != FILLED)


def test_there_is_advice_to_look_at() -> None:
    assert {"rounds open", "dvc repro", "dvc exp run --name NAME -S key=value"} <= {*quoted()}


@pytest.mark.parametrize("command", quoted())
def test_every_command_that_a_message_names_can_be_run_as_written(command: str) -> None:
    program, *words = [WORDS.get(word, word) for word in shlex.split(command)]
    CHECKS[program](words)


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
            program, *words = shlex.split(part)
            CHECKS[program](words)


@pytest.mark.parametrize("file", ["config.yaml", "data/local.yaml", "data/numerai.yaml", "data/sample.yaml"])
def test_every_key_that_a_comment_of_conf_names_is_in_the_schema(file: str) -> None:
    comments = " ".join(re.findall("#.*", (ROOT / paths.CONF / Path(file)).read_text()))
    assert {*KEY.findall(comments)} <= known_keys()
