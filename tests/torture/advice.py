"""What a person would do who is told what to do: the first command of the sentence, or the file taken back."""

import re
import shlex
import sys
from collections.abc import Iterator

from tests.rounds.season import PATIENT, Season

COMMAND = re.compile(r"`((?:rounds|dvc|git) [^`]+)`")
BACK = re.compile(r"\b(?:conf/[\w./]+|params\.yaml|dvc\.lock|receipts/[\w./-]+)")
"""Files that git has: what is wrong in them is taken back."""
ERROR = re.compile(r"^error: ", re.MULTILINE)


def sentence(said: str) -> str:
    """What was said from the last refusal on; empty where there is none."""
    found = list(ERROR.finditer(said))
    return said[found[-1].start() :] if found else ""


def commands(said: str) -> Iterator[list[str]]:
    """What is advised, best first."""
    told = sentence(said) or said
    for command in COMMAND.findall(told):
        if re.search(r"\b[A-Z]{3,}\b", command.replace("HEAD", "")) is None:
            yield shlex.split(command)
    for name in BACK.findall(told):
        yield ["git", "checkout", "HEAD", "--", name.rstrip(".")]


def follow(season: Season, said: str, done: list[list[str]]) -> str | None:
    """Do the first thing that is advised and was not done yet; its words, None where nothing is left to do."""
    for command in commands(said):
        if command[:2] == ["rounds", "run"] or done.count(command) > 1:
            continue
        done.append(command)
        program = [sys.executable, "-c", PATIENT, *command[1:]] if command[0] == "rounds" else command
        return season.repository.run(*program, check=False, **season.environment).stdout
    return None
