import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from numerai_rounds.base.errors import BusyError, ConfigurationError
from numerai_rounds.io.machine import exclusive

HOLD = """
import os, subprocess, sys
from numerai_rounds.io.machine import exclusive
with exclusive.only_one("rounds run"):
    marked = {**os.environ, **exclusive.mark()}
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, process_group=0, env=marked)
    print(child.pid, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def conf() -> None:
    Path("conf").mkdir()


@pytest.fixture
def holder(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(exclusive.__file__).parents[2]))
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    child = int(process.stdout.readline())
    yield process, child
    process.kill()
    process.communicate()
    if psutil.pid_exists(child):
        os.kill(child, signal.SIGKILL)


def test_a_second_run_is_told_who_is_at_work(holder) -> None:
    process, _ = holder
    with (
        pytest.raises(BusyError, match=rf"`rounds run` is at work here \(process {process.pid}, since .*UTC\)"),
        exclusive.only_one("rounds upload"),
    ):
        pass


def test_a_run_that_was_killed_holds_nothing_and_what_it_started_is_stopped(holder) -> None:
    process, child = holder
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert psutil.pid_exists(child)
    with exclusive.only_one("rounds run"):
        assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE
    with exclusive.only_one("rounds run"):
        pass


def test_a_process_of_another_repository_is_left_alone(holder, tmp_path: Path, monkeypatch) -> None:
    process, child = holder
    process.send_signal(signal.SIGKILL)
    process.wait()
    (tmp_path / "other/conf").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "other")
    with exclusive.only_one("rounds run"):
        assert psutil.Process(child).is_running()


def test_the_lock_is_given_back_after_an_error() -> None:
    with pytest.raises(KeyError), exclusive.only_one("rounds run"):
        raise KeyError
    with exclusive.only_one("rounds run"):
        pass


def test_a_broken_note_of_the_last_holder_is_no_obstacle() -> None:
    exclusive.HOLDER.parent.mkdir(parents=True)
    exclusive.HOLDER.write_text("{")
    with exclusive.only_one("rounds run"):
        pass


def test_elsewhere_it_says_where_to_run() -> None:
    Path("conf").rmdir()
    with pytest.raises(ConfigurationError, match="root of the repository"), exclusive.only_one("rounds run"):
        pass
