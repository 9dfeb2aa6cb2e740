"""What a run lacks is told before it begins, all at once; nothing that was asked for is left out without a word."""

from pathlib import Path

import pytest

from numerai_rounds.base.errors import ConfigurationError
from numerai_rounds.conf import edits
from numerai_rounds.play import running, uploading
from tests.rounds.season import Season


@pytest.fixture
def season(light_round: Season, monkeypatch: pytest.MonkeyPatch) -> Season:
    return light_round.enter(monkeypatch)


def test_everything_that_a_run_lacks_is_told_at_once(season: Season, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NUMERAI_PUBLIC_ID", "NUMERAI_SECRET_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.delenv("NUMERAI_ROUNDS_WEBHOOK", raising=False)
    plan = running.Plan(upload=True, push=True, options=uploading.Options(models=["mine=linaer"]))
    with pytest.raises(ConfigurationError) as refused:
        running.run(plan, notifies=True)
    for part in ("NUMERAI_ROUNDS_WEBHOOK", "NUMERAI_PUBLIC_ID", "--push needs a DVC remote", "did you mean 'linear'?"):
        assert str(refused.value).count(part) == 1
    assert season.service.submissions == []


def test_one_lack_is_its_own_sentence(season: Season) -> None:
    with pytest.raises(ConfigurationError, match=r"^--push needs a DVC remote: `dvc remote add --default NAME URL`\.$"):
        running.run(running.Plan(push=True), notifies=False)


def test_an_experiment_is_not_left_out_without_a_word_where_there_are_no_rounds(
    season: Season, capsys: pytest.CaptureFixture[str]
) -> None:
    edits.apply_overrides(["data=local", f"data.path={season.repository.path.parent}"])
    season.repository.commit("A folder of files")
    before = Path("conf/round.yaml").read_bytes()
    with pytest.raises(ConfigurationError, match=r"--model mine=linear plays an experiment of a round, and .* of none"):
        running.run(running.Plan(options=uploading.Options(models=["mine=linear"])), notifies=False)
    assert Path("conf/round.yaml").read_bytes() == before
