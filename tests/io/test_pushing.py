"""Where a push goes, that it arrived, and what is advised where it did not: with real repositories on this machine."""

import threading
from base64 import b64decode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from numerai_rounds.base.errors import ConfigurationError, ServiceError
from numerai_rounds.io.repository import destination, pushing
from tests.conftest import Repository
from tests.past import ground, head

TAG = "round-1400"


def bare(path: Path) -> Repository:
    Repository(path.parent).run("git", "init", "--quiet", "--bare", "--initial-branch", "main", str(path))
    return Repository(path)


def tag(repository: Repository, *names: str) -> None:
    for name in names:
        repository.run("git", "tag", "--annotate", "--message", name, name)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository with a round and its tag; `origin` and `fork` are beside it."""
    (tmp_path / "here").mkdir()
    repository = ground(tmp_path / "here")
    for name in ("origin", "fork"):
        repository.run("git", "remote", "add", name, str(bare(tmp_path / f"{name}.git").path))
    tag(repository, TAG)
    monkeypatch.chdir(repository.path)
    return repository


def configure(repository: Repository, settings: str) -> None:
    for setting in filter(None, settings.split("; ")):
        name, _, value = setting.partition("=")
        repository.run("git", "config", "--add", name, value)


def refs(place: str) -> dict[str, str]:
    listed = Repository(Path.cwd().parent).run("git", "--git-dir", f"{place}.git", "show-ref", check=False).stdout
    return {line.split()[1]: line.split()[0] for line in listed.splitlines()}


LIVE = "branch.main.remote=origin; branch.main.merge=refs/heads/live"
PLACES = {
    "": "origin/main",
    "remote.pushDefault=fork": "fork/main",
    "remote.pushDefault=origin; branch.main.pushRemote=fork": "fork/main",
    "branch.main.remote=fork; branch.main.merge=refs/heads/main": "fork/main",
    f"{LIVE}; push.default=upstream": "origin/live",
    f"{LIVE}; push.default=tracking": "origin/live",
    f"{LIVE}; push.default=current": "origin/main",
    f"{LIVE}; push.default=simple; remote.pushDefault=fork": "fork/main",
    f"{LIVE}; remote.origin.push=refs/heads/main:refs/heads/prod": "origin/prod",
    "remote.origin.push=main:prod": "origin/prod",
    "remote.origin.push=heads/main:prod": "origin/prod",
    "remote.origin.push=HEAD": "origin/main",
    "remote.origin.mirror=true": "origin/main",
    f"{LIVE}; push.default=upstream; remote.origin.mirror=true": "origin/main",
    "remote.origin.push=refs/heads/*:refs/heads/mine/*": "origin/mine/main",
}


@pytest.mark.parametrize("settings", PLACES)
def test_a_push_goes_where_git_would_push(here: Repository, settings: str) -> None:
    configure(here, settings)
    asked = here.run("git", "-c", "push.autoSetupRemote=true", "push", "--dry-run", "--porcelain").stdout
    if settings:
        remote, _, branch = PLACES[settings].partition("/")
        assert f"/{remote}.git" in asked
        assert f"refs/heads/main:refs/heads/{branch}\t" in asked.replace("HEAD:", "refs/heads/main:")
    assert pushing.push([TAG]) == PLACES[settings]
    remote, _, branch = PLACES[settings].partition("/")
    assert refs(f"{remote}")[f"refs/heads/{branch}"] == head(here)
    assert f"refs/tags/{TAG}" in refs(remote)
    (other,) = {"origin", "fork"} - {remote}
    assert refs(other) == {}


REFUSED = {
    "push.default=nothing": r"push\.default is `nothing`: `git config remote\.origin\.push ",
    LIVE: "main follows live of origin, .*`git config push.default upstream`",
    "push.default=upstream": "main follows none there",
    f"{LIVE}; push.default=upstream; remote.pushDefault=fork": "no branch of fork to push to",
    "branch.main.remote=.; branch.main.merge=refs/heads/other": "into this repository itself",
    "remote.self.url=.; remote.pushDefault=self": "into this repository itself",
    "remote.self.url=../worktree; remote.pushDefault=self": "into this repository itself",
    "remote.pushDefault=gone": "no remote of git's: it has fork, origin",
    "remote.origin.push=refs/heads/other:refs/heads/other": "and not main",
}


@pytest.mark.parametrize("settings", REFUSED)
def test_where_git_would_push_it_nowhere_is_said_before_anything_runs(here: Repository, settings: str) -> None:
    here.run("git", "worktree", "add", "--quiet", "../worktree")
    configure(here, settings)
    with pytest.raises(ConfigurationError, match=REFUSED[settings]):
        destination.find()


def test_several_remotes_without_a_choice_and_no_branch_are_refused(here: Repository) -> None:
    here.run("git", "remote", "rename", "origin", "team")
    with pytest.raises(ConfigurationError, match="which of the remotes fork, team to push to"):
        destination.find()
    here.run("git", "checkout", "--quiet", "--detach")
    with pytest.raises(ConfigurationError, match="none is checked out"):
        destination.find()


def test_the_only_remote_is_taken_and_none_is_no_failure(here: Repository) -> None:
    here.run("git", "remote", "remove", "origin")
    assert pushing.push([TAG]) == "fork/main"
    here.run("git", "remote", "remove", "fork")
    assert pushing.push([TAG]) is None


def test_each_of_several_addresses_gets_the_branch_the_tags_and_those_of_earlier_rounds(here: Repository) -> None:
    for name in ("origin", "fork"):
        here.run("git", "remote", "set-url", "--add", "--push", "origin", f"../{name}.git")
    tag(here, "round-1399", "round-1399-linear", "round-1400.2", "round-the-world", "v1.0")
    configure(here, "push.followTags=true")
    assert pushing.push([TAG]) == "origin/main"
    ours = {f"refs/tags/{name}" for name in ("round-1399", "round-1399-linear", "round-1400", "round-1400.2")}
    assert refs("origin").keys() == refs("fork").keys() == ours | {"refs/heads/main"}
    assert set(refs("fork").values()) == set(refs("origin").values())


def test_a_remote_that_knows_no_atomic_push_gets_all_the_same(here: Repository) -> None:
    Repository(here.path.parent / "origin.git").run("git", "config", "receive.advertiseAtomic", "false")
    assert pushing.push([TAG]) == "origin/main"
    assert f"refs/tags/{TAG}" in refs("origin")


def ahead(here: Repository) -> None:
    """Somebody else pushed in between."""
    pushing.push([TAG])
    other = Repository(here.path.parent / "other")
    here.run("git", "clone", "--quiet", "../origin.git", str(other.path))
    identity = ("-c", "user.name=B", "-c", "user.email=b@example.org")
    other.run("git", *identity, "commit", "--quiet", "--allow-empty", "--message", "theirs")
    other.run("git", "push", "--quiet", "origin", "main")
    here.run("git", "commit", "--quiet", "--allow-empty", "--message", "ours")


def hook(where: Path, name: str, text: str) -> None:
    (where / "hooks").mkdir(exist_ok=True)
    (where / "hooks" / name).write_text(f"#!/bin/sh\n{text}\n")
    (where / "hooks" / name).chmod(0o755)


def test_commits_that_are_not_here_are_to_be_pulled_and_then_it_goes_through(here: Repository) -> None:
    ahead(here)
    with pytest.raises(ConfigurationError, match=r"\[rejected\] \(fetch first\).*`git pull --rebase origin main`"):
        pushing.push([TAG])
    here.run("git", "pull", "--quiet", "--rebase", "origin", "main")
    assert pushing.push([TAG]) == "origin/main"
    assert refs("origin")["refs/heads/main"] == head(here)


def test_all_or_nothing_and_a_tag_of_another_clone_is_to_be_fetched(here: Repository) -> None:
    pushing.push([TAG])
    before = refs("origin")
    here.run("git", "tag", "--delete", TAG)
    here.run("git", "commit", "--quiet", "--allow-empty", "--message", "ours")
    tag(here, TAG, "round-1401")
    with pytest.raises(ConfigurationError, match=r"already exists.*`git fetch --tags --force origin`"):
        pushing.push([TAG])
    assert refs("origin") == before


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        ("no rounds on Fridays", "A hook of the remote refuses it"),
        ("GH006: Protected branch", "The branch is protected"),
    ],
)
def test_a_hook_of_the_remote_is_quoted(here: Repository, words: str, advice: str) -> None:
    hook(here.path.parent / "origin.git", "pre-receive", f"echo '{words}' >&2; exit 1")
    with pytest.raises(ConfigurationError, match=f"pre-receive hook declined.*{words}.*{advice}") as refused:
        pushing.push([TAG])
    assert "pull" not in str(refused.value)


def test_a_hook_of_this_repository_is_quoted(here: Repository) -> None:
    hook(here.path / ".git", "pre-push", "echo 'the tests fail' >&2; exit 1")
    with pytest.raises(ConfigurationError, match=r"the tests fail.*The hook pre-push of this repository refuses it"):
        pushing.push([TAG])


def test_a_mirror_loses_nothing_that_is_there_alone(here: Repository) -> None:
    here.run("git", "push", "--quiet", "origin", "main:theirs")
    configure(here, "remote.origin.mirror=true")
    assert pushing.push([TAG]) == "origin/main"
    assert refs("origin").keys() == {"refs/heads/main", "refs/heads/theirs", f"refs/tags/{TAG}"}


def test_a_shallow_clone_is_to_be_completed(here: Repository) -> None:
    here.run("git", "commit", "--quiet", "--allow-empty", "--message", "more")
    here.run("git", "push", "--quiet", "origin", "main")
    (here.path / ".git/shallow").write_text(head(here) + "\n")
    here.run("git", "remote", "set-url", "origin", "../fork.git")
    with pytest.raises(ConfigurationError, match=r"shallow update not allowed.*run `git fetch --unshallow`"):
        pushing.push([TAG])


def test_a_repository_that_cannot_be_written_to_is_told_as_such(here: Repository) -> None:
    objects = here.path.parent / "origin.git/objects"
    objects.rename(objects.with_name("gone"))
    objects.symlink_to("/proc")
    with pytest.raises(ConfigurationError, match=r"unpacker error.*cannot be written to: ask who keeps it"):
        pushing.push([TAG])


def test_a_repository_of_another_user_is_to_be_trusted(here: Repository) -> None:
    said = "fatal: detected dubious ownership in repository at '/nas/rounds.git'"
    configure(here, f'remote.origin.uploadpack=echo >&2 "{said}" && false')
    with pytest.raises(ConfigurationError, match=r"dubious ownership.*`git config --global --add safe\.directory"):
        pushing.push([TAG])


def test_a_working_folder_takes_no_push(here: Repository) -> None:
    here.run("git", "clone", "--quiet", ".", "../desk")
    here.run("git", "remote", "set-url", "origin", "../desk")
    here.run("git", "commit", "--quiet", "--allow-empty", "--message", "more")
    with pytest.raises(ConfigurationError, match="push to a bare repository"):
        pushing.push([TAG])


def test_what_git_calls_pushed_is_looked_for(here: Repository) -> None:
    hook(here.path.parent / "origin.git", "post-receive", "git update-ref -d refs/heads/main")
    with pytest.raises(ServiceError, match="origin does not show refs/heads/main as they are here"):
        pushing.push([TAG])


def test_a_remote_that_cannot_be_reached_is_tried_again_and_no_password_is_told(here: Repository) -> None:
    here.run("git", "remote", "set-url", "origin", "http://me:secret@127.0.0.1:9/rounds.git")
    with pytest.raises(ServiceError, match=r"cannot be reached: run the same again later") as failed:
        pushing.push([TAG])
    assert "secret" not in str(failed.value)
    assert "pull" not in str(failed.value)


def test_an_address_without_a_repository_is_said(here: Repository) -> None:
    here.run("git", "remote", "set-url", "origin", "../nowhere.git")
    with pytest.raises(ConfigurationError, match=r"There is no repository at the address.*`git remote --verbose`"):
        pushing.push([TAG])


given: list[str] = []
"""What the service below was given as a password."""


@pytest.fixture
def locked() -> Iterator[str]:
    """The address of a service that asks for a password, and takes none."""
    given.clear()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if "Authorization" in self.headers:
                given.append(b64decode(self.headers["Authorization"].split()[1]).decode())
            self.send_response(401)
            self.send_header("WWW-Authenticate", "Basic realm=x")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/rounds.git"
        server.shutdown()


def test_missing_credentials_are_not_asked_for_but_named(here: Repository, locked: str) -> None:
    here.run("git", "remote", "set-url", "origin", locked)
    with pytest.raises(ConfigurationError, match=r"terminal prompts disabled.*a credential helper") as failed:
        pushing.push([TAG])
    assert "pull" not in str(failed.value)


def test_a_credential_helper_finds_this_environment_under_cron(
    here: Repository, locked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.run("git", "remote", "set-url", "origin", locked)
    helper = "!f() { command -v dvc > /dev/null && echo username=me && echo password=sesame; }; f"
    here.run("git", "config", "credential.helper", helper)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    with pytest.raises(ConfigurationError, match=r"Authentication failed.*a credential helper"):
        pushing.push([TAG])
    assert given == ["me:sesame"]
