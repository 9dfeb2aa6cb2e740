"""Every program that is started: it finds this environment's programs, speaks English, and asks nobody anything.

What a child starts in its turn gets the same: git its hooks, filters and credential helpers, DVC the stages.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

FIXED = {"LC_ALL": "C", "LANGUAGE": "", "GIT_TERMINAL_PROMPT": "0", "GCM_INTERACTIVE": "never"}
"""Words are read by people and by patterns, so they are not localised; nobody is there to type a password."""

OF_A_HOOK = (
    *(
        "GIT_DIR",
        "GIT_COMMON_DIR",
        "GIT_WORK_TREE",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_PREFIX",
        "GIT_INTERNAL_SUPER_PREFIX",
    ),
    *("GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH"),
    *("GIT_NAMESPACE", "GIT_GRAFT_FILE", "GIT_SHALLOW_FILE", "GIT_EXTERNAL_DIFF", "GIT_DIFF_OPTS"),
    *("GIT_LITERAL_PATHSPECS", "GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS"),
)
"""What git tells its own children of a repository, and what changes its answers: the working folder decides here."""


def usual(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a child is given: this process's environment with the above, and `more`."""
    kept = {name: value for name, value in os.environ.items() if name not in OF_A_HOOK}
    programs = str(Path(sys.executable).parent)
    others = [folder for folder in os.environ.get("PATH", os.defpath).split(os.pathsep) if folder != programs]
    return {**kept, **FIXED, "PATH": os.pathsep.join([programs, *others]), **(more or {})}


def run(
    command: Sequence[str],
    *,
    given: bytes = b"",
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    longest: float | None = None,
) -> "subprocess.CompletedProcess[bytes]":
    """Run a program to its end and keep what it says; `given` is its input.

    `environment` in place of the usual one, `longest` in seconds. Raises subprocess.TimeoutExpired, or OSError where
    there is no such program.
    """
    return subprocess.run(
        command,
        check=False,
        capture_output=True,
        cwd=folder,
        env=usual() if environment is None else environment,
        timeout=longest,
        input=given,
    )


def start(command: Sequence[str], environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Start a program that speaks for itself, in a group of its own: what it starts can be stopped with it."""
    return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, process_group=0)


def text(said: bytes) -> str:
    """What a child said, as text; bytes that are none come back as they were when it is written out again."""
    return said.decode("utf-8", "surrogateescape")
