"""The command line: what it says, and how it ends."""

import os
import re
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from numerai_rounds.base.errors import MachineError
from numerai_rounds.commands.app import app
from numerai_rounds.io.files import atomic
from tests.conftest import Repository

SECRETS = {"NUMERAI_PUBLIC_ID": uuid4().hex, "NUMERAI_SECRET_KEY": uuid4().hex}


@pytest.mark.parametrize("command", [command.name or command.callback.__name__ for command in app.registered_commands])
def test_every_command_shows_an_example(command: str) -> None:
    shown = CliRunner().invoke(app, [command, "--help"]).output
    assert "Example" in shown
    assert f"rounds {command}" in shown


@pytest.mark.parametrize("command", [command.name or command.callback.__name__ for command in app.registered_commands])
def test_every_example_has_a_line_of_its_own(command: str) -> None:
    shown = CliRunner(env={"COLUMNS": "80", "TERMINAL_WIDTH": "80"}).invoke(app, [command, "--help"]).output
    lines = [line.strip() for line in shown.partition("Example")[2].splitlines()[1:] if line.strip()]
    assert lines
    assert all(line.startswith(("rounds ", "dvc ")) for line in lines)


def test_the_version_is_told_anywhere() -> None:
    said = CliRunner().invoke(app, ["--version"])
    assert (said.exit_code, said.output) == (0, f"numerai-rounds {metadata.version('numerai-rounds')}\n")


def test_the_doctor_finds_a_sound_machine(tiny: Repository) -> None:
    said = tiny.run("rounds", "doctor").stdout
    assert "in step with conf/, round 1343 of sample" in said
    assert "wrong" not in said


@pytest.mark.parametrize(
    ("variables", "spoil", "sentence"),
    [
        ({"NUMERAI_PUBLIC_ID": "half"}, None, "only NUMERAI_PUBLIC_ID is set"),
        ({}, ("params.yaml", "seed: 7", "seed: 8"), "differ in seed"),
        ({}, ("requirements.lock", "numpy==", "numpy==0"), "not as locked: numpy"),
        ({}, ("conf/config.yaml", "data: sample", "data: numerai"), "differ in data.kind"),
    ],
)
def test_the_doctor_says_what_to_mend(
    tiny: Repository, variables: dict[str, str], spoil: Sequence[str] | None, sentence: str
) -> None:
    if spoil:
        path = tiny.path / spoil[0]
        path.write_text(path.read_text().replace(spoil[1], spoil[2]))
    said = tiny.run("rounds", "doctor", check=False, **variables)
    assert said.returncode == 5
    assert sentence in said.stdout
    assert "half" not in said.stdout


def test_nothing_to_report_before_the_first_run(repository: Repository) -> None:
    (repository.path / "metrics/validation.json").unlink()
    said = repository.run("rounds", "report", check=False)
    assert said.returncode == 2
    assert "run `dvc repro` first" in said.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["open", "--round", "1350", "--next"], "exclude each other"),
        (["open", "--round", "5"], "no round 5"),
        (["open", "--round", "99999"], "no round 99999: it goes on for 520 weeks"),
        (["open", "--round", "0"], "Invalid value for '--round'"),
        (["promote", "nonsense"], "there is no experiment 'nonsense'"),
        (["compose", "select.k=-1"], "select.k: .*greater than or equal to 1"),
    ],
)
def test_a_slip_is_a_sentence_and_changes_nothing(tiny: Repository, arguments: list[str], sentence: str) -> None:
    said = tiny.run("rounds", *arguments, check=False)
    assert said.returncode == 2
    assert re.search(sentence, said.stdout)
    assert "Traceback" not in said.stdout
    assert tiny.run("git", "status", "--porcelain").stdout == ""


def test_no_key_is_in_any_file_or_output(tiny: Repository) -> None:
    output = tiny.run("dvc", "repro", **SECRETS).stdout + tiny.run("rounds", "doctor", **SECRETS).stdout
    files = [path for path in tiny.path.rglob("*") if path.is_file()]
    content = output.encode() + b"".join(path.read_bytes() for path in files)
    assert not any(secret.encode() in content for secret in SECRETS.values())


def test_a_file_that_may_not_be_read_is_not_said_to_be_unwritable(tmp_path: Path) -> None:
    """As where somebody ran once as another user, with a strict umask."""
    Path("params.yaml").touch(0o000)
    tmp_path.chmod(0o711)
    user = os.geteuid()
    os.seteuid(user or 65534)  # root may read everything
    try:
        told = pytest.raises(MachineError, match=r"params\.yaml may not be read .*Check the permissions of the file")
        with told, atomic.naming(Path("params.yaml")):
            Path("params.yaml").read_text()
    finally:
        os.seteuid(user)
