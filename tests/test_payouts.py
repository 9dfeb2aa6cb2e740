"""How past rounds paid, and what `rounds open` pins and says of it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from numerai_rounds.base.params import Payout, Round
from numerai_rounds.conf import edits, plugins
from numerai_rounds.io.sources import _payouts
from numerai_rounds.io.sources._payouts import POLICIES, policy_of
from numerai_rounds.play import opening
from tests import tiny as files
from tests.conftest import Repository
from tests.service.stand_in import StandIn, score_config

PRESENT = Payout(target="target_ender_60", corr=3.0, mmc=15.0, clip=1.0, factor=1.0)
Open = Callable[[], str]


@pytest.mark.parametrize(
    ("numbers", "corr", "mmc", "clip", "target"),
    [
        ((650, 1000, 1174), 0.5, 2.0, 0.05, "target_cyrusd_20"),
        ((1175, 1342), 0.75, 2.25, 0.05, "target_ender_20"),
        ((1343, 9999), 3.0, 15.0, 1.0, "target_ender_60"),
    ],
)
def test_the_policies_of_the_past(numbers: tuple[int, ...], corr: float, mmc: float, clip: float, target: str) -> None:
    expected = Payout(target=target, corr=corr, mmc=mmc, clip=clip, factor=1.0)
    assert [policy_of(number) for number in numbers] == [expected] * len(numbers)


@pytest.mark.parametrize("number", [None, 1, 649])
def test_a_round_of_no_known_policy(number: int | None) -> None:
    assert policy_of(number) is None


def test_the_policies_are_in_the_order_of_rounds() -> None:
    assert list(POLICIES) == sorted(POLICIES)


@pytest.mark.parametrize("kind", plugins.names(plugins.FAMILIES["data"]))
def test_every_source_has_no_policy_without_a_number(kind: str) -> None:
    source = plugins.load("data", kind)
    assert source.payout(source.Params.model_construct(kind=kind), None) is None


@pytest.fixture
def reopen(tiny: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Open:
    """Opens the round again in a tiny repository; gives what was said."""
    monkeypatch.chdir(tiny.path)

    def again() -> str:
        opening.open_round(None, following=False)
        return capsys.readouterr().out

    return again


def pinned() -> Round:
    found = edits.pinned_round()
    assert found is not None
    return found


def test_the_policy_is_pinned_and_told_and_is_no_change_of_files(
    reopen: Open, tiny: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = reopen()
    assert "Pays 3 x CORR + 15 x MMC on target_ender_60, clipped to 100 % of the stake.\n" in said
    before = pinned()
    assert before.payout == PRESENT
    assert tiny.params()["round"]["payout"] == PRESENT.model_dump()

    other = Payout(target="target_ender_20", corr=0.75, mmc=2.25, clip=0.05, factor=0.4)
    monkeypatch.setattr(_payouts, "POLICIES", {1: other})
    said = reopen()
    terms = "Pays 0.75 x CORR + 2.25 x MMC on target_ender_20, clipped to 5 % of the stake, with a factor of 0.4.\n"
    assert terms in said
    assert "unchanged" in said
    assert "changed" not in said.replace("unchanged", "")
    assert pinned() == before.model_copy(update={"payout": other})


def test_files_of_no_round_pay_nothing(reopen: Open, tiny: Repository) -> None:
    files.write_v5(tiny.path / "mine", files.market())
    edits.apply_overrides(["data=local", "data.path=mine"])
    assert "No payout policy is pinned" in reopen()
    assert pinned().payout is None
    assert tiny.params()["round"]["payout"] is None


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    folder = files.write_v5(tmp_path / "served", files.market())
    with StandIn({f"v5.3/{path.name}": path for path in folder.iterdir()}, round_number=1400) as running:
        monkeypatch.setenv("NUMERAI_API_URL", running.url)
        yield running


def test_the_service_decides_and_what_is_unknown_stops_no_opening(reopen: Open, service: StandIn) -> None:
    edits.apply_overrides(["data=numerai", "data.extra_files=[]"])
    service.score_configs[1400] = [score_config("meta_model_contribution", "7.5", "20", clipThreshold="0.25")]
    assert "Pays 0 x CORR + 7.5 x MMC on target_ender_20, clipped to 25 % of the stake." in reopen()
    assert pinned().payout == Payout(target="target_ender_20", corr=0.0, mmc=7.5, clip=0.25, factor=1.0)

    service.score_configs[1400] = [score_config("correlation", 3.0), score_config("alpha", 1.0)]
    said = reopen()
    assert "Round 1400 pays for alpha, which this version does not know, so no payout is simulated." in said
    assert "No payout policy is pinned" in said
    assert (pinned().number, pinned().payout) == (1400, None)

    service.score_configs[1400] = []
    said = reopen()
    assert "The service does not say how round 1400 pays: the table of past policies is taken instead." in said
    assert pinned().payout == PRESENT
    assert "unchanged" in said
    assert "changed" not in said.replace("unchanged", "")
