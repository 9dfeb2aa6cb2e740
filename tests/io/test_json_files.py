"""JSON that could mean two things, or more than any file of ours holds, is no JSON: in a moment, and in a sentence."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from numerai_rounds.base import limits
from numerai_rounds.base.errors import DataError
from numerai_rounds.io.fetch import downloads
from numerai_rounds.io.files import json_files, tables
from numerai_rounds.io.history import features_file
from numerai_rounds.play import receipts

BOMBS = {
    "lists in lists": (b"[" * 5_000_000, "nested more than 50 deep"),
    "mappings in mappings": (b'{"a":' * 100_000, "nested more than 50 deep"),
    "a little too deep": (b"[" * 51 + b"]" * 51, "nested more than 50 deep"),
    "a number without end": (b"9" * 5_000, "4300 digits"),
    "a number beyond all": (b'{"a": 1e999}', "1e999 is no number that can be counted with"),
    "no number": (b'{"a": NaN}', "NaN is no number of JSON"),
    "less than nothing": (b'{"a": [-Infinity]}', "-Infinity is no number of JSON"),
    "a key twice": (b'{"a": 1, "b": 2, "a": 1}', "gives the key 'a' twice"),
    "a key twice, deeper": (b'[{"b": {"c": 1, "c": 2}}]', "gives the key 'c' twice"),
    "no text": (b'{"a": "\xff"}', "can't decode byte"),
    "nothing": (b"", "Invalid JSON"),
    "more than one": (b"{} {}", "Invalid JSON: Extra data"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_what_is_no_sound_json_is_refused(name: str) -> None:
    content, sentence = BOMBS[name]
    with pytest.raises(ValueError, match=re.escape(sentence)):
        json_files.parsed(content)


def test_sound_json_is_what_it_was() -> None:
    content = {"a": [1, 2.5, None, True, {"b": "é"}], "c": {}, "d": -1e300, "e": 2**70}
    assert json_files.parsed(json.dumps(content).encode("utf-8-sig")) == content
    assert json_files.parsed(b"[" * 50 + b"]" * 50)


def test_a_file_that_is_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path("features.json")
    with path.open("wb") as file:
        file.truncate(limits.JSON_BYTES + 1)
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("it was read"))
    with pytest.raises(ValueError, match=r"it has 67,108,865 bytes, and at most 67,108,864 are read"):
        json_files.read(path)


READERS: dict[str, Callable[[Path], object]] = {
    "features.json": lambda path: features_file.read(path, str(path)),
    "receipts/round-1/mine.json": lambda _: receipts.read_all(),
    "metrics/validation.json": tables.read_metrics,
}


@pytest.mark.parametrize("file", READERS)
@pytest.mark.parametrize("bomb", ["lists in lists", "a number without end", "a key twice", "no number"])
def test_every_file_that_people_or_the_service_write_is_refused_by_name(file: str, bomb: str) -> None:
    path = Path(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(BOMBS[bomb][0])
    with pytest.raises(DataError, match=re.escape(file)):
        READERS[file](path)


def test_claims_of_the_fetched_are_forgotten_where_they_are_no_json() -> None:
    path = downloads._list("history")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"[" * 1_000_000)
    assert downloads._claims("history") == {}


NAMES = ["feature_a", "feature_b"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"targets": [f"target_{number}" for number in range(10_001)]}, "names 10,001 targets, and at most 10,000"),
        ({"feature_sets": {str(number): [] for number in range(10_001)}}, "names 10,001 feature sets"),
        (
            {"feature_sets": {"all": [f"feature_{number}" for number in range(50_001)]}},
            "names 50,001 features in one set, and at most 50,000 are taken",
        ),
        ({"targets": ["target_" + "x" * 6_000]}, "is no name: one is text of at most 5,000 letters"),
        ({"feature_sets": {"all": ["feature_\ud800"]}}, "'feature_\\ud800' is no name"),
        ({"feature_sets": {"x" * 6_000: []}}, "is no name"),
    ],
)
def test_a_list_of_features_beyond_all_is_refused(change: dict[str, object], sentence: str) -> None:
    path = Path("features.json")
    path.write_text(json.dumps({"feature_sets": {"all": NAMES}, "targets": ["target"], **change}))
    with pytest.raises(DataError, match=re.escape(sentence)):
        features_file.read(path, "features (features.json)")
