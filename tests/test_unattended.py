"""What is offered for schedulers: its commands are real ones, its times are those of rounds."""

import re

import yaml
from typer.testing import CliRunner

from numerai_rounds.base import errors
from numerai_rounds.commands.app import app
from numerai_rounds.io.service import credentials
from tests.conftest import ROOT

WORKFLOW = ROOT / ".github/workflows/round.yml"
MAKEFILE = (ROOT / "Makefile").read_text()
GUIDE = ROOT / "docs/unattended.md"


def test_every_option_of_a_scheduled_run_exists() -> None:
    shown = CliRunner().invoke(app, ["run", "--help"], env={"COLUMNS": "200"}).output
    lines = [
        line
        for path in (WORKFLOW, GUIDE)
        for line in path.read_text().splitlines()
        if re.search(r"rounds run --", line)
    ]
    options = {option for line in lines for option in re.findall(r"--[a-z]+", line.partition("rounds run")[2])}
    assert options >= {"--wait", "--upload", "--push", "--notify", "--model"}
    assert all(option in shown for option in options)


def test_the_workflow_starts_before_rounds_open_and_has_every_secret() -> None:
    workflow = yaml.safe_load(WORKFLOW.read_text())
    starts = [entry["cron"].split() for entry in workflow[True]["schedule"]]  # YAML reads `on` as true
    assert all(days == "2-6" for *_, days in starts)
    assert min(int(hour) * 60 + int(minute) for minute, hour, *_ in starts) < 12 * 60
    (step,) = [step for step in workflow["jobs"]["play"]["steps"] if "rounds run" in step.get("run", "")]
    for name in (*credentials.KEYS, credentials.WEBHOOK):
        assert step["env"][name] == f"${{{{ secrets.{name} }}}}"
    assert workflow["concurrency"]["cancel-in-progress"] is False


def test_every_change_is_tested_on_every_python_that_may_be_used() -> None:
    job = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text())["jobs"]["test"]
    first, last = (int(number) for number in re.search(r"\(3, (\d+)\) <= .* <= \(3, (\d+)\)", MAKEFILE).groups())
    assert job["strategy"]["matrix"]["python"] == [f"3.{minor}" for minor in range(first, last + 1)]
    assert job["steps"][-1]["run"] == "make test"
    actions = [step["uses"] for step in job["steps"] if "uses" in step]
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action) for action in actions)


def test_a_commit_runs_what_make_has_and_fetches_nothing() -> None:
    hooks = [
        hook
        for repo in yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
        for hook in repo["hooks"]
    ]
    assert hooks
    for hook in hooks:
        assert hook["language"] == "system"
        make, *options, target = hook["entry"].split()
        assert (make, "--old-file=.venv/.dev" in options) == ("make", True)
        assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE)


def test_every_exit_code_is_explained() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.RoundsError)]
    codes = {kind.exit_code for kind in kinds} - {1}
    rows = "\n".join(re.findall(r"^\| ([\d, ]+) \|", GUIDE.read_text(), re.MULTILINE))
    assert codes <= {int(code) for code in re.findall(r"\d", rows)}
