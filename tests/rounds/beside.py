"""Real processes that are held at a point, so that others can be tried beside them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.rounds.season import Season

HELD = (
    "import sys; from numerai_rounds.io.machine import leftovers;"
    "leftovers.clear = lambda: (print('held', flush=True), sys.stdin.readline(), sys.exit());"
    "from numerai_rounds.commands.app import main; sys.argv[0] = 'rounds'; main()"
)
"""The `rounds` command, which waits for a line once it has the lock, and ends then: others play to the end."""

STAGE = """
import os, sys
if "numerai_rounds.stages.submit" in sys.orig_argv:
    with open(os.environ["REACHED"], "w") as reached:
        reached.write(str(os.getpid()))
    open(os.environ["GO_ON"]).close()
"""
"""Every Python that starts, which waits at a pipe where it is the stage `submit`."""


@contextmanager
def held(season: Season, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """A command at work; it ends when the block does."""
    process = subprocess.Popen(
        [sys.executable, "-c", HELD, *arguments],
        env={**os.environ, **season.environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.communicate("\n", timeout=120)


@contextmanager
def repro_at_submit(season: Season) -> Iterator["subprocess.Popen[str]"]:
    """A plain `dvc repro` whose stage `submit` is about to run; it goes on when the block ends."""
    beside = season.repository.path.parent
    reached, go_on = beside / "reached", beside / "go-on"
    os.mkfifo(reached)
    os.mkfifo(go_on)
    (beside / "held").mkdir()
    (beside / "held/sitecustomize.py").write_text(STAGE)
    process = subprocess.Popen(
        [str(Path(sys.executable).parent / "dvc"), "repro", "--force", "--single-item", "submit"],
        env={
            **os.environ,
            "PYTHONPATH": f"src{os.pathsep}{beside / 'held'}",
            "REACHED": str(reached),
            "GO_ON": str(go_on),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert int(reached.read_text())
        yield process
    finally:
        go_on.write_text("")
