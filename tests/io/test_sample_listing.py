"""The `sample` source with a features.json: the market has its names, sets and targets."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from numerai_rounds.base.errors import ConfigurationError
from numerai_rounds.base.params import Pin, Round
from numerai_rounds.io.sources import sample
from tests import odd_names
from tests.io.sample_files import FIRST, make, parameters, rows

TARGETS = ["target_ender_60", "target_victor_20", "target"]
LISTED = odd_names.listed(50, TARGETS)
FILE = "names.json"


def write(**changes: Any) -> None:
    Path(FILE).write_text(json.dumps({**LISTED, **changes}))


def pins(**changes: Any) -> dict[str, Pin]:
    history, live = sample.pins(parameters(**{"features": None, "features_json": FILE, **changes}), FIRST)
    return history | live


@pytest.mark.parametrize("features", [None, 50])
def test_the_market_has_the_names_of_the_file(features: int | None, tmp_path: Path) -> None:
    write(unknown={"key": 1})
    changes = {"features": features, "features_json": FILE}
    assert json.loads(make("features", tmp_path, **changes).read_text()) == LISTED
    for role in ("train", "validation", "live"):
        table = rows(role, tmp_path, **changes)
        assert list(table) == ["era", "data_type", *sorted(LISTED["feature_sets"]["all"]), *TARGETS]
    plain = rows("train", tmp_path, features=50)
    table = rows("train", tmp_path, **changes)
    assert table[TARGETS].equals(plain[TARGETS])
    assert table.iloc[:, 2:52].isin(range(5)).all(axis=None)


def test_features_of_a_theme_of_the_file_go_together() -> None:
    names = odd_names.in_the_style_of_v5(60)
    themes = {"quantum": names[:20], "wisdom": names[20:40], "NA": names[40:], "all": names}
    Path(FILE).write_text(json.dumps({"feature_sets": themes, "targets": TARGETS}))
    table = rows("train", Path(), features=None, features_json=FILE, rows_per_era=500).query("era > '0008'")

    def related(one: list[str], other: list[str]) -> float:
        found = table[one].corrwith
        pairs = [found(table[name]).abs().drop(name, errors="ignore") for name in other]
        return float(pd.concat(pairs).mean())

    for theme, other in (("quantum", "wisdom"), ("wisdom", "quantum")):
        assert related(themes[theme], themes[theme]) > 3 * related(themes[theme], themes[other])


def test_pins_follow_the_content_of_the_file() -> None:
    write()
    before = pins()
    Path(FILE).rename("elsewhere.json")
    assert pins(features_json="elsewhere.json") == before
    assert pins(features_json=str(Path("elsewhere.json").absolute())) == before
    write(targets=TARGETS[:1])
    assert all(pins()[role] != pin for role, pin in before.items())
    history = {role: pin for role, pin in before.items() if not role.startswith("live")}
    pinned = Round(source="sample", number=FIRST, history=history, live={})
    with pytest.raises(ConfigurationError, match=r"do not agree: .*Run `rounds open`"):
        sample.check_pins(parameters(features=None, features_json=FILE), pinned)


def test_the_market_without_a_file_has_400_features_unless_it_is_told() -> None:
    assert pins(features_json=None) == pins(features_json=None, features=400)
    assert pins(features_json=None) != pins(features_json=None, features=401)


FEW = LISTED["feature_sets"]["all"][:19]


@pytest.mark.parametrize(
    ("content", "changes", "sentence"),
    [
        (None, {}, r"data\.features_json is 'names\.json', and there is no such file\. Name a features\.json"),
        ("<html>", {}, r"data\.features_json \(names\.json\) is no features\.json of the tournament"),
        (LISTED | {"feature_sets": {"few": FEW}}, {}, "its sets name 19 features, and a market has 20 to 10,000"),
        (LISTED | {"feature_sets": {}}, {}, "its sets name 0 features"),
        (LISTED | {"feature_sets": {"many": [f"feature_{n}" for n in range(10_001)]}}, {}, r"10,001 .* with fewer"),
        (LISTED | {"feature_sets": {"old": [*FEW, "intelligence1"]}}, {}, r"begins with 'feature_' \(got 'intellig"),
        (LISTED | {"targets": ["target", "target_x_20"]}, {}, r"the targets of v5\.2 .* \(got target_x_20\)"),
        (LISTED | {"targets": []}, {}, r"\(got none\)"),
        (
            LISTED,
            {"features": 400},
            r"data\.features is 400, but data\.features_json .* names 50\. Set data\.features=",
        ),
    ],
)
def test_a_file_that_no_market_fits_is_refused(content: Any, changes: dict[str, Any], sentence: str) -> None:
    if content is not None:
        Path(FILE).write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(ConfigurationError, match=sentence):
        pins(**changes)
