"""How figures are told: what rests on few eras has their number beside it, and no more digits than it deserves."""

import json
import math
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numerai_rounds.io.files import paths, tables
from numerai_rounds.io.scores import figures, reports, score_files
from numerai_rounds.io.scores.figures import Basis
from numerai_rounds.io.scores.rough import rough
from numerai_rounds.io.scores.score_files import Scores
from numerai_rounds.play import played

FEW, ENOUGH = Basis(8, few=True), Basis(52, few=False)


def scores(corr_has_interval: bool = True) -> Scores:
    """52 eras of CORR, and 8 of MMC, CWMM and the payout."""
    low = 0.01 if corr_has_interval else math.nan
    summary = pd.DataFrame(
        [
            ("corr", "target_ender_60", 52, 0.016505, low, 0.592607, math.nan),
            ("mmc", "target_ender_60", 8, 0.002375, math.nan, 0.11297, math.nan),
            ("payout", "target_ender_60", 8, 0.078254, math.nan, 0.207158, 5.216964),
            ("churn_mean", math.nan, 52, 0.25, math.nan, math.nan, math.nan),
        ],
        columns=["score", "target", "eras", "mean", "mean_low", "sharpe", "payout_nmr"],
    ).reindex(columns=[*score_files.NEEDED["summary"], "payout_nmr"])
    eras = [f"{era:04d}" for era in range(1, 53)]
    cwmm = [math.nan] * 44 + [0.27123] * 8
    per_era = pd.DataFrame({"era": eras, "rows": 10, "corr": 0.01, "cwmm": cwmm, "exposure_rms": 0.0792})
    left_out = pd.DataFrame({"what": ["interval of mmc"], "why": ["8 eras"]})
    counts = {"eras": 52, "eras_unscored": 0, "rows": 78000}
    headlines = counts | {"corr_mean": 0.016505, "mae": 0.152041, "mmc_mean": 0.002375}
    nothing = dict.fromkeys(score_files.FILES, left_out)
    return Scores(headlines, nothing | {"summary": summary, "per_era": per_era, "left_out": left_out})


@given(st.floats(-1e6, 1e6))
def test_a_rough_figure_has_two_digits_and_three_decimals_at_most(value: float) -> None:
    told = rough(value)
    digits, _, decimals = told.lstrip("-").partition(".")
    assert len(decimals) <= 3
    assert len((digits + decimals).lstrip("0")) <= 2 or not decimals
    assert float(told) == pytest.approx(value, rel=0.051, abs=0.0005)


@pytest.mark.parametrize(
    ("value", "basis", "told"),
    [
        (0.016505, ENOUGH, "0.0165"),
        (0.002375, FEW, "0.002 (8 eras)"),
        (-0.0123, FEW, "-0.012 (8 eras)"),
        (5.216964, FEW, "5.2 (8 eras)"),
        (0.002375, Basis(0, few=True), "0.002"),
        (78000, ENOUGH, "78,000"),
    ],
)
def test_a_figure_is_told_with_the_eras_that_it_rests_on(value: float, basis: Basis, told: str) -> None:
    assert figures.text(value, basis) == told


def test_figures_that_are_no_scores_tell_their_eras_too() -> None:
    assert figures.others(scores()) == {
        "churn_mean": "0.2500",
        "cwmm_mean": "0.27 (8 eras)",
        "exposure_rms_mean": "0.0792",
        "mae": "0.1520",
        "payout_nmr": "5.2 (8 eras)",
    }


def test_commits_and_last_lines_tell_it_likewise(tmp_path: Path) -> None:
    score_files.write(scores(), paths.METRICS)
    assert played.headline() == "CORR 0.0165, Sharpe 0.59"
    assert figures.lines(scores()) == [
        "target: target_ender_60",
        "corr_mean: 0.0165",
        "eras: 52",
        "eras_unscored: 0",
        "mae: 0.1520",
        "mmc_mean: 0.002 (8 eras)",
        "rows: 78,000",
    ]
    score_files.write(scores(corr_has_interval=False), paths.METRICS)
    assert played.headline() == "CORR 0.017, Sharpe 0.59 (52 eras)"


def test_commits_tell_the_interval_beside_its_figure() -> None:
    found = scores()
    corr = found.tables["summary"]["score"] == "corr"
    ends = {"mean_high": 0.023, "sharpe_low": 0.29, "sharpe_high": 0.86}
    found.tables["summary"] = found.tables["summary"].assign(
        **{name: [value if here else math.nan for here in corr] for name, value in ends.items()}
    )
    found.headlines.update({"corr_mean_high": 0.023, "corr_mean_low": 0.01, "corr_sharpe": 0.592607})
    assert figures.lines(found) == [
        "target: target_ender_60",
        "corr_mean: 0.0165 (0.0100 to 0.0230)",
        "corr_sharpe: 0.5926 (0.2900 to 0.8600)",
        "eras: 52",
        "eras_unscored: 0",
        "mae: 0.1520",
        "mmc_mean: 0.002 (8 eras)",
        "rows: 78,000",
    ]


def test_no_negative_nothing() -> None:
    assert rough(-0.0003) == "0.000"


@pytest.mark.parametrize(
    ("enough", "compared"),
    [
        (True, {"corr_mean": 0.016505, "corr_sharpe": 0.592607}),
        (False, {"corr_mean": 0.017, "corr_sharpe": 0.59, "eras": 52}),
    ],
)
def test_experiments_are_compared_by_what_rests_on_enough_eras(
    tmp_path: Path, enough: bool, compared: dict[str, float]
) -> None:
    score_files.write(scores(enough), tmp_path)
    assert json.loads((tmp_path / score_files.COMPARED).read_text()) == compared


def test_headlines_are_sorted_and_one_a_line(tmp_path: Path) -> None:
    headlines = dict.fromkeys(("payout_mean", "corr_sharpe", "payout_mean_low", "corr_mean", "corr_mean_low"), 0.1)
    tables.write_metrics(headlines, tmp_path / "all.json")
    text = (tmp_path / "all.json").read_text()
    assert len(text.splitlines()) == len(headlines) + 2
    assert list(json.loads(text)) == sorted(headlines)


def test_a_mean_that_does_not_exist_leaves_its_interval() -> None:
    row = {"eras": 52, "mean": math.nan, "mean_low": 0.01, "mean_high": 0.02, "sharpe": 0.5}
    shown = ("eras", "pieces", "mean", "interval of mean", "sharpe")
    cells = {name: reports._cell(reports.MEANS[name].text, row) for name in shown}
    assert cells == {
        "eras": "52", "pieces": "", "mean": "", "interval of mean": "0.0100 to 0.0200", "sharpe": "0.50"
    }  # fmt: skip
    assert reports._cell("{mean:.4f} ({sharpe:.2f})", row | {"mean": 0.015, "sharpe": math.nan}) == "0.0150"


def test_few_eras_are_told_as_a_count_and_roughly() -> None:
    row = {"eras": 8, "mean_low": math.nan, "hit_rate": 0.75, "worst": -0.012345, "worst_era": "0213"}
    assert reports._cell(reports.MEANS["hit rate"].text, row) == "6 of 8"
    assert reports._cell(reports.MEANS["worst"].text, row) == "-0.012 in 0213"
