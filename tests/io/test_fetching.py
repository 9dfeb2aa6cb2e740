"""A part of the data is put in place whole and checked, or not at all; nothing is fetched twice."""

import json
import shutil
import sys
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from pydantic import ValidationError

from numerai_rounds.base.errors import ConfigurationError, DataError, MachineError
from numerai_rounds.base.params import DataSection, Pin, Round
from numerai_rounds.base.roles import SIDES
from numerai_rounds.conf.compose import compose
from numerai_rounds.io.fetch import convert, staged
from numerai_rounds.io.files import paths
from numerai_rounds.io.history import manifest, packed
from numerai_rounds.io.sources import local
from numerai_rounds.stages import fetch
from tests import tiny
from tests.conftest import ROOT
from tests.io import stores
from tests.io.fetches import FOLDER, STAGED, KilledError, a_week_later, bring, placed, untouched

ROWS = tiny.TRAIN_ERAS * tiny.ROWS_PER_ERA
DATA = DataSection(kind="local")


MANIFEST = "manifest.json"


def cut_small(patch: pytest.MonkeyPatch) -> None:
    """Several chunks a side, and several blocks a conversion."""
    stores.small_chunks(patch, eras=16, at_the_end=8)
    patch.setattr(convert, "BLOCK_BYTES", 6 * ROWS)
    patch.setattr(convert, "SAVED_EVERY", 1)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    cut_small(monkeypatch)


def test_only_what_changed_is_fetched_again() -> None:
    market = tiny.market()
    tiny.write_v5(FOLDER, market)
    bring()
    before = placed()
    fetched: list[str] = []
    bring(fetched)
    assert (fetched, placed()) == ([], before)
    tiny.write_v5(FOLDER, a_week_later(market))
    bring(fetched)
    assert fetched == ["validation"]
    assert {name for name, content in placed().items() if before.get(name) != content} == {
        "manifest.json",
        *(f"validation/{name}" for name in ("manifest.json", "features/0031-0045.levels", "targets/0031-0045.parquet")),
    }


def test_the_history_is_what_the_files_were() -> None:
    market = tiny.market()
    tiny.write_v5(FOLDER, market)
    bring()
    for side in ("train", "validation"):
        found = stores.table(paths.HISTORY / side)
        assert found.equals(stores.expected(getattr(market, side)))
    for name in ("features.json", "meta_model.parquet"):
        assert (paths.HISTORY / name).read_bytes() == (FOLDER / name).read_bytes()
    assert not list(paths.HISTORY.glob("[tv]*.parquet"))


def test_an_interrupted_fetch_keeps_what_it_has_and_leaves_what_was() -> None:
    tiny.write_v5(FOLDER, tiny.market())
    bring()
    before = placed()
    tiny.write_v5(FOLDER, tiny.market(seed=1))
    with pytest.raises(KilledError):
        bring(stop_after=2)
    assert placed() == before
    fetched: list[str] = []
    bring(fetched, accept_changes=True)
    assert fetched == ["validation"]
    assert stores.table(paths.HISTORY / "train").equals(stores.expected(tiny.market(seed=1).train))
    assert not STAGED.exists()


RENAMES = 37
"""Of a run that brings both sides and an extra again: files and what is proved of them, chunks, links, moves."""

CHANGED = ("meta_model", "train", "validation")


@pytest.fixture(scope="module")
def weeks(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """A folder with a history in place and the files of a week later, and what a run that nobody kills makes of it.

    Every file but features.json has other bytes then, though most of their values are the same.
    """
    folder = tmp_path_factory.mktemp("weeks")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        cut_small(patch)
        market = tiny.market()
        tiny.write_v5(FOLDER, market)
        bring()
        later = a_week_later(market)
        later.extras["meta_model"] = market.extras["meta_model"].iloc[::-1]
        tiny.write_v5(FOLDER, later, row_group_size=100)
        patch.chdir(shutil.copytree(folder, tmp_path_factory.mktemp("undisturbed"), dirs_exist_ok=True))
        bring()
        return folder, placed()


def proved() -> set[str]:
    """What the staging folder's manifest names of this week's files: roles that are kept, and mere downloads."""
    path = STAGED / "manifest.json"
    names = local.pins(local.Params(kind="local", path=str(FOLDER)), None)[0]
    files = json.loads(path.read_text())["files"] if path.exists() else {}
    return {
        key for key, proof in files.items() if proof["pin"] == names[key.removesuffix(staged.DOWNLOADED)].model_dump()
    }


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("done", range(RENAMES + 1))
def test_a_run_killed_at_any_rename_fetches_nothing_twice(
    monkeypatch: pytest.MonkeyPatch, weeks: tuple[Path, dict[str, bytes]], done: int
) -> None:
    folder, undisturbed = weeks
    shutil.copytree(folder, Path.cwd(), dirs_exist_ok=True)
    before = placed()
    replace, renamed = Path.replace, []

    def replacing(self: Path, target: Path) -> None:
        if len(renamed) == done:
            raise KilledError
        renamed.append((self, target))
        replace(self, target)

    with monkeypatch.context() as patch, pytest.raises(KilledError) if done < RENAMES else nullcontext():
        patch.setattr(Path, "replace", replacing)
        bring()
    if not any(path.is_relative_to(paths.HISTORY) for pair in renamed for path in pair):
        assert placed() == before
    for side in SIDES:
        if (paths.HISTORY / side).exists():
            manifest.verify(paths.HISTORY / side)

    known = proved() if STAGED.exists() else {*CHANGED}
    fetched, converted = [], []
    with monkeypatch.context() as patch:
        patch.setattr(staged, "convert", lambda *of: converted.append(of[-1].name) or convert.convert(*of))
        bring(fetched)
    assert set(fetched) == {role for role in CHANGED if not known & {role, role + staged.DOWNLOADED}}
    assert set(converted) == {*SIDES} - known
    assert len(fetched) + len(converted) == len({*fetched}) + len({*converted})
    assert placed() == undisturbed
    assert not STAGED.exists()
    bring(again := [])
    assert again == []


def test_a_damaged_file_is_fetched_again() -> None:
    tiny.write_v5(FOLDER, tiny.market())
    bring()
    before = placed()
    (paths.HISTORY / "meta_model.parquet").write_bytes(b"PAR1 rubbish PAR1")
    (paths.HISTORY / "foreign.txt").write_text("mine?")
    fetched: list[str] = []
    bring(fetched)
    assert (fetched, placed()) == (["meta_model"], before)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("harm", [stores.FLIPPED, stores.CUT, stores.APPENDED, stores.ABSENT])
@pytest.mark.parametrize("file", ["train/features/0001-0016.levels", "validation/targets/0031-0038.parquet"])
def test_a_harmed_chunk_is_fetched_again_and_no_other_file_is_written(
    capsys: pytest.CaptureFixture[str], file: str, harm: str
) -> None:
    tiny.write_v5(FOLDER, tiny.market())
    bring()
    before, about = placed(), untouched()
    stores.harm(paths.HISTORY / file, harm)
    fetched: list[str] = []
    bring(fetched)
    side = file.partition("/")[0]
    assert (fetched, placed()) == ([side], before)
    assert {name for name, was in about.items() if untouched()[name] != was} == {
        file,
        f"{side}/manifest.json",
        MANIFEST,
    }
    said = capsys.readouterr()
    assert f"{paths.HISTORY / file} is " in said.err
    assert "It is fetched again now." in said.err
    assert f"{side}: 1 of" in said.out


def test_a_pin_that_gets_a_proof_fetches_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny.write_v5(FOLDER, tiny.market())
    bring()
    before, (history, live) = placed(), local.pins(local.Params(kind="local", path=str(FOLDER)), None)
    proved = {role: pin.model_copy(update={"proof": f"whole:{64 * 'a'}"}) for role, pin in history.items()}
    monkeypatch.setattr(local, "pins", lambda *_: (proved, live))
    fetched: list[str] = []
    bring(fetched)
    assert (fetched, placed()) == ([], before)


@pytest.mark.usefixtures("small")
def test_a_side_that_is_gone_is_fetched_again() -> None:
    tiny.write_v5(FOLDER, tiny.market())
    bring()
    before = placed()
    shutil.rmtree(paths.HISTORY / "validation")
    fetched: list[str] = []
    bring(fetched)
    assert (fetched, placed()) == (["validation"], before)


@pytest.mark.parametrize(
    "harm",
    [
        lambda _: b"{",
        lambda _: b"\xff",
        lambda _: b'{"format": 1}',
        lambda whole: whole.replace(b"feature_strength1", b"feature_strength5", 1),
        lambda whole: whole.replace(b'"0001"', b'"0000"', 1),
        lambda whole: whole.replace(b'"format": 1', b'"format": 3', 1),
    ],
)
def test_a_damaged_manifest_of_a_side_counts_as_no_store(
    harm: Callable[[bytes], bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    tiny.write_v5(FOLDER, tiny.market())
    bring()
    before = placed()
    path = paths.HISTORY / "train/manifest.json"
    path.write_bytes(harm(path.read_bytes()))
    fetched: list[str] = []
    bring(fetched)
    assert (fetched, placed()) == (["train"], before)
    assert f"{path} is damaged" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["notes.txt", "features/0001-0002.levels", "targets/.hidden"])
def test_a_foreign_file_in_a_side_is_named_and_stays(name: str) -> None:
    market = tiny.market()
    tiny.write_v5(FOLDER, market)
    bring()
    foreign = paths.HISTORY / "train" / name
    foreign.write_text("mine")
    tiny.write_v5(FOLDER, a_week_later(market))
    sentence = rf"^{foreign} does not belong to the history: .*train/manifest\.json does not name it \(1 such files\)"
    for _ in range(2):
        with pytest.raises(DataError, match=rf"{sentence}\. Move it away and run again"):
            bring()
        assert foreign.read_text() == "mine"
    foreign.replace("elsewhere")
    bring()


@pytest.mark.usefixtures("small")
def test_what_earlier_runs_left_in_a_staged_side_is_not_put_in_place() -> None:
    """A store of another week that was staged and never settled, and what a killed process was just writing."""
    market = tiny.market()
    tiny.write_v5(FOLDER, market)
    with pytest.raises(KilledError):
        bring(stop_after=3)
    assert manifest.verify(STAGED / "train")
    market.train = market.train[market.train["era"] > "0001"]
    tiny.write_v5(FOLDER, market)
    (STAGED / "train/targets/.0030.parquet.1.tmp").write_text("half")
    bring()
    bring(fetched := [])
    assert fetched == []
    assert stores.table(paths.HISTORY / "train").equals(stores.expected(market.train))


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
    bring(accept_changes=True)
    assert placed() != before
    held = json.loads(placed()["manifest.json"])
    assert held.keys() == {"data", "files"}
    assert held["files"].keys() == {"train", "validation", "features", "meta_model"}


def test_room_for_all_files_together_is_checked_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staged.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 5_000_000_000}))
    pins = {role: Pin(name=role, size=3_000_000_000, identity="etag:x") for role in ("train", "meta_model")}
    with pytest.raises(MachineError, match=r"history needs 18.00 GB more, .* DVC's cache .* has 5.00 GB free"):
        staged.Staging("history", pins, DATA).missing()


def test_what_came_of_missing_files_needs_no_more_room(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in {"train.parquet.part": 10, "train/features/0001.levels": 20, "validation/x/y": 500}.items():
        (STAGED / name).parent.mkdir(parents=True, exist_ok=True)
        (STAGED / name).write_bytes(bytes(size))
    monkeypatch.setattr(staged.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 370}))
    pins = {"train": Pin(name="train", size=100, identity="etag:x")}
    staging = staged.Staging("history", pins, DATA)
    assert staging.missing() == [*pins.items()]
    monkeypatch.setattr(staged.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 369}))
    with pytest.raises(MachineError, match=r"history needs 0\.00 GB more"):
        staging.missing()


def test_a_damaged_download_is_neither_kept_nor_proved() -> None:
    market = tiny.market()
    tiny.write_v5(FOLDER, market)
    train = FOLDER / "train.parquet"
    whole = train.read_bytes()
    train.write_bytes(whole[:4] + bytes(2000) + whole[2004:])
    with pytest.raises(DataError, match=r"is damaged: .*Run again to fetch it afresh"):
        bring()
    assert not (STAGED / "train.parquet").exists()
    assert not (STAGED / "train").exists()
    assert not proved() & {"train", "train" + staged.DOWNLOADED}
    train.write_bytes(whole)
    bring(fetched := [])
    assert fetched == ["train", "validation"]
    assert stores.table(paths.HISTORY / "train").equals(stores.expected(market.train))


@pytest.mark.parametrize("value", [-1, 9])
def test_a_feature_beyond_its_levels_is_refused(value: int) -> None:
    market = tiny.market()
    tiny.write_v5(FOLDER, market)
    bring()
    before = placed()
    market.validation.iloc[50, 3] = np.int8(value)
    tiny.write_v5(FOLDER, market)
    sentence = rf"^validation \(.*validation\.parquet\): features must lie within 0 to 4 \(feature_.* {value}\b"
    with pytest.raises(DataError, match=sentence):
        bring()
    assert placed() == before
    assert not (STAGED / "validation.parquet").exists()
    assert not (STAGED / "validation").exists()


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("calls", [0, 2, 5, 7])
def test_a_download_is_not_fetched_again_for_a_killed_conversion(monkeypatch: pytest.MonkeyPatch, calls: int) -> None:
    tiny.write_v5(FOLDER, tiny.market())
    write, done = packed.Writer.write, iter(range(calls))

    def writing(self: packed.Writer, digits: np.ndarray) -> None:
        if next(done, None) is None:
            raise KilledError
        write(self, digits)

    fetched: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr(packed.Writer, "write", writing)
        with pytest.raises(KilledError):
            bring(fetched)
    bring(fetched)
    assert sorted(fetched) == ["features", "meta_model", "train", "validation"]


def test_a_download_that_is_not_what_it_was_is_fetched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny.write_v5(FOLDER, tiny.market())

    def stop(*_: Any) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(staged, "convert", stop)
        with pytest.raises(KilledError):
            bring()
    stores.harm(STAGED / "train.parquet", stores.FLIPPED)
    bring(fetched := [])
    assert fetched == ["train", "validation"]


def kept() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (paths.DOWNLOADS / "history").iterdir()}


def test_downloads_are_kept_where_that_is_asked_for() -> None:
    tiny.write_v5(FOLDER, tiny.market())
    bring()
    assert not paths.DOWNLOADS.exists()
    before = placed()
    shutil.rmtree(paths.HISTORY)
    bring(keep_downloads=True)
    assert kept() == {name: (FOLDER / name).read_bytes() for name in ("train.parquet", "validation.parquet")}
    assert placed() == before
    bring(fetched := [])
    assert fetched == []


def test_downloads_of_a_history_that_is_there_are_brought_to_be_kept() -> None:
    market = tiny.market()
    tiny.write_v5(FOLDER, market)
    bring()
    before = untouched()
    bring(fetched := [], keep_downloads=True)
    assert fetched == ["train", "validation"]
    assert kept() == {name: (FOLDER / name).read_bytes() for name in ("train.parquet", "validation.parquet")}
    bring(fetched := [], keep_downloads=True)
    assert fetched == []
    stores.harm(paths.DOWNLOADS / "history/train.parquet", stores.FLIPPED)
    bring(fetched := [], keep_downloads=True)
    assert fetched == ["train"]
    after = untouched()
    assert {name: after[name] for name in before if name != MANIFEST} == {
        name: before[name] for name in before if name != MANIFEST
    }
    assert not paths.STAGING.joinpath("history").exists()
    tiny.write_v5(FOLDER, a_week_later(market))
    bring(fetched := [], keep_downloads=True)
    assert "train" not in fetched
    assert kept() == {name: (FOLDER / name).read_bytes() for name in ("train.parquet", "validation.parquet")}


def stage(monkeypatch: pytest.MonkeyPatch, **data: Any) -> None:
    """The stage itself, on the pins of the first call."""
    raw = compose(ROOT / paths.CONF, ["data=local", f"data.path={FOLDER}"])
    raw["data"] |= data
    if not paths.PARAMS.exists():
        history, live = local.pins(local.Params(**raw["data"]), None)
        pinned = Round(source="local", number=None, history=history, live=live).model_dump()
    else:
        pinned = yaml.safe_load(paths.PARAMS.read_text())["round"]
    paths.PARAMS.write_text(yaml.safe_dump(raw | {"round": pinned}))
    monkeypatch.setattr(sys, "argv", ["fetch", "history"])
    fetch.main()


def test_a_download_that_is_gone_stops_nothing_while_the_history_is_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny.write_v5(FOLDER, tiny.market())
    stage(monkeypatch)
    before = placed()
    (FOLDER / "train.parquet").unlink()
    stage(monkeypatch, keep_downloads=True)
    assert "The history has train already; only its download cannot be kept" in capsys.readouterr().err
    assert placed() == before
    assert kept().keys() == {"validation.parquet"}
    shutil.rmtree(paths.HISTORY)
    with pytest.raises(DataError, match=r"train\.parquet is gone since it was pinned"):
        stage(monkeypatch, keep_downloads=True)


def test_a_part_of_a_download_to_be_kept_waits_for_the_next_run() -> None:
    tiny.write_v5(FOLDER, tiny.market())
    bring()
    params = local.Params(kind="local", path=str(FOLDER), keep_downloads=True)
    staging = staged.Staging("history", local.pins(params, None)[0], params)
    (role, _), *_ = staging.missing()
    part = STAGED / f"{staging.path(role).name}.0123.part"
    part.write_bytes(b"half")
    staging.settle(accept_changes=False)
    assert [path.name for path in STAGED.iterdir()] == [part.name]
    bring(keep_downloads=True)
    assert not STAGED.exists()


@pytest.mark.parametrize("done", range(20))
def test_a_kept_download_survives_a_killed_run(monkeypatch: pytest.MonkeyPatch, done: int) -> None:
    tiny.write_v5(FOLDER, tiny.market())
    replace, renames = Path.replace, iter(range(done))

    def replacing(self: Path, target: Path) -> None:
        if next(renames, None) is None:
            raise KilledError
        replace(self, target)

    with monkeypatch.context() as patch, suppress(KilledError):
        patch.setattr(Path, "replace", replacing)
        bring(keep_downloads=True)
    bring(keep_downloads=True)
    assert kept() == {name: (FOLDER / name).read_bytes() for name in ("train.parquet", "validation.parquet")}


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


@pytest.mark.parametrize(
    "content", ["[1]", '{"train": {}}', '{"files": {"train": 3}}', '{"files": {"train": {}}}', '{"files": [3]}', "{"]
)
def test_a_broken_manifest_proves_nothing(content: str) -> None:
    tiny.write_v5(FOLDER, tiny.market())
    bring()
    before = placed()
    (paths.HISTORY / MANIFEST).write_text(content)
    bring(fetched := [])
    assert sorted(fetched) == ["features", "meta_model", "train", "validation"]
    assert placed() == before
