"""Whether a command that is written in a message or a document can be run as it is written."""

import re
import shlex
import subprocess
from functools import cache

from dvc.cli.parser import get_main_parser
from typer.main import get_command

from numerai_rounds.commands.app import app
from numerai_rounds.conf.compose import compose, groups
from numerai_rounds.conf.params import keys
from numerai_rounds.io.files import paths
from tests.conftest import ROOT

FILLED = "1"
"""In place of what a message takes from the moment: a number, a name."""

WORDS = {"NUMBER": FILLED, "N": FILLED, "...": "key=1"}
"""What a reader replaces, by something of its kind."""


def check(command: str) -> None:
    """Fail for a command, an option or a key that there is not; nothing is run."""
    program, *given = [WORDS.get(word, word) for word in shlex.split(command)]
    CHECKS[program](given)


@cache
def known_keys() -> frozenset[str]:
    """Every key that some choice of presets has, sections included."""
    chosen = [[f"{group}={option}"] for group, options in groups(ROOT / paths.CONF).items() for option in options]
    found = {key for overrides in chosen for key in keys(compose(ROOT / paths.CONF, overrides))}
    sections = {key.rpartition(".")[0] for key in found}
    return frozenset(found | sections | groups(ROOT / paths.CONF).keys())


def _rounds(words: list[str]) -> None:
    commands = get_command(app).commands
    subcommand, *rest = words
    command = commands[subcommand]
    if not rest:  # its name alone
        return
    with command.make_context(subcommand, rest):
        pass
    if subcommand == "compose":
        assert {word.partition("=")[0] for word in rest} <= known_keys()


def _dvc(words: list[str]) -> None:
    parser = get_main_parser()
    for more in ([], ["NAME"]):
        try:
            parser.parse_args([*words, *more])
        except BaseException as error:  # noqa: BLE001 - DVC's own, or the end of the process
            problem = error
        else:
            return
    raise AssertionError(problem)


def _git(words: list[str]) -> None:
    listed = subprocess.run(["git", "--list-cmds=builtins"], check=True, capture_output=True, text=True).stdout
    assert words[0] in listed.split()


def _make(words: list[str]) -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {word for word in words if "=" not in word} <= {*targets}


CHECKS = {"rounds": _rounds, "dvc": _dvc, "git": _git, "make": _make, "python": len}
