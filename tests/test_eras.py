"""How far apart eras are, and what follows: purge, overlap, years; no stage assumes a week."""

from pathlib import Path

import pytest
import yaml

from numerai_rounds.base.eras import CADENCES, MONTHLY, WEEKLY, Cadence, check_span, horizon, overlap_eras, purge_eras
from numerai_rounds.base.errors import ConfigurationError
from numerai_rounds.base.params import Round
from numerai_rounds.conf import compose, plugins
from numerai_rounds.io.files import paths
from numerai_rounds.io.sources import local
from numerai_rounds.play.opening import open_round
from tests import tiny
from tests.conftest import ROOT, clone

SOURCES = plugins.names(plugins.FAMILIES["data"])


@pytest.mark.parametrize(
    ("target", "days", "cadence", "purge", "overlap"),
    [
        ("target_ender_20", None, WEEKLY, 8, 4),
        ("target_ender_60", None, WEEKLY, 16, 12),
        ("target_nomi", 20, WEEKLY, 8, 4),
        ("target_nomi", 60, WEEKLY, 16, 12),
        ("target", None, MONTHLY, 1, 1),
        ("target_kazutsugi", None, MONTHLY, 1, 1),
        ("target_kazutsugi", 20, MONTHLY, 1, 1),
        ("target_of_mine", 60, MONTHLY, 3, 3),
        ("target_nomi_20", None, MONTHLY, 1, 1),
        ("target_nomi_60", None, MONTHLY, 3, 3),
    ],
)
def test_what_follows_from_the_target_and_the_cadence(
    target: str, days: int | None, cadence: Cadence, purge: int, overlap: int
) -> None:
    assert purge_eras(target, days, cadence) == purge
    assert overlap_eras(target, days, cadence) == overlap


@pytest.mark.parametrize("cadence", CADENCES.values())
def test_a_purge_is_never_shorter_than_the_overlap(cadence: Cadence) -> None:
    """Training on an era as far before validation as the purge leaves shares nothing with it."""
    for days, purge in cadence.purge.items():
        assert purge >= overlap_eras("target", days, cadence)
    assert cadence.a_year * cadence.days == pytest.approx(252, rel=0.05)


@pytest.mark.parametrize("cadence", CADENCES.values())
def test_the_name_is_not_contradicted(cadence: Cadence) -> None:
    with pytest.raises(ConfigurationError, match=r"split\.horizon_days is 60, but target_nomi_20 looks 20 days ahead"):
        horizon("target_nomi_20", 60, cadence)


def test_weekly_targets_must_tell_their_horizon() -> None:
    with pytest.raises(ConfigurationError, match=r"'target_nomi' does not tell .*Set split\.horizon_days to 20 or 60"):
        horizon("target_nomi", None, WEEKLY)


def test_weekly_eras_are_not_taken_for_monthly_ones_without_end() -> None:
    check_span("0212", MONTHLY)
    check_span("0360", MONTHLY)
    check_span("1343", WEEKLY)
    with pytest.raises(ConfigurationError, match=r"era 0574 would be of year 48: .*`rounds compose data\.eras=weekly`"):
        check_span("0574", MONTHLY)


def test_a_round_that_does_not_say_is_weekly() -> None:
    assert Round(source="sample", number=1, history={}, live={}).cadence is WEEKLY


@pytest.mark.parametrize("name", [name for name in SOURCES if name != "local"])
def test_the_tournament_is_weekly(name: str) -> None:
    assert plugins.load("data", name).cadence(None) == "weekly"


def test_an_older_pinned_round_is_weekly_and_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DVC refuses to run a stage whose parameter is in no params.yaml."""
    clone(tmp_path / "clone")
    monkeypatch.chdir(tmp_path / "clone")
    pinned = yaml.safe_load(paths.ROUND.read_text())
    del pinned["round"]["eras"]
    paths.ROUND.write_text(yaml.safe_dump(pinned))
    assert compose.compose(paths.CONF)["round"]["eras"] == "weekly"


def test_stages_that_depend_on_the_cadence_say_so() -> None:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert [name for name, stage in stages.items() if "round.eras" in stage.get("params", [])] == ["split", "evaluate"]


@pytest.mark.parametrize("eras", [None, "weekly"])
def test_opening_pins_what_the_source_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, eras: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    repository = clone(tmp_path / "clone")
    monkeypatch.chdir(repository.path)
    tiny.write_old(repository.path / "mine", tiny.published())
    repository.run("rounds", "compose", "data=local", "data.path=mine", "target=target", f"data.eras={eras or 'null'}")
    open_round(None, following=False)
    expected = eras or "monthly"
    assert repository.params()["round"]["eras"] == yaml.safe_load(paths.ROUND.read_text())["round"]["eras"] == expected
    assert (f"{local.TRAINING_CSV}: its eras are monthly" in capsys.readouterr().out) == (eras is None)
