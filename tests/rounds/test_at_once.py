"""Two at once: whoever comes second is told who is at work, and what is played is one round from end to end."""

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from numerai_rounds.base.errors import BusyError, ConfigurationError, DamagedError
from numerai_rounds.commands import configure, live_scores, packaging
from numerai_rounds.conf import edits
from numerai_rounds.io.dvc import pipeline
from numerai_rounds.io.files import paths
from numerai_rounds.play import opening, played, running, uploading
from tests.rounds.beside import held, repro_at_submit
from tests.rounds.season import MODEL, ROUND, Season, upload

COMMANDS: dict[str, Callable[[], object]] = {
    "open": lambda: opening.open_round(None, following=True),
    "compose": lambda: configure.compose(["seed=8"]),
    "promote": lambda: configure.promote(None),
    "run": lambda: running.run(running.Plan(), notifies=False),
    "upload": lambda: upload(dry_run=True),
    "package": lambda: packaging.package(check=False),
    "scores": lambda: live_scores._keep([], commit=True),
}
"""Everything that writes to the repository."""

HOLDERS = {
    "open": ["open", "--round", str(ROUND)],
    "compose": ["compose", "seed=7"],
    "promote": ["promote"],
    "run": ["run"],
    "upload": ["upload", "--dry-run", "--model", MODEL],
    "package": ["package", "--no-check"],
}


@pytest.fixture
def season(light_round: Season, monkeypatch: pytest.MonkeyPatch) -> Season:
    return light_round.enter(monkeypatch)


def state() -> dict[str, bytes]:
    files = [paths.ROUND, paths.PARAMS, paths.LOCK, paths.CONF / "config.yaml", *paths.METRICS.glob("*.*")]
    return {str(path): path.read_bytes() for path in files}


@pytest.mark.parametrize("first", HOLDERS)
def test_beside_a_command_every_other_is_told_and_changes_nothing(season: Season, first: str) -> None:
    with held(season, *HOLDERS[first]) as process:
        before = state()
        for second in COMMANDS.values():
            with pytest.raises(BusyError, match=rf"`rounds {first}` is at work here \(process {process.pid}, "):
                second()
        assert state() == before
    assert process.returncode == 0


def test_no_stage_runs_beside_a_command(season: Season) -> None:
    with held(season, "open", "--round", str(ROUND)) as process:
        before = state()
        stopped = season.repository.run("dvc", "repro", check=False)
        assert f"`rounds open` is at work here (process {process.pid}, " in stopped.stdout
        assert "failed to run: python src/numerai_rounds/stages/guard.py, exited with 7" in stopped.stdout
        assert state() == before


def test_beside_a_dvc_repro_every_command_is_told_and_changes_nothing(
    season: Season, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("numerai_rounds.io.machine.dvc_locks.PATIENCE", 0)
    with repro_at_submit(season) as process:
        before = state()
        for second in COMMANDS.values():
            with pytest.raises(BusyError, match=rf"`dvc repro .*submit` is at work here \(process {process.pid}\)"):
                second()
        assert state() == before
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert "rwlock" not in "".join(capfd.readouterr())
    played.check(ROUND)


@pytest.fixture
def experiment(season: Season) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that looks like a `dvc exp run` which has not asked for DVC's lock yet."""
    command = [sys.executable, "-c", "input()", "dvc", "exp", "run", "--name", "slower"]
    with subprocess.Popen(command, cwd=season.repository.path, stdin=subprocess.PIPE) as process:
        yield process
        process.communicate(b"\n", timeout=20)


def test_whoever_is_refused_beside_dvc_never_held_the_lock(
    experiment: "subprocess.Popen[bytes]", monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stage that started in that moment would stop."""
    monkeypatch.setattr("numerai_rounds.io.machine.dvc_locks.PATIENCE", 0)
    monkeypatch.setattr("numerai_rounds.io.machine.exclusive.FileLock", None)
    with pytest.raises(BusyError, match=rf"^`dvc exp run --name slower` is at work here \(process {experiment.pid}\)"):
        configure.compose(["seed=8"])


def test_what_reads_beside_an_experiment_says_that_it_is_at_work(
    season: Season, experiment: "subprocess.Popen[bytes]"
) -> None:
    paths.PARAMS.write_text("seed: 7\n")
    said = season.repository.run("rounds", "report", check=False)
    assert said.returncode == 2
    assert f"slower` is at work here (process {experiment.pid}). It changes files meanwhile" in said.stdout


def test_a_run_that_meets_a_dvc_repro_on_its_way_never_advises_to_delete_a_lock(
    season: Season, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The run was first, and looked for others before there were any."""
    monkeypatch.setattr("numerai_rounds.io.machine.exclusive.GRACE", 0)
    told = pytest.raises(BusyError, match=r"`dvc repro .*submit` is at work here")
    with repro_at_submit(season) as process, told:
        pipeline._dvc("repro", "--force", "--single-item", "submit")
    process.communicate(timeout=120)
    said = "".join(capfd.readouterr())
    assert "rwlock" not in said
    assert "manually" not in said


def test_a_pin_that_is_changed_while_submit_runs_is_never_recorded(season: Season) -> None:
    """By hand, or by a git that pulls: whoever asks for the lock is refused."""
    before = paths.LOCK.read_bytes()
    with repro_at_submit(season) as process:
        opened = edits.pinned_round()
        pin = opened.live["live"].model_copy(update={"identity": "etag:another"})
        edits.write_round(opened.model_copy(update={"number": ROUND + 1, "live": {"live": pin}}))
    said, _ = process.communicate(timeout=120)
    assert process.returncode != 0
    assert "data/raw/live is not of what conf/round.yaml pins for round 1401" in said
    assert "`dvc repro --force fetch@live`" in said
    assert paths.LOCK.read_bytes() == before


def test_a_round_that_is_no_more_the_one_that_was_played_is_not_kept(season: Season) -> None:
    played.check(ROUND)
    opened, lock = edits.pinned_round(), paths.LOCK.read_text()
    edits.write_round(opened.model_copy(update={"number": ROUND + 1}))
    with pytest.raises(ConfigurationError, match=rf"round {ROUND} was being played, and .* pins round {ROUND + 1}"):
        played.check(ROUND)
    with pytest.raises(ConfigurationError, match=r"round\.number changed while"):
        played.check(ROUND + 1)
    paths.LOCK.write_text(lock.replace(f"round.number: {ROUND}", f"round.number: {ROUND + 1}"))
    pin = opened.live["live"].model_copy(update={"identity": "etag:another"})
    edits.write_round(opened.model_copy(update={"number": ROUND + 1, "live": {"live": pin}}))
    with pytest.raises(ConfigurationError, match=r"round\.live"):
        played.check(ROUND + 1)
    season.repository.run("git", "commit", "--quiet", "--all", "--message", "by hand")
    with pytest.raises(ConfigurationError, match=f"the last commit pins round {ROUND + 1}, not round {ROUND}"):
        played.tag_round(ROUND)


def test_a_submission_on_the_live_data_of_another_round_is_not_sent(season: Season) -> None:
    manifest = paths.LIVE / "manifest.json"
    manifest.write_text(manifest.read_text().replace("etag:", "etag:0"))
    with pytest.raises(DamagedError, match=r"^data/raw/live/manifest\.json is not what its stage wrote"):
        uploading.upload(uploading.Options(models=[MODEL]), dry_run=True)
