"""A part of the data is put in place whole and checked, or not at all; nothing is fetched twice."""

import json
from pathlib import Path

import pytest

from numerai_rounds.base.errors import DataError, MachineError
from numerai_rounds.base.params import Pin
from numerai_rounds.io import fetching, paths
from numerai_rounds.io.sources import local
from tests import tiny

FOLDER = Path("files")


def bring(fetched: list[str] | None = None, stop_after: int | None = None) -> None:
    """What the stage `fetch` does for the history of a local folder; may be killed on the way."""
    params = local.Params(kind="local", missing_features="middle", path=str(FOLDER))
    pins = local.pins(params, None)[0]
    with fetching.staged("history", pins) as staging:
        for count, (role, pin) in enumerate(staging.missing()):
            if count == stop_after:
                raise KeyboardInterrupt
            local.fetch(params, None, pin, staging.path(role))
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
    monkeypatch.setattr(fetching.atomic.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 5_000_000_000}))
    pins = {role: Pin(name=role, size=3_000_000_000, identity="etag:x") for role in ("train", "validation")}
    with (
        pytest.raises(MachineError, match=r"history needs 6.00 GB more.* has 5.00 GB free"),
        fetching.staged("history", pins) as staging,
    ):
        staging.missing()
