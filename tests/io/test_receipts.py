from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from numerai_rounds.base.errors import DataError, KeysError, ServiceError
from numerai_rounds.play import receipts
from numerai_rounds.play.receipts import Receipt
from tests.past import ground


def receipt(**changes: Any) -> Receipt:
    values = {
        "round": 1343,
        "model": "mine",
        "model_id": "an-id",
        "experiment": None,
        "commit": "c0ffee",
        "uncommitted": [],
        "sha256": "ab" * 32,
        "rows": 60,
        "service": "api.example.org",
        **changes,
    }
    return Receipt.model_validate(values)


def test_a_receipt_reads_back_as_written() -> None:
    given = receipt(outcome="accepted", scores={"corr": "corr60"}, submitted="2026-11-22T12:01:02+00:00")
    receipts.write(given, receipts.place(given))
    assert receipts.read_all() == {Path("receipts/round-1343/mine-abababab.json"): given}
    assert receipts.read_all(1344) == {}


def test_a_further_receipt_of_the_same_file_has_a_place_of_its_own() -> None:
    for name in ("mine-abababab.json", "mine-abababab-2.json", "mine-abababab-3.json"):
        path = receipts.place(receipt())
        assert path.name == name
        receipts.write(receipt(), path)


def test_a_name_never_leaves_the_folder() -> None:
    assert receipts.place(receipt(model="../../x y")).name == "------x-y-abababab.json"


def test_receipts_come_in_the_order_of_rounds() -> None:
    for number in (999, 1343, 1000):
        receipts.write(receipt(round=number), receipts.place(receipt(round=number)))
    assert [kept.round for kept in receipts.read_all().values()] == [999, 1000, 1343]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("{", "the file: Invalid JSON"), ('{"round": "1"}', "round: "), ("[]", "the file: ")],
)
def test_what_is_no_receipt_is_named(text: str, sentence: str) -> None:
    path = Path("receipts/round-1/mine.json")
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(DataError, match=rf"receipts/round-1/mine.json is no receipt \({sentence}"):
        receipts.read_all()


def test_a_receipt_of_nothing_is_removed_after_a_failure_and_one_of_something_is_kept() -> None:
    path = receipts.place(receipt())
    receipts.write(receipt(outcome="sending"), path)
    assert receipts.after_failure(path, receipt(), ServiceError("an outage")).reason == "an outage"
    assert not path.exists()
    receipts.write(receipt(outcome="creating"), path)
    kept = receipts.after_failure(path, receipt(), KeysError("no such key"))
    assert (kept.outcome, kept.reason, kept.obstacle) == ("unknown", "no such key", "keys")
    assert receipts.read_all() == {path: kept.model_copy(update={"obstacle": None})}


@pytest.mark.parametrize(
    ("kept", "found", "sentence"),
    [
        ("accepted", {"commit": "c0ffef"}, "though its submission has arrived.*`git checkout HEAD -- receipts/"),
        ("accepted", "{", "is no receipt"),
        ("creating", {"outcome": "accepted"}, None),
        (None, {"outcome": "accepted"}, None),
    ],
)
def test_a_receipt_that_a_disk_has_damaged_is_not_committed(
    kept: str | None, found: dict[str, str] | str, sentence: str | None, tmp_path: Path
) -> None:
    here = ground(tmp_path)
    path = receipts.place(receipt())
    if kept:
        receipts.write(receipt(outcome=kept), path)
        here.commit("kept")
    if isinstance(found, str):
        path.write_text(found)
    else:
        receipts.write(receipt(**{"outcome": kept, **found}), path)
    with pytest.raises(DataError, match=sentence) if sentence else nullcontext():
        receipts.refuse_damaged()
