"""Whole rounds where git is set up as other people have it: a larger repository, hooks, odd configurations."""

import json
import os
from pathlib import Path

import pytest

from numerai_rounds.io.files.yaml_files import read_yaml
from tests.conftest import Repository
from tests.rounds.season import MODEL, NEXT, Season

RUN = ("run", "--upload", "--push", "--model", MODEL)

BARE = {"PATH": "/usr/bin:/bin", "LANG": "", "LC_ALL": ""}
"""What cron gives."""

HOSTILE = """
[core]
    quotePath = true
    fsmonitor = /nowhere/monitor
    autocrlf = true
    eol = crlf
    safecrlf = true
    pager = false
    attributesFile = {folder}/attributes
    excludesFile = {folder}/ignored
[color]
    ui = always
    diff = always
    status = always
    branch = always
    push = always
    transport = always
[column]
    ui = always
[diff]
    renames = copies
    noprefix = true
    mnemonicPrefix = true
    external = false
    relative = true
    orderFile = {folder}/order
[status]
    relativePaths = false
    showUntrackedFiles = no
    renames = copies
    short = true
    branch = true
    showStash = true
[log]
    decorate = full
    showSignature = true
    follow = true
    abbrevCommit = true
    date = relative
[format]
    pretty = fuller
[commit]
    gpgsign = true
    cleanup = scissors
    verbose = true
    template = /nowhere/template
[tag]
    gpgsign = true
    forceSignAnnotated = true
    sort = -taggerdate
[i18n]
    commitEncoding = ISO-8859-1
    logOutputEncoding = UTF-16
[push]
    followTags = true
[alias]
    status = log
    rev-parse = log
[advice]
    detachedHead = true
"""


@pytest.fixture
def season(next_round: Season) -> Season:
    """The next round is to be played; git and DVC have remotes."""
    repository, beside = next_round.repository, next_round.repository.path.parent
    repository.run("git", "init", "--quiet", "--bare", "--initial-branch", "main", str(beside / "bare.git"))
    repository.run("git", "remote", "add", "origin", str(beside / "bare.git"))
    repository.run("dvc", "remote", "add", "--quiet", "--default", "store", str(beside / "store"))
    repository.commit("remotes")
    return next_round


def remote(season: Season) -> Path:
    return Path(season.repository.run("git", "config", "remote.origin.url").stdout.strip())


def assert_played(season: Season, said: str, *others: str) -> None:
    """The submission counts; git has everything, here and at the remote, and nothing more."""
    repository = season.repository
    tags = "".join(f", round-{NEXT}-{other}" for other in others)
    assert said.splitlines()[-1].startswith(f"round {NEXT}: accepted for {MODEL}")
    assert said.splitlines()[-1].endswith(f"; round-{NEXT}{tags}, pushed to origin/main")
    assert season.counted() == [season.content]
    assert repository.run("git", "status", "--porcelain", GIT_CONFIG_GLOBAL=os.devnull).stdout == ""
    kept = repository.run("git", "ls-tree", "-r", "--name-only", "HEAD", "receipts", GIT_CONFIG_GLOBAL=os.devnull)
    receipts = kept.stdout.splitlines()
    assert len(receipts) == 1 + len(others)
    made = {json.loads((repository.path / name).read_text())["commit"] for name in receipts}
    for ref in ("refs/heads/main", f"refs/tags/round-{NEXT}"):
        there = repository.run("git", "--git-dir", str(remote(season)), "rev-parse", f"{ref}^{{commit}}").stdout
        assert there == repository.run("git", "rev-parse", "HEAD").stdout
    for commit in made:
        repository.run("git", "--git-dir", str(remote(season)), "cat-file", "-e", commit)


DECOYS = ("conf/round.yaml", "params.yaml", "dvc.lock", "metrics/validation.json", "src/numerai_rounds/x.py", "top.txt")
"""What a larger repository has under the same names."""


def put_into_larger(season: Season) -> Repository:
    """The project becomes a folder of a repository that has other things, and other rules."""
    old = season.repository.path
    larger = Repository(old.parent / "larger")
    below = larger.path / "the desk/ü rounds"
    below.parent.mkdir(parents=True)
    old.rename(below)
    (below / ".git").rename(larger.path / ".git")
    for name in DECOYS:
        (larger.path / name).parent.mkdir(parents=True, exist_ok=True)
        (larger.path / name).write_text("of the larger repository\n")
    hidden = ("*.lock", "*.json", "*.csv", "*.yaml", "receipts/", "metrics", "conf/", "src/", "data", "models/")
    (larger.path / ".gitignore").write_text("\n".join([*hidden, ""]))
    (larger.path / ".gitattributes").write_text("* text eol=crlf ident\n*.json filter=nowhere\n")
    larger.run("git", "add", "--all", "--force", *DECOYS)
    larger.commit("a larger repository")
    assert Repository(below).run("git", "status", "--porcelain").stdout == ""
    season.repository = Repository(below)
    return larger


def test_a_folder_of_a_larger_repository_plays_a_round_with_every_command(
    season: Season, monkeypatch: pytest.MonkeyPatch
) -> None:
    larger = put_into_larger(season)
    repository = season.repository
    monkeypatch.chdir(repository.path)
    assert repository.repro() == []
    assert "wrong " not in repository.run("rounds", "doctor").stdout
    assert_played(season, season.rounds(*RUN, "--model", "other=linear").stdout, "linear")
    before = repository.run("git", "rev-parse", "HEAD").stdout
    assert season.rounds(*RUN, "--model", "other=linear").stdout.splitlines()[-1].endswith("pushed to origin/main")
    assert repository.run("git", "rev-parse", "HEAD").stdout == before
    listed = repository.run("rounds", "list").stdout
    assert [line.split()[:2] for line in listed.splitlines() if line[:4].isdigit()] == [
        [str(NEXT), "mine"],
        [str(NEXT), "other=linear"],
        [str(NEXT - 1), "target_ender_60"],
    ]
    repository.run("dvc", "exp", "run", "--name", "faster", "-S", "model.learning_rate=0.1")
    repository.run("git", "reset", "--quiet", "--hard")
    repository.run("dvc", "checkout", "--quiet")
    season.rounds("upload", "--dry-run", "--model", "other=faster")
    for name in ("README.md", "../../top.txt"):
        (repository.path / name).write_text("since\n")
    larger.commit("others go on")
    repository.run("dvc", "exp", "apply", "faster")
    stopped = season.rounds("run", check=False)
    assert stopped.returncode == 2
    assert "`dvc exp apply` took README.md, ../../top.txt back to the commit" in stopped.stdout
    assert "As in HEAD again: ../../top.txt, README.md." in repository.run("rounds", "promote").stdout
    assert repository.params()["model"]["learning_rate"] == 0.1
    assert (larger.path / "top.txt").read_text() == "since\n"
    assert repository.repro() == []
    changed = larger.run("git", "-c", "core.quotePath=false", "status", "--porcelain", "-z").stdout.split("\0")
    assert {name[3:].removeprefix("the desk/ü rounds/") for name in changed if name} <= {
        *("conf/model/lightgbm.yaml", "params.yaml", "dvc.lock"),
        *(f"metrics/{name}" for name in ("compare.json", "per_era.csv", "summary.csv", "validation.json")),
    }
    repository.commit("promoted")
    assert "the run of commit" in repository.run("rounds", "report").stdout
    (repository.path / "conf/model/mine.yaml").write_text("kind: ridge\n")
    refused = season.rounds("run", check=False)
    assert refused.returncode == 2
    assert "error: conf/model/mine.yaml is not committed" in refused.stdout


def test_under_cron_hooks_and_filters_find_this_environment(season: Season) -> None:
    repository = season.repository
    repository.run("dvc", "install")
    repository.run("git", "config", "filter.ours.clean", "dvc --version > /dev/null && cat")
    repository.run("git", "config", "filter.ours.required", "true")
    (repository.path / ".git/info/attributes").write_text("receipts/** filter=ours\n")
    refused = repository.run("git", "commit", "--allow-empty", "--message", "x", check=False, **BARE)
    assert "dvc" in refused.stdout  # that it is not found
    assert refused.returncode
    assert_played(season, season.rounds(*RUN, **BARE).stdout)
    assert any((repository.path.parent / "store").rglob("*"))


def test_a_persons_configuration_shapes_nothing(season: Season, tmp_path: Path) -> None:
    (tmp_path / "attributes").write_text("* text eol=crlf\n*.json diff=nowhere\n")
    (tmp_path / "ignored").write_text("*.json\n*.csv\n*.lock\nreceipts/\nconf/\n")
    (tmp_path / "order").write_text("*.md\n")
    hostile = tmp_path / "gitconfig"
    hostile.write_text(HOSTILE.format(folder=tmp_path))
    odd = {
        "GIT_CONFIG_GLOBAL": str(hostile),
        "LANGUAGE": "de",
        "LC_ALL": "de_DE.UTF-8",
        "GIT_DIR": "/nowhere/.git",
        "GIT_INDEX_FILE": "/nowhere/index",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_TRACE": "1",
    }
    said = season.rounds(*RUN, "--model", "other=linear", **odd).stdout
    assert_played(season, said, "linear")
    again = season.rounds(*RUN, "--model", "other=linear", **odd).stdout
    assert again.splitlines()[-1] == said.splitlines()[-1]
    listed = season.rounds("list", **odd).stdout
    assert [line.split()[0] for line in listed.splitlines() if line[:4].isdigit()] == ["1401", "1401", "1400", "1343"]
    assert "the run of commit" in season.rounds("report", **odd).stdout
    (season.repository.path / "conf/model/ü mine.yaml").write_text("kind: ridge\n")
    refused = season.rounds("run", check=False, **odd)
    assert "error: conf/model/ü mine.yaml is not committed" in refused.stdout


def test_a_clone_with_other_line_endings_has_the_same_bytes_and_runs_nothing_again(
    season: Season, tmp_path: Path
) -> None:
    (tmp_path / "attributes").write_text("* text=auto eol=crlf\n")
    options = [
        part
        for setting in ("core.autocrlf=true", "core.eol=crlf", f"core.attributesFile={tmp_path}/attributes")
        for part in ("--config", setting)
    ]
    old = season.repository
    fresh = Repository(tmp_path / "fresh")
    old.run("git", "push", "--quiet", "origin", "main")
    old.run("git", "clone", "--quiet", *options, str(remote(season)), str(fresh.path))
    for key, value in {"user.name": "A Person", "user.email": "person@example.org"}.items():
        fresh.run("git", "config", key, value)
    names = fresh.run("git", "ls-files").stdout.splitlines()
    assert [name for name in names if (fresh.path / name).read_bytes() != (old.path / name).read_bytes()] == []
    (old.path / ".dvc/cache").rename(fresh.path / ".dvc/cache")
    fresh.run("dvc", "checkout", "--quiet", "--allow-missing")
    assert fresh.repro() == []
    assert fresh.run("git", "status", "--porcelain").stdout == ""
    season.repository = fresh
    assert_played(season, season.rounds(*RUN).stdout)
    written = [path for path in fresh.run("git", "ls-files", "-z").stdout.split("\0") if path]
    assert not [name for name in written if b"\r\n" in (fresh.path / name).read_bytes()]
    assert read_yaml(fresh.path / "conf/round.yaml")["round"]["number"] == NEXT
