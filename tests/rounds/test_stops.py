"""A command that is asked to stop: at once, with a sentence, and with all that it started."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from numerai_rounds.io.machine import exclusive
from tests.rounds.beside import STAGE, held
from tests.rounds.season import Season

PREDICT = (
    "from numerai_rounds.io.machine import exclusive, process; from numerai_rounds.io.dvc import pipeline;"
    "process.run(lambda: pipeline._dvc('repro', '--force', '--single-item', 'submit'))"
)
"""DVC as a run starts it."""

IGNORING = ["sh", "-c", 'trap \'\' INT; exec "$0" "$@"']
"""Starts a command as `&` in a script does."""


@pytest.fixture
def season(light_round: Season, monkeypatch: pytest.MonkeyPatch) -> Season:
    return light_round.enter(monkeypatch)


@pytest.mark.parametrize(
    ("number", "name", "before"),
    [
        (signal.SIGINT, "Ctrl-C", []),
        (signal.SIGTERM, "SIGTERM", []),
        (signal.SIGTERM, "SIGTERM", IGNORING),
    ],
)
def test_the_stage_at_work_is_stopped_at_once(
    season: Season, number: signal.Signals, name: str, before: list[str], tmp_path: Path
) -> None:
    reached, go_on = tmp_path / "reached", tmp_path / "go-on"
    os.mkfifo(reached)
    os.mkfifo(go_on)
    (tmp_path / "held").mkdir()
    (tmp_path / "held/sitecustomize.py").write_text(STAGE)
    aside = {"PYTHONPATH": f"src{os.pathsep}{tmp_path / 'held'}", "REACHED": str(reached), "GO_ON": str(go_on)}
    process = subprocess.Popen(
        [*before, sys.executable, "-c", PREDICT],
        env={**os.environ, **aside},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    stage = psutil.Process(int(reached.read_text()))
    asked = time.monotonic()
    process.send_signal(number)
    said, _ = process.communicate(timeout=60)
    assert time.monotonic() - asked < exclusive.GRACE
    assert process.returncode == 128 + number
    assert f"stopped by {name}: nothing is half-written" in said
    assert not stage.is_running()


@pytest.mark.parametrize(("number", "name"), [(signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "SIGTERM")])
def test_rounds_run_says_that_it_was_stopped(season: Season, number: signal.Signals, name: str) -> None:
    with held(season, "run") as process:
        process.send_signal(number)
        assert process.wait(timeout=60) == 128 + number
        assert f"stopped by {name}: nothing is half-written" in process.stdout.read()
    with exclusive.only_one("rounds run"):
        pass
