"""The last line of a round tells what was sent, with the figures of just that."""

from pathlib import Path

import pytest

from numerai_rounds.base.errors import ConfigurationError, ServiceError
from numerai_rounds.io.scores import score_files
from numerai_rounds.play import outcomes
from tests.past import PROMISED, ground, promise, sent

TABLES = {
    "summary.csv": f"{','.join(score_files.NEEDED['summary'])}\n"
    "corr,target_ender_60,52,0.0165,0.01,0.02,0.03,0.59,0.2,0.9,0.7,0.1,-0.1,0575\n",
    "per_era.csv": "era,rows,corr\n0575,10,0.0165\n",
    "left_out.csv": "what,why\n",
}
"""The pipeline's own scores, as git keeps them."""


@pytest.fixture
def commits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str | None, str]:
    """The commit of the pipeline, which is checked out, and of an experiment."""
    monkeypatch.chdir(tmp_path)
    repository = ground(tmp_path)
    experiment = promise(repository, PROMISED | {"corr_mean": 0.0321, "corr_sharpe": 1.23})
    for name, text in TABLES.items():
        (repository.path / "metrics" / name).write_text(text)
    own = {"corr_mean": 0.0165, "corr_sharpe": 0.59, "eras": 52, "eras_unscored": 0, "rows": 520}
    return {"linear": experiment, None: promise(repository, PROMISED | own)}


OWN, EXPERIMENT = "CORR 0.0165, Sharpe 0.59", "CORR 0.0321, Sharpe 1.23"


@pytest.mark.parametrize(
    ("slots", "line"),
    [
        ({"mine": None}, f"accepted for mine; {OWN}"),
        ({"mine": None, "other": None}, f"accepted for mine, other; {OWN}"),
        ({"mine": "linear"}, f"accepted for mine (linear): {EXPERIMENT}"),
        (
            {"mine": None, "other": "linear"},
            f"accepted for mine: {OWN}; accepted for other (linear): {EXPERIMENT}",
        ),
        ({"mine": "linear", "other": "linear"}, f"accepted for mine, other (linear): {EXPERIMENT}"),
        ({}, f"predicted, not uploaded; {OWN}"),
    ],
)
def test_the_last_line_has_the_figures_of_what_was_sent(
    commits: dict[str | None, str], slots: dict[str, str | None], line: str
) -> None:
    found = [sent(1400, commits[experiment], model=model, experiment=experiment) for model, experiment in slots.items()]
    assert outcomes.played_line(found) == line


def test_a_commit_that_is_not_here_has_no_figures(commits: dict[str | None, str]) -> None:
    found = [sent(1400, "c0ffee" * 6, experiment="linear")]
    assert outcomes.played_line(found) == "accepted for mine (linear): no figures"


def test_several_problems_are_one_error_that_tells_all_and_is_of_the_kind_of_the_first() -> None:
    outage, keys = ServiceError("It is down."), ConfigurationError("No keys.")
    assert outcomes.together([outage]) is outage
    both = outcomes.together([outage, keys])
    assert type(both) is ServiceError
    assert str(both) == "It is down. No keys."
