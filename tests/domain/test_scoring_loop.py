"""The loop over eras and metrics: which cells, headlines and reasons come of it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from numerai_rounds.base.errors import DataError
from numerai_rounds.domain.metrics import corr, mae, spearman
from numerai_rounds.domain.scoring import loop
from numerai_rounds.domain.scoring.metric import BENCHMARK, META_MODEL, Inputs
from tests.domain import scores
from tests.domain.scores import MAIN, OTHER, CrossSection

TARGET = np.array([0, 0.5, 1, 0.5])
FIRST, SECOND = [0.1, 0.2, 0.4, 0.3], [0.4, 0.1, 0.3, 0.2]
GOOD = (FIRST, TARGET)
CONSTANT = ([0.5] * 4, TARGET)
FLAT = (FIRST, np.full(4, 0.5))
LONELY = ([0.5, np.nan, np.nan, np.nan], TARGET)
PLAIN = ("corr", "mae", "spearman")

Pair = tuple[list[float], np.ndarray]


def scored(*eras: Pair, metrics: tuple[str, ...] = PLAIN) -> loop.Scored:
    sections = [scores.section(prediction, label=f"{575 + era:04d}") for era, (prediction, _) in enumerate(eras)]
    (found,) = scores.score(sections, [{MAIN: target} for _, target in eras], metrics)
    return found


def test_a_row_an_era_with_the_metrics_columns_in_order() -> None:
    found = scored(GOOD, GOOD)
    assert list(found.per_era.columns) == ["era", "rows", "corr", "mae", "spearman"]
    assert list(found.per_era["era"]) == ["0575", "0576"]
    assert list(found.per_era["rows"]) == [4, 4]
    assert found.scores == {"corr": MAIN, "spearman": MAIN}
    assert {"eras": 2, "eras_unscored": 0, "rows": 8}.items() <= found.headlines.items()
    assert not found.unscored


@pytest.mark.parametrize(
    ("pair", "reason"),
    [(CONSTANT, "constant predictions"), (FLAT, "constant target"), (LONELY, "one row")],
    ids=["predictions", "target", "lonely"],
)
def test_an_era_that_cannot_be_scored_is_counted_and_named(pair: Pair, reason: str) -> None:
    found = scored(GOOD, pair, GOOD)
    for name in ("corr", "spearman"):
        assert found.per_era[name].isna().tolist() == [False, True, False]
    assert found.per_era["mae"].notna().all()
    assert found.headlines["eras_unscored"] == 1
    assert found.unscored == {"0576": reason}


def test_a_constant_column_has_no_score_beside_one_that_has() -> None:
    random = np.random.default_rng(1)
    others = {META_MODEL: random.random(40), BENCHMARK: random.random(40)}
    columns, target = [random.normal(size=40), np.full(40, 0.3)], random.choice(scores.LEVELS, 40)
    one = scores.section(columns, random.integers(0, 5, (40, 3)), others)
    era = scores.on(one, target)
    sets = {"neutral_sets": {"all": np.arange(3)}}
    for metric in ("corr", "spearman", "mmc", "bmc", "cwmm", "cwbm", "fnc", "exposure"):
        for values in scores.values(metric, era, **(sets if metric == "fnc" else {})).values():
            assert np.isnan(values).tolist() == [False, True], metric


def test_nothing_can_be_scored() -> None:
    with pytest.raises(DataError, match=r"None of the 2 eras can be scored \(constant predictions, one row\)"):
        scored(CONSTANT, LONELY)


def test_a_target_that_is_always_constant_is_to_be_changed() -> None:
    with pytest.raises(DataError, match=r"\(constant target\)\. A target that is constant .* choose another one\.$"):
        scored(FLAT, FLAT)


def test_headlines_that_do_not_exist_are_left_out() -> None:
    found = scored(GOOD, metrics=("spearman", "churn"))
    assert "churn_mean" not in found.headlines
    assert found.left_out == {"churn": "no id occurs in two neighbouring eras"}
    assert np.isfinite(list(found.headlines.values())).all()


def test_metrics_without_their_input_are_left_out_with_the_reason() -> None:
    one = scores.section(FIRST)
    (found,) = scores.score([one], [{MAIN: TARGET}])
    no_meta_model, no_features = "there is no meta_model", "there is no features"
    assert found.left_out == {
        **dict.fromkeys(["mmc", "cwmm", "meta_model_corr"], no_meta_model),
        **dict.fromkeys(["bmc", "cwbm", "benchmark_corr"], "there is no benchmark"),
        **dict.fromkeys(["exposure", "feature_exposure", "fnc"], no_features),
        "churn": "no id occurs in two neighbouring eras",
    }
    assert list(found.per_era.columns) == ["era", "rows", "corr", "mae", "spearman"]


def test_a_score_that_no_era_has_is_left_out() -> None:
    silent = {META_MODEL: np.full(4, np.nan), BENCHMARK: np.array([0.2, 0.1, 0.4, 0.3])}
    one = scores.section(FIRST, np.full((4, 2), 2), silent)
    (found,) = scores.score([one, one], [{MAIN: TARGET}] * 2, neutral_sets={"all": np.arange(2)})
    absent = {"mmc", "cwmm", "meta_model_corr", "exposure_max", "exposure_rms", "exposure_std"}
    assert {name for name, why in found.left_out.items() if why == "no era has it"} == absent
    assert not absent & {*found.per_era, *found.scores}
    assert {"bmc", "cwbm", "fnc_all"} <= {*found.per_era}
    assert not {"cwmm_mean", "feature_exposure"} & {*found.headlines}


def test_an_era_before_the_meta_model_has_an_empty_cell() -> None:
    sections = [scores.section(FIRST, others={META_MODEL: np.array(mm)}) for mm in ([np.nan] * 4, SECOND)]
    (found,) = scores.score(sections, [{MAIN: TARGET}] * 2, ("corr", "mmc", "cwmm"))
    assert found.per_era["mmc"].isna().tolist() == found.per_era["cwmm"].isna().tolist() == [True, False]
    assert found.headlines["cwmm_mean"] == found.per_era["cwmm"][1]
    assert not found.unscored


def test_sets_of_features_that_there_are_not_are_named() -> None:
    one = scores.section(FIRST, np.array([[0], [3], [1], [1]]))
    sets = {"neutral_sets": {"all": np.array([0])}, "unknown_sets": ["smal", "a", "b", "c", "d"]}
    (found,) = scores.score([one], [{MAIN: TARGET}], ("corr", "fnc"), **sets)
    assert found.left_out == {"fnc": "features.json has no feature set 'smal', 'a', 'b' and 2 more that names features"}
    assert "fnc_all" in found.per_era


def test_several_targets_known_for_different_rows() -> None:
    random = np.random.default_rng(2)
    sections, targets = [], []
    for era in range(3):
        target = random.choice(scores.LEVELS, (2, 30))
        target[0, :era], target[1, 20 : 20 + 2 * era] = np.nan, np.nan
        if era == 2:
            target[1] = np.nan
        prediction = random.normal(size=30)
        prediction[28] = np.nan
        sections.append(scores.section(prediction, label=f"{575 + era:04d}"))
        targets.append({MAIN: target[0], OTHER: target[1]})
    (found,) = scores.score(sections, targets, PLAIN)
    names = [f"{name}{end}" for name in PLAIN for end in ("", "_ender_20")]
    assert list(found.per_era.columns) == ["era", "rows", *names]
    assert found.scores == {name: OTHER if name.endswith("20") else MAIN for name in names if "mae" not in name}
    assert list(found.per_era["rows"]) == [29, 28, 27]
    assert found.per_era["corr"].notna().all()
    assert found.per_era["corr_ender_20"].isna().tolist() == [False, False, True]
    for main, end in ((MAIN, ""), (OTHER, "_ender_20")):
        for era in (0, 1):
            alone = scores.value("corr", scores.on(sections[era], targets[era][main]))
            assert found.per_era[f"corr{end}"][era] == alone


def test_targets_known_for_the_same_rows_share_what_is_computed() -> None:
    one = scores.section(FIRST, np.ones((4, 2)))
    found = loop.known_on(one, {MAIN: TARGET, OTHER: TARGET[::-1], "target_a": np.array([0.5, np.nan, 1, 0])})
    assert found[MAIN].section is found[OTHER].section
    assert len(found["target_a"].section) == 3
    assert loop.known_on(one, {MAIN: np.full(4, np.nan)}) == {}


def test_rows_that_are_left_out_leave_everywhere() -> None:
    random = np.random.default_rng(3)
    one = scores.section(random.normal(size=(2, 9)), random.integers(0, 5, (9, 4)), {META_MODEL: random.random(9)})
    rows = np.array([1, 4, 5])
    some = one.where(np.isin(np.arange(9), rows))
    assert some.ids.to_pylist() == [one.ids.to_pylist()[row] for row in rows]
    np.testing.assert_array_equal(some.predictions, one.predictions[:, rows])
    np.testing.assert_array_equal(some.features, one.features[:, rows])
    np.testing.assert_array_equal(some.others[META_MODEL], one.others[META_MODEL][rows])
    assert some.features.flags.c_contiguous
    assert some.predictions.flags.c_contiguous


class TestChurn:
    def churn(self, eras: list[tuple[list[str], list[float]]]) -> loop.Scored:
        sections: list[CrossSection] = []
        for number, (ids, values) in enumerate(eras):
            sections.append(scores.section(values, ids=ids, label=f"{575 + number:04d}"))
        (found,) = scores.score(sections, [{MAIN: np.linspace(0, 1, len(ids))} for ids, _ in eras], ("corr", "churn"))
        return found

    def test_the_same_is_0_and_the_reverse_2(self) -> None:
        found = self.churn([(list("abcd"), FIRST), (list("dcba"), FIRST[::-1]), (list("abcd"), [-x for x in FIRST])])
        assert found.headlines["churn_mean"] == pytest.approx((0 + 2) / 2)

    def test_a_constant_era_has_no_churn(self) -> None:
        found = self.churn([(list("abcd"), FIRST), (list("abcd"), [0.5] * 4), (list("abcd"), SECOND)])
        assert "churn_mean" not in found.headlines

    def test_one_id_in_common_is_too_few_but_not_the_end(self) -> None:
        found = self.churn([(list("abcd"), FIRST), (list("defg"), SECOND), (list("defg"), SECOND)])
        assert found.headlines["churn_mean"] == pytest.approx(0)

    def test_ids_of_one_era_only(self) -> None:
        found = self.churn([(list("abcd"), FIRST), (list("efgh"), SECOND)])
        assert found.left_out["churn"] == "no id occurs in two neighbouring eras"


class TestHeadlines:
    def test_payout_ratio(self) -> None:
        metric = spearman.Metric(Inputs([np.zeros((1, 4))]))
        table = pd.DataFrame({"spearman": [0.1, 0.3, -0.1, np.nan]})
        assert metric.headlines(table, 0) == {"payout_ratio": pytest.approx((0.5 + 1 - 0.5) / 3)}

    def test_mae_weighs_eras_by_their_rows(self) -> None:
        assert scores.value("mae", scores.on(scores.section([0.5, 0.5]), [0.25, 1])) == pytest.approx(0.375)
        table = pd.DataFrame({"mae": [0.1, 0.4], "rows": [30, 10]})
        assert mae.Metric(Inputs([np.zeros((1, 2))])).headlines(table, 0) == {"mae": pytest.approx(0.175)}


def test_an_era_whose_target_is_known_for_few_rows_is_not_scored_on_it() -> None:
    random = np.random.default_rng(4)
    eras = []
    for label, known in (("0575", 10), ("0576", 7)):
        target = np.where(np.arange(10) < known, random.choice(scores.LEVELS, 10), np.nan)
        one = replace(scores.section(random.normal(size=10)), label=label)
        eras.append(loop.known_on(one, {MAIN: random.choice(scores.LEVELS, 10), OTHER: target}))
    inputs = Inputs([era[MAIN].section.predictions for era in eras])
    (found,) = loop.score({"corr": corr.Metric}, inputs, eras, MAIN, 1)
    assert found.per_era["corr_ender_20"].notna().tolist() == [True, False]
    (main,) = loop.score({"corr": corr.Metric}, inputs, [{OTHER: era[OTHER]} for era in eras], OTHER, 1)
    assert main.unscored == {"0576": "target known for less than 80% of the rows"}
