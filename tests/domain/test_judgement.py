"""What is said about scores: headlines, tables, and what a round's policy would have paid."""

import difflib
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from numerai_rounds.base.eras import MONTHLY, WEEKLY, Cadence, overlap_eras
from numerai_rounds.base.params import Payout, ScoreSection
from numerai_rounds.domain.judgement import payout, summary
from numerai_rounds.domain.judgement.summary import HEADLINES, STAKE, Judgement, Terms
from numerai_rounds.domain.scoring.loop import Scored
from numerai_rounds.io.scores import score_files
from numerai_rounds.io.scores.score_files import Scores
from tests.domain.scores import MAIN, OTHER

ERAS = 60
SECTION = ScoreSection(targets=[], benchmark=None, neutral_sets=[], interval=0.9, draws=200, stake=100.0)
ON_MAIN = Payout(target=MAIN, corr=3.0, mmc=15.0, clip=1.0, factor=1.0)
ON_OTHER = Payout(target=OTHER, corr=0.5, mmc=2.0, clip=0.05, factor=0.8)


def scored(*names: str) -> Scored:
    """Scores drawn at random, the second era unscored."""
    random = np.random.default_rng(1)
    table = pd.DataFrame({"era": [f"{575 + era:04d}" for era in range(ERAS)], "rows": 10})
    for name in names:
        table[name] = random.normal(0.01, 0.02, ERAS)
        table.loc[1, name] = math.nan
    on = {name: OTHER if name.endswith("_ender_20") else MAIN for name in names}
    nothing = pd.DataFrame({"feature": []})
    left_out = {"bmc": "score.benchmark is null"}
    return Scored(table, on, {"eras": ERAS, "mae": 0.2}, nothing, nothing, left_out, {"0576": "constant predictions"})


def judged(found: Scored, policy: Payout | None, cadence: Cadence = WEEKLY) -> Judgement:
    def overlap(target: str) -> int:
        return overlap_eras(target, None, cadence)

    return summary.judge(found, Terms(SECTION, MAIN, policy, overlap, cadence))


def test_headlines_are_few_and_everything_else_is_in_the_summary() -> None:
    one = scored("corr", "mmc", "spearman", "bmc", "corr_ender_20")
    own = dict.fromkeys(("payout_ratio", "mae", "feature_exposure", "exposure_rms_mean", "churn_mean"), 0.5)
    one = replace(one, headlines={"eras": ERAS, "eras_unscored": 1, "rows": 600, **own})
    one.per_era["exposure_rms"] = 0.5
    found = judged(one, ON_MAIN)
    assert set(found.headlines) <= set(HEADLINES)
    assert len(HEADLINES) <= 16
    assert {"corr_mean", "corr_sharpe", "mmc_mean", "payout_mean", "spearman_mean"} <= set(found.headlines)
    assert {"spearman_sharpe_ddof1", "payout_ratio", "mae", "feature_exposure"} <= set(found.headlines)
    assert found.headlines["corr_mean"] == pytest.approx(found.scored.per_era["corr"].mean())
    assert found.headlines["corr_mean_low"] < found.headlines["corr_mean"] < found.headlines["corr_mean_high"]
    assert all(isinstance(value, float | int) and math.isfinite(value) for value in found.headlines.values())
    summary = found.summary.set_index("score")
    assert {"bmc", "corr_ender_20", "mmc"} <= set(summary.index[summary["target"].notna()])
    # exposure_rms_mean is the mean of a column of the eras.
    assert list(summary.index[summary["target"].isna()]) == ["churn_mean"]
    assert summary["mean"]["churn_mean"] == 0.5
    assert summary["eras"].dtype.kind == "i"


def test_the_intervals_of_every_score_are_in_its_row_of_the_summary() -> None:
    found = judged(scored("corr", "mmc"), ON_MAIN)
    summary = found.summary.set_index("score")
    for name in ("corr", "mmc", "payout"):
        for statistic in ("mean", "sharpe"):
            low, middle, high = summary.loc[name, [f"{statistic}_low", statistic, f"{statistic}_high"]]
            assert low < middle < high, name
    assert {"corr_mean_low", "corr_mean_high"} <= set(found.headlines)


def test_a_changed_model_is_few_lines_to_review_though_every_score_has_an_interval(tmp_path: Path) -> None:
    one = scored("bmc", "corr", "fnc_v3", "mmc", "spearman")
    counts = {"eras": ERAS, "eras_unscored": 1, "rows": 600}
    for place, value in (("before", 0.5), ("after", 0.6)):
        own = dict.fromkeys(("payout_ratio", "mae", "feature_exposure"), value)
        changed = one.per_era.assign(**{name: one.per_era[name] + value / 100 for name in one.scores})
        found = judged(replace(one, per_era=changed, headlines=counts | own), ON_MAIN)
        score_files.write(Scores(found.headlines, found.tables), tmp_path / place)
    files = (score_files.HEADLINES, score_files.COMPARED, score_files.FILES["summary"], score_files.FILES["left_out"])
    lines = [line for file in files for line in ndiff(tmp_path / "before" / file, tmp_path / "after" / file)]
    in_conf_and_params = 4
    assert in_conf_and_params + len(lines) <= 40


def ndiff(before: Path, after: Path) -> list[str]:
    """The lines that are in one file only."""
    compared = difflib.ndiff(before.read_text().splitlines(), after.read_text().splitlines())
    return [line for line in compared if line[0] in "+-"]


def test_headlines_that_do_not_exist_are_left_out() -> None:
    few = scored("corr")
    found = judged(replace(few, per_era=few.per_era[:1]), None)
    assert "corr_mean" in found.headlines
    assert not {"corr_sharpe", "corr_mean_low"} & set(found.headlines)


def test_a_longer_horizon_leaves_fewer_pieces() -> None:
    one = scored("corr")
    both = replace(
        one,
        per_era=one.per_era.assign(corr_ender_20=one.per_era["corr"]),
        scores={"corr": MAIN, "corr_ender_20": OTHER},
    )
    found = judged(both, None).summary.set_index("score")
    assert found["mean"].nunique() == 1
    assert found["mean_low"].nunique() == found["pieces"].nunique() == 2
    short = judged(replace(both, per_era=both.per_era[:31]), None).summary.set_index("score")
    assert short["mean_low"].notna().tolist() == [False, True]  # 30 eras are less than 4 times 12


@pytest.mark.parametrize(("policy", "end"), [(ON_MAIN, ""), (ON_OTHER, "_ender_20")], ids=["main", "another target"])
def test_the_payout_is_on_the_policys_target(policy: Payout, end: str) -> None:
    found = judged(scored("corr", "mmc", "corr_ender_20", "mmc_ender_20"), policy)
    table = found.scored.per_era
    expected = payout.returns(table[f"corr{end}"].to_numpy(), table[f"mmc{end}"].to_numpy(), policy)
    np.testing.assert_array_equal(table["payout"], expected)
    assert math.isnan(table["payout"][1])
    assert found.scored.scores["payout"] == policy.target
    pending = 12 if policy is ON_MAIN else 4
    simulated = payout.simulate(expected, pending, 100.0, 52)
    row = found.summary.set_index("score").loc["payout"]
    assert {name: row[name] for name in STAKE} == {name: simulated[name] for name in STAKE}
    assert row["mean"] == found.headlines["payout_mean"] == pytest.approx(simulated["payout_mean"])
    assert found.summary[list(STAKE)].notna().sum().tolist() == [1, 1]
    assert "payout" not in found.scored.left_out


@pytest.mark.parametrize(
    ("names", "policy", "reason"),
    [
        (("corr",), ON_MAIN, "it needs mmc"),
        (("corr", "mmc"), ON_OTHER, "it needs corr_ender_20 and mmc_ender_20"),
        (("corr", "mmc"), None, "the round has no payout policy"),
    ],
)
def test_a_payout_that_cannot_be_known_is_left_out(names: tuple[str, ...], policy: Payout | None, reason: str) -> None:
    found = judged(scored(*names), policy)
    assert found.scored.left_out["payout"] == reason
    assert "payout" not in found.scored.per_era
    assert not any(name.startswith("payout") for name in found.headlines)


def test_a_policy_that_does_not_pay_for_mmc_needs_none() -> None:
    found = judged(scored("corr"), ON_MAIN.model_copy(update={"mmc": 0.0}))
    np.testing.assert_allclose(found.scored.per_era["payout"], 3 * found.scored.per_era["corr"])


def test_tables() -> None:
    found = judged(scored("corr", "mmc"), ON_MAIN)
    tables = found.tables
    assert tables["summary"]["score"].tolist() == ["corr", "mmc", "payout"]
    assert set(tables["by_year"]["score"]) == set(tables["curves"]["score"]) == {"corr", "mmc", "payout"}
    assert tables["left_out"].to_numpy().tolist() == [
        ["bmc", "score.benchmark is null"],
        ["era 0576", "constant predictions"],
    ]
    complete = replace(scored("corr"), left_out={}, unscored={})
    assert judged(complete, None).tables["left_out"]["what"].tolist() == ["payout"]


def test_scores_are_left_as_they_were_and_judged_the_same_twice() -> None:
    one = scored("corr", "mmc")
    before = one.per_era.copy()
    first, second = judged(one, ON_MAIN), judged(one, ON_MAIN)
    pd.testing.assert_frame_equal(one.per_era, before)
    assert first.headlines == second.headlines
    pd.testing.assert_frame_equal(first.summary, second.summary, check_exact=True)


@pytest.mark.parametrize(("eras", "why"), [(51, "50 eras are no year of 52"), (53, None)])
def test_less_than_a_year_is_not_drawn_out_to_one(eras: int, why: str | None) -> None:
    few = scored("corr", "mmc")
    found = judged(replace(few, per_era=few.per_era[:eras]), ON_MAIN)
    assert found.summary["payout_yearly"].notna().any() == (why is None)
    assert found.summary["payout_nmr"].notna().any()
    assert found.scored.left_out.get("payout_yearly") == why


def test_monthly_eras_have_years_of_twelve_and_pay_each_month() -> None:
    policy = ON_OTHER.model_copy(update={"target": "target_nomi_20"})
    few = replace(scored("corr", "mmc"), scores={"corr": policy.target, "mmc": policy.target})
    found = summary.judge(
        replace(few, per_era=few.per_era[:13]),
        Terms(SECTION, policy.target, policy, lambda target: overlap_eras(target, None, MONTHLY), MONTHLY),
    )
    returns = found.scored.per_era["payout"].to_numpy()
    row = found.summary.set_index("score").loc["payout"]
    assert {name: row[name] for name in STAKE} == {
        name: value for name, value in payout.simulate(returns, 1, 100.0, 12).items() if name in STAKE
    }
    assert found.by_year.loc[found.by_year["score"] == "corr", "eras"].tolist() == [1, 11]
    assert "interval of corr" not in found.scored.left_out


def test_a_score_without_an_interval_says_why() -> None:
    few = scored("corr")
    found = judged(replace(few, per_era=few.per_era[:20]), None)
    assert found.scored.left_out["interval of corr"] == (
        "19 eras that share news over 12 are 1.6 independent pieces, 4 are needed"
    )
    assert "interval of corr" not in judged(scored("corr"), None).scored.left_out
