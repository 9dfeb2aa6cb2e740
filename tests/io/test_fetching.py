"""A part of the data is put in place whole and checked, or not at all; nothing is fetched twice."""

import json
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
from pydantic import ValidationError

from numerai_rounds.base.errors import ConfigurationError, DataError, MachineError
from numerai_rounds.base.params import Pin, Round
from numerai_rounds.io import fetching, paths
from numerai_rounds.io.sources import local
from numerai_rounds.stages import fetch
from tests import tiny

FOLDER = Path("files")


def bring(fetched: list[str] | None = None, stop_after: int | None = None) -> None:
    """What the stage `fetch` does for the history of a local folder; may be killed on the way."""
    params = local.Params(kind="local", path=str(FOLDER))
    pins = local.pins(params, None)[0]
    with fetching.staged("history", pins) as staging:
        for count, (role, pin) in enumerate(staging.missing()):
            if count == stop_after:
                raise KeyboardInterrupt
            local.fetch(params, None, role, pin, staging.path(role))
            staging.keep(role)
            if fetched is not None:
                fetched.append(role)


def placed() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in paths.HISTORY.iterdir()}


def test_only_what_changed_is_fetched_again() -> None:
    market = tiny.market()
    tiny.write_v5(FOLDER, market)
    bring()
    before = placed()
    fetched: list[str] = []
    bring(fetched)
    assert (fetched, placed()) == ([], before)
    market.validation = market.validation.iloc[:-5]
    tiny.write_v5(FOLDER, market)
    bring(fetched)
    assert fetched == ["validation"]
    assert placed()["train.parquet"] == before["train.parquet"]


def test_an_interrupted_fetch_keeps_what_it_has_and_leaves_what_was() -> None:
    tiny.write_v5(FOLDER, tiny.market())
    bring()
    before = placed()
    tiny.write_v5(FOLDER, tiny.market(seed=1))
    with pytest.raises(KeyboardInterrupt):
        bring(stop_after=2)
    assert placed() == before
    fetched: list[str] = []
    bring(fetched)
    assert "train" not in fetched
    assert placed()["train.parquet"] == (FOLDER / "train.parquet").read_bytes()
    assert not (paths.STAGING / "history").exists()


class KilledError(BaseException):
    """Ends a run in the middle, as a signal would."""


RENAMES = 11
"""Of a run that brings three files: each file and the manifest beside it, the manifest, three moves, the manifest."""


@pytest.mark.parametrize("done", range(RENAMES + 1))
def test_a_run_killed_at_any_rename_fetches_nothing_twice(monkeypatch: pytest.MonkeyPatch, done: int) -> None:
    tiny.write_v5(FOLDER, tiny.market())
    bring()
    before = placed()
    tiny.write_v5(FOLDER, tiny.market(seed=1))
    replace, renamed = Path.replace, []

    def replacing(self: Path, target: Path) -> None:
        if len(renamed) == done:
            raise KilledError
        renamed.append(target)
        replace(self, target)

    fetched: list[str] = []
    with monkeypatch.context() as patch, pytest.raises(KilledError) if done < RENAMES else nullcontext():
        patch.setattr(Path, "replace", replacing)
        bring(fetched)
    assert placed().keys() == before.keys()
    if paths.HISTORY not in {target.parent for target in renamed}:
        assert placed() == before

    bring(fetched)
    assert sorted(fetched) == ["meta_model", "train", "validation"]
    assert {name: content for name, content in placed().items() if name != "manifest.json"} == {
        name: (FOLDER / name).read_bytes() for name in before if name != "manifest.json"
    }
    assert not (paths.STAGING / "history").exists()
    bring(again := [])
    assert again == []


def test_a_damaged_file_is_fetched_again() -> None:
    tiny.write_v5(FOLDER, tiny.market())
    bring()
    before = placed()
    (paths.HISTORY / "train.parquet").write_bytes(b"PAR1 rubbish PAR1")
    (paths.HISTORY / "foreign.txt").write_text("mine?")
    fetched: list[str] = []
    bring(fetched)
    assert (fetched, placed()) == (["train"], before)


def test_bad_data_leaves_what_was_and_a_corrected_run_succeeds() -> None:
    market = tiny.market()
    tiny.write_v5(FOLDER, market)
    bring()
    before = placed()
    market.validation["era"] = market.train["era"].iloc[0]
    tiny.write_v5(FOLDER, market)
    with pytest.raises(DataError, match="validation"):
        bring()
    assert placed() == before
    tiny.write_v5(FOLDER, tiny.market(seed=2))
    bring()
    assert placed() != before
    assert set(json.loads(placed()["manifest.json"])) == {"train", "validation", "features", "meta_model"}


def test_room_for_all_files_together_is_checked_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 5_000_000_000}))
    pins = {role: Pin(name=role, size=3_000_000_000, identity="etag:x") for role in ("train", "validation")}
    with (
        pytest.raises(MachineError, match=r"history needs 12.00 GB more, .* DVC's cache .* has 5.00 GB free"),
        fetching.staged("history", pins) as staging,
    ):
        staging.missing()


def test_a_damaged_download_is_neither_kept_nor_proved() -> None:
    tiny.write_v5(FOLDER, tiny.market())
    train = FOLDER / "train.parquet"
    whole = train.read_bytes()
    train.write_bytes(whole[:4] + bytes(2000) + whole[2004:])
    with pytest.raises(DataError, match=r"is damaged: .*Run again to fetch it afresh"):
        bring()
    staged = paths.STAGING / "history"
    assert not (staged / "train.parquet").exists()
    assert "train" not in json.loads((staged / "manifest.json").read_text())
    train.write_bytes(whole)
    bring()
    assert placed()["train.parquet"] == whole


@pytest.mark.parametrize("arguments", [[], ["future"], ["history", "live"]])
def test_the_stage_asks_which_part(monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["fetch", *arguments])
    with pytest.raises(ConfigurationError, match="`fetch history` or `fetch live`"):
        fetch.main()


def test_a_round_knows_the_roles_of_files_only() -> None:
    pin = Pin(name="train.parquet", size=1, identity="etag:x")
    with pytest.raises(ValidationError, match="must be a role: features, train, validation"):
        Round(source="local", number=None, history={"trian": pin}, live={})
    with pytest.raises(ValidationError, match="must be a role: live"):
        Round(source="local", number=None, history={}, live={"train": pin})


@pytest.mark.parametrize("content", ["[1]", '{"train": {}}', '{"train": 3}', "{"])
def test_a_broken_manifest_proves_nothing(content: str) -> None:
    tiny.write_v5(FOLDER, tiny.market())
    bring()
    before = placed()
    (paths.HISTORY / "manifest.json").write_text(content)
    bring()
    assert placed() == before
