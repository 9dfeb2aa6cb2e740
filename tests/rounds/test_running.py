"""`rounds run` as a scheduler uses it: in processes of its own, against the stand-in, stopped anywhere."""

import json
import os
import re
import signal
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pandas as pd
import pytest

from numerai_rounds.io.dvc import pipeline
from numerai_rounds.io.files.yaml_files import read_yaml
from numerai_rounds.io.scores.rough import rough
from tests import tiny
from tests.conftest import Repository
from tests.rounds.season import LIVE, MODEL, NEXT, ROUND, Season
from tests.service.stand_in import Fault

RUN = ("run", "--upload", "--model", MODEL)


@pytest.fixture
def season(next_round: Season) -> Season:
    return next_round


def add_remotes(season: Season) -> Path:
    """A DVC remote and a git remote, both folders."""
    bare, repository = season.repository.path.parent / "bare.git", season.repository
    repository.run("git", "init", "--quiet", "--bare", "--initial-branch", "main", str(bare))
    repository.run("git", "remote", "add", "origin", str(bare))
    repository.run(
        "dvc", "remote", "add", "--quiet", "--default", "store", str(season.repository.path.parent / "store")
    )
    repository.commit("remotes")
    return bare


def assert_played(season: Season) -> None:
    """The service counts what the pipeline predicted for the live ids of now; git has all of it, and the tag."""
    (content,) = season.counted()
    assert content == season.content
    live = season.service.files[LIVE]
    submitted = pd.read_csv(season.repository.path / "data/submission/live_predictions.csv", index_col="id")
    assert set(submitted.index) == set(pd.read_parquet(live).index)
    kept = [json.loads(path.read_text()) for path in season.repository.path.glob(f"receipts/round-{NEXT}/*.json")]
    assert [receipt["outcome"] for receipt in kept if receipt["sha256"] == season.sha256] == ["accepted"]
    assert season.repository.run("git", "status", "--porcelain").stdout == ""
    assert season.repository.run("git", "diff", f"round-{NEXT}", "HEAD").stdout == ""


def test_a_whole_round_and_then_nothing_twice(season: Season) -> None:
    bare = add_remotes(season)
    pinned = read_yaml(season.repository.path / "conf/round.yaml")["round"]
    meanwhile: list[subprocess.CompletedProcess[str]] = []

    def run_again(operation: str, moment: str) -> None:
        if operation == "account" and not meanwhile:
            meanwhile.append(season.rounds(*RUN, check=False))

    season.service.on_request = run_again
    said = season.rounds(*RUN, "--push").stdout
    assert meanwhile[0].returncode == 7
    assert "`rounds run` is at work here" in meanwhile[0].stdout
    assert re.fullmatch(
        rf"round {NEXT}: accepted for {MODEL}; CORR -?[\d.]+, Sharpe -?[\d.]+ \(\d+ eras\); "
        rf"round-{NEXT}, pushed to origin/main",
        said.splitlines()[-1],
    )
    assert_played(season)
    assert read_yaml(season.repository.path / "conf/round.yaml")["round"]["history"] == pinned["history"]
    log = season.repository.run("git", "log", "--format=%B").stdout
    assert f"Round {NEXT}: CORR" in log
    assert "target: target_ender_60\ncorr_mean: " in log
    assert f"round-{NEXT}" in season.repository.run("git", "--git-dir", str(bare), "tag").stdout

    before = season.repository.run("git", "log", "--all", "--format=%H").stdout
    again = season.rounds(*RUN, "--push").stdout
    assert again.splitlines()[-1] == said.splitlines()[-1]
    assert season.repository.run("git", "log", "--all", "--format=%H").stdout == before
    assert len(season.service.submissions) == 1
    asked = season.service.downloads("v5.3/train.parquet")
    assert all("Range" in request.headers for request in asked)  # looked at under its new ETag, and not downloaded
    assert [request.method for request in season.service.requests].count("PUT") == 1

    fresh = Repository(season.repository.path.parent / "fresh")
    season.repository.run("git", "clone", "--quiet", str(bare), str(fresh.path))
    for key, value in {"user.name": "A Robot", "user.email": "robot@example.org"}.items():
        fresh.run("git", "config", key, value)
    Season(fresh, season.service).rounds(*RUN, "--push")
    assert len(season.service.submissions) == 1
    assert not (fresh.path / "data/raw/history").exists()


def cloned(season: Season) -> Season:
    """A fresh clone on another machine: it has what git has, and nothing of DVC's cache."""
    fresh = Repository(season.repository.path.parent / "fresh")
    season.repository.run("git", "clone", "--quiet", str(season.repository.path), str(fresh.path))
    for key, value in {"user.name": "A Robot", "user.email": "robot@example.org"}.items():
        fresh.run("git", "config", key, value)
    return Season(fresh, season.service)


def test_a_fresh_clone_without_a_remote_makes_everything_again(this_round: Season) -> None:
    fresh = cloned(this_round)
    said = fresh.rounds("run").stdout
    assert "ERROR" not in said
    assert fresh.content == this_round.content
    assert fresh.repository.run("git", "status", "--porcelain").stdout == ""  # dvc.lock has the same hashes


def test_a_fresh_clone_with_a_remote_plays_the_next_round_with_the_model_alone(next_round: Season) -> None:
    add_remotes(next_round)
    next_round.repository.run("dvc", "push", "--quiet")
    fresh = cloned(next_round)
    said = fresh.rounds("run").stdout
    assert "ERROR" not in said
    assert "models/model.txt comes from the DVC remote." in said
    assert not (fresh.repository.path / "data/raw/history").exists()
    live = set(pd.read_parquet(next_round.service.files[LIVE]).index)
    submitted = pd.read_csv(fresh.repository.path / "data/submission/live_predictions.csv", index_col="id")
    assert set(submitted.index) == live


KILLS = [
    ("rounds", "before"),
    ("fetch", "after"),
    ("pre-commit", "git"),
    ("post-commit", "git"),
    ("PUT", "after"),
    ("create_submission", "after"),
    ("pre-commit", "git"),
    ("post-commit", "git"),
    ("reference-transaction", "git"),
]
"""Where a run is killed, each start further on: at a request, a download of the stage `fetch`, or a step of git."""
SOME_KILLS = [KILLS[place] for place in (1, 3, 5, 6, 8)]
"""One in a stage, after the round's commit, with a submission made, before the receipt's commit, and amid the tag."""

HOOK = """#!/bin/sh
case "$0 $1" in *reference-transaction*prepared) grep -q refs/tags || exit 0;; *reference-transaction*) exit 0;; esac
rm "$0"
kill -9 "$(cat .git/victim)"
exit 1
"""
"""Git's step does not happen either, where git asks before it."""


def set_trap(season: Season, step: str, moment: str) -> "subprocess.Popen[bytes]":
    """Start a run that is killed at a step."""
    victim: list[subprocess.Popen[bytes]] = []
    pinned = f"number: {NEXT}"

    def kill(operation: str, when: str) -> None:
        fetches = pinned in (season.repository.path / "conf/round.yaml").read_text()
        name = "fetch" if operation == "GET" and fetches else operation
        if (name, when) == (step, moment) and victim:
            victim.pop().kill()

    season.service.on_request = kill
    if moment == "git":
        hook = season.repository.path / ".git/hooks" / step
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(HOOK)
        hook.chmod(0o755)
    process = season.start(*RUN)
    victim.append(process)
    (season.repository.path / ".git/victim").write_text(str(process.pid))
    return process


@pytest.mark.parametrize("kills", [SOME_KILLS, pytest.param(KILLS, marks=pytest.mark.exhaustive)], ids=["some", "all"])
def test_killed_at_every_step_it_goes_on_and_ends_the_same(season: Season, kills: list[tuple[str, str]]) -> None:
    reached = []
    for step, moment in kills:
        process = set_trap(season, step, moment)
        reached.append(process.wait(timeout=120) == -signal.SIGKILL)
    season.service.on_request = None
    said = season.rounds(*RUN).stdout
    assert f"round {NEXT}: accepted for {MODEL}" in said.splitlines()[-1]
    assert_played(season)
    assert len(season.service.submissions) == 1
    assert reached == [True] * len(kills), season.log.read_text()


def test_files_that_are_replaced_on_the_way_are_pinned_and_predicted_anew(season: Season) -> None:
    """Once between opening and fetching, once more before the upload."""
    waiting = {"dataset": 9, "account": 10}

    def replace(operation: str, moment: str) -> None:
        opened = f"number: {NEXT}" in (season.repository.path / "conf/round.yaml").read_text()
        if opened and operation in waiting:
            later = season.repository.path.parent / f"{operation}.parquet"
            tiny.market(seed=waiting.pop(operation)).live.to_parquet(later)
            season.service.files[LIVE] = later

    season.service.on_request = replace
    said = season.rounds(*RUN).stdout
    assert "now serves another version" in said
    assert "was replaced since it was fetched" in said
    assert "Predicting again" in said
    assert waiting == {}
    assert_played(season)
    assert len(season.service.submissions) == 1


@pytest.mark.parametrize(
    "left",
    ["", "stages: {a", *(pytest.param(left, marks=pytest.mark.exhaustive) for left in ("schema: '2.0'\n", "\0\0"))],
)
def test_a_lock_file_that_was_half_written_is_no_obstacle(
    season: Season, left: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(season.repository.path)
    whole = Path("dvc.lock").read_text()
    Path("dvc.lock").write_text(left)
    pipeline.repro()
    assert Path("dvc.lock").read_text() == whole


def test_it_waits_for_the_round_to_open_and_then_for_its_live_file(
    season: Season, predicted_once: tuple[Repository, dict[str, Path]]
) -> None:
    now, live = datetime.now(UTC), season.service.files[LIVE]
    season.service.files[LIVE] = predicted_once[1][LIVE]
    season.service.opens, season.service.closes = now + timedelta(hours=1), now + timedelta(hours=2)
    asked: list[str] = []

    def open_at_last(operation: str, moment: str) -> None:
        asked.append(operation)
        if len(asked) > 20:
            season.service.clock = lambda: now + timedelta(minutes=61)
        if len(asked) > 60:
            season.service.files[LIVE] = live

    season.service.on_request = open_at_last
    said = season.rounds(*RUN, "--wait").stdout
    assert f"round {NEXT} is not open now" in said
    assert f"live.parquet is still that of round {ROUND}" in said
    assert_played(season)


def test_it_does_not_wait_unasked_or_for_ever(season: Season) -> None:
    now = datetime.now(UTC)
    season.service.opens, season.service.closes = now + timedelta(hours=1), now + timedelta(hours=2)
    stopped = season.rounds(*RUN, check=False)
    assert stopped.returncode == 6
    assert f"round {NEXT} is not open now" in stopped.stdout
    assert "--wait waits for the next one" in stopped.stdout
    stopped = season.rounds(*RUN, "--wait", "--patience", "0", check=False)
    assert stopped.returncode == 6
    assert "no round opened within 0 minutes" in stopped.stdout
    assert season.repository.run("git", "status", "--porcelain").stdout == ""


def test_sources_that_are_not_committed_are_refused(season: Season) -> None:
    (season.repository.path / "src/numerai_rounds/extra.py").write_text("")
    stopped = season.rounds(*RUN, check=False)
    assert stopped.returncode == 2
    assert "src/numerai_rounds/extra.py is not committed" in stopped.stdout
    assert season.service.requests == []


def test_a_stage_that_stops_gives_its_own_exit_code_and_the_service_repeats_no_key(season: Season) -> None:
    season.service.keys = (uuid4().hex, uuid4().hex)
    broken = tiny.market(seed=1).live
    broken.iloc[0, 3] = 9
    path = season.repository.path.parent / "broken.parquet"
    broken.to_parquet(path)
    sound = season.service.files[LIVE]
    season.service.files[LIVE] = path
    stopped = season.rounds(*RUN, check=False)
    assert stopped.returncode == 3
    assert stopped.stdout.splitlines()[-1].startswith("error: ")
    assert season.service.submissions == []
    season.service.files[LIVE] = sound
    words = json.dumps({"errors": [{"message": f"invalid_submission_ids of {season.service.keys[1]}"}]}).encode()
    season.service.faults["create_submission"] = [Fault(body=words, undone=True)]
    rejected = season.rounds(*RUN, check=False)
    assert rejected.returncode == 3
    assert "rejected" in rejected.stdout
    assert "invalid_submission_ids of ***" in rejected.stdout
    last = season.rounds(*RUN).stdout
    assert_played(season)
    assert_no_key_in(season, stopped.stdout + rejected.stdout + last)


def test_experiments_play_for_other_models(season: Season) -> None:
    said = season.rounds(*RUN, "--model", "other=linear").stdout
    figures = r"CORR \S+, Sharpe \S+ \(\d+ eras\)"
    line = re.fullmatch(
        rf"round {NEXT}: accepted for mine: ({figures}); accepted for other \(linear\): ({figures}); "
        rf"round-{NEXT}, round-{NEXT}-linear",
        said.splitlines()[-1],
    )
    assert line is not None
    for told, tag in zip(line.groups(), (f"round-{NEXT}", f"round-{NEXT}-linear"), strict=True):
        scores = json.loads(season.repository.run("git", "show", f"{tag}:metrics/validation.json").stdout)
        corr, sharpe = rough(scores["corr_mean"]), rough(scores["corr_sharpe"])
        assert told == f"CORR {corr}, Sharpe {sharpe} ({scores['eras']} eras)"
    assert season.counted("mine") != season.counted("other")
    assert_played(season)
    tagged = season.repository.run("git", "show", f"round-{NEXT}-linear:params.yaml").stdout
    assert "kind: ridge" in tagged
    (receipt,) = season.repository.path.glob("receipts/*/other-*.json")
    commit = season.repository.run("git", "rev-parse", f"round-{NEXT}-linear^{{commit}}").stdout.strip()
    assert json.loads(receipt.read_text())["commit"] == commit
    assert season.repository.repro() == []
    season.rounds(*RUN, "--model", "other=linear")
    assert len(season.service.submissions) == 2


def assert_no_key_in(season: Season, said: str) -> None:
    """Neither key is in any word or file of the repository, git's and DVC's own included."""
    keys = [key.encode() for key in season.service.keys]
    assert not any(key in said.encode() for key in keys)
    for folder, _, names in os.walk(season.repository.path):
        for name in names:
            content = (Path(folder) / name).read_bytes()
            assert not any(key in content for key in keys), name
