"""What is said about scores over eras: by hand, and against pandas and slow loops."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from numerai_rounds.domain.judgement import intervals, statistics
from numerai_rounds.domain.judgement.statistics import by_year, curves, drawdowns, max_drawdown, sharpe, summary

NAN = math.nan

WHOLE = st.lists(st.integers(-20, 20), min_size=1, max_size=40).map(lambda numbers: np.array(numbers, dtype=float))
"""Scores whose sums are exact."""


def table(first: int = 1, **scores: list[float] | np.ndarray) -> pd.DataFrame:
    count = len(next(iter(scores.values())))
    return pd.DataFrame({"era": [f"{first + place:04d}" for place in range(count)], "rows": 10, **scores})


def described(values: list[float] | np.ndarray, overlap: int = 1, first: int = 1) -> pd.Series:
    return summary(table(first, corr=values), {"corr": overlap}, 0.9, 200, 52).iloc[0]


class TestSummary:
    def test_by_hand(self) -> None:
        row = described([1, -3, 1, 2, 4, -1], overlap=2, first=51)
        assert (row["score"], row["eras"]) == ("corr", 6)
        assert row["mean"] == pytest.approx(4 / 6)
        assert row["std"] == pytest.approx(math.sqrt(32 / 6 - 16 / 36))
        assert row["sharpe"] == pytest.approx(row["mean"] / row["std"])
        assert row["sharpe_ddof1"] == pytest.approx(row["sharpe"] * math.sqrt(5 / 6))
        assert row["hit_rate"] == pytest.approx(4 / 6)
        assert (row["max_drawdown"], row["max_drawdown_eras"]) == (3, 3)
        assert (row["worst"], row["worst_era"]) == (-3, "0052")
        assert row["years_positive"] == 0.5

    @given(WHOLE)
    def test_equals_pandas(self, values: np.ndarray) -> None:
        row, series = described(values), pd.Series(values)
        assert row["mean"] == pytest.approx(series.mean())
        assert row["std"] == pytest.approx(series.std(ddof=0))
        assert row["worst"] == series.min()
        assert row["hit_rate"] == (series > 0).mean()
        if np.ptp(values) > 0:
            assert row["sharpe"] == pytest.approx(series.mean() / series.std(ddof=0))
            assert row["sharpe_ddof1"] == pytest.approx(series.mean() / series.std())

    def test_intervals_and_the_pieces_behind_them(self) -> None:
        values = np.random.default_rng(0).standard_normal(60)
        row, found = described(values, overlap=8), intervals.estimated(values, 8, 0.9, 200)
        assert found is not None
        assert row["pieces"] == 7.5
        for name in ("mean", "sharpe"):
            assert (row[f"{name}_low"], row[f"{name}_high"]) == getattr(found, name)

    def test_columns_and_order(self) -> None:
        per_era = table(corr=[1.0, 2.0, 4.0, 3.0], mmc=[0.0, 1.0, 0.0, 0.0], unasked=[0.0] * 4)
        found = summary(per_era, {"mmc": 1, "corr": 1}, 0.9, 100, 52)
        assert tuple(found.columns) == statistics.SUMMARY
        assert found["score"].tolist() == ["mmc", "corr"]
        assert not found.isna().any(axis=None)

    def test_eras_without_the_score_are_left_out_of_it(self) -> None:
        values = np.random.default_rng(1).standard_normal(50)
        gaps = np.insert(values, [0, 0, 20, 50], NAN)
        found = summary(table(plain=np.append(values, [NAN] * 4), gaps=gaps), {"plain": 8, "gaps": 8}, 0.9, 100, 52)
        compared = found.drop(columns=["score", "worst_era", "years_positive"])
        assert_array_equal(compared.iloc[0].astype(float), compared.iloc[1].astype(float))

    def test_a_score_without_an_era_has_no_row(self) -> None:
        per_era = table(corr=[NAN, 1.0], mmc=[NAN, NAN])
        assert summary(per_era, {"mmc": 8, "corr": 8}, 0.9, 100, 52)["score"].tolist() == ["corr"]
        assert summary(per_era, {"mmc": 8}, 0.9, 100, 52).empty

    def test_one_era(self) -> None:
        row = described([0.25], overlap=8)
        known = row.dropna()
        assert row["mean"] == row["worst"] == 0.25
        assert row["std"] == row["max_drawdown"] == row["max_drawdown_eras"] == 0
        assert row["hit_rate"] == row["years_positive"] == 1
        assert not {name for name in known.index if "sharpe" in name or name.endswith(("_low", "_high"))}
        assert math.isnan(row["autocorrelation"])

    @pytest.mark.parametrize("value", [0.0, 0.1, -1 / 3])
    def test_constant_scores(self, value: float) -> None:
        row = described([value] * 32, overlap=8)
        assert row["std"] == 0
        assert row["mean_low"] == pytest.approx(value)
        assert row["mean_high"] == pytest.approx(value)
        missing = {name for name in row.index if name.startswith("sharpe")} | {"autocorrelation"}
        assert set(row.index[row.isna()]) == missing

    def test_too_few_eras_for_the_overlap(self) -> None:
        row = described(np.arange(31.0), overlap=8)
        bounds = {name for name in row.index if name.endswith(("_low", "_high"))}
        assert set(row.index[row.isna()]) == bounds | {"sharpe_corrected"}
        assert not described(np.arange(32.0), overlap=8).isna().any()

    def test_autocorrelation(self) -> None:
        assert described([1, 2, 3, 2])["autocorrelation"] == 0
        assert described([1, -1] * 50)["autocorrelation"] == pytest.approx(-0.99)
        averages = np.convolve(np.random.default_rng(2).standard_normal(50_000), [0.5, 0.5])
        assert statistics.autocorrelation(averages) == pytest.approx(0.5, abs=0.02)

    def test_the_sharpe_ratio_that_eras_without_overlap_would_have(self) -> None:
        """Each piece of news is in five eras, so a series is worth a fifth of its eras."""
        random = np.random.default_rng(3)
        independent = 0.5 + random.standard_normal(9_000)
        overlapping = 0.5 + np.convolve(random.standard_normal(9_000), np.ones(5) / math.sqrt(5))
        assert described(independent, 8)["sharpe_corrected"] == pytest.approx(0.5, rel=0.1)
        row = described(overlapping, 20)
        assert row["sharpe"] == pytest.approx(0.5, rel=0.1)
        assert row["sharpe_corrected"] == pytest.approx(0.5 / math.sqrt(5), rel=0.1)

    def test_the_corrected_sharpe_ratio_is_never_the_better_one(self) -> None:
        alternating = np.tile([0.03, -0.01], 40)
        row = described(alternating, 8)
        assert row["sharpe_corrected"] == pytest.approx(row["sharpe"])


class TestDrawdown:
    @pytest.mark.parametrize(
        ("values", "depth", "eras"),
        [
            ([2], 0, 0),
            ([-5], 0, 0),
            ([1, 1, 0, 1], 0, 0),
            ([-5, 1], 0, 0),  # the first era's fall is from nowhere
            ([1, -2, 2], 2, 2),  # back at the peak
            ([1, -2, 1, 1], 2, 3),
            ([1, -2, 1, 5], 2, 3),  # straight above it
            ([1, -2, 1], 2, 2),  # never back: until the end
            ([1, 0, 0, -2, 2], 2, 2),  # from the last era at the peak
            ([1, -2, 2, -2, 1], 2, 2),  # of equal falls, the first
            ([1, -1, 1, -3, 1, -3, 9], 5, 4),
        ],
    )
    def test_by_hand(self, values: list[float], depth: float, eras: int) -> None:
        assert max_drawdown(np.array(values, dtype=float)) == (depth, eras)

    @given(WHOLE)
    def test_equals_every_pair_of_eras(self, values: np.ndarray) -> None:
        total = values.cumsum()
        falls = [total[peak] - total[low] for low in range(len(total)) for peak in range(low + 1)]
        depth, eras = max_drawdown(values)
        assert depth == max(falls) >= 0
        assert 0 <= eras < len(values)
        assert (eras == 0) == (depth == 0)
        assert_array_equal(drawdowns(values), [max(total[: low + 1]) - total[low] for low in range(len(total))])


class TestSharpe:
    @pytest.mark.parametrize(("ddof", "expected"), [(0, 2 / math.sqrt(2 / 3)), (1, 2.0)])
    def test_by_hand(self, ddof: int, expected: float) -> None:
        assert sharpe(np.array([1.0, 2.0, 3.0]), ddof) == pytest.approx(expected)

    @given(WHOLE, st.floats(1e-3, 1e3), st.integers(0, 1))
    def test_does_not_depend_on_scale_and_turns_with_the_sign(
        self, values: np.ndarray, scale: float, ddof: int
    ) -> None:
        plain = sharpe(values, ddof)
        assert sharpe(scale * values, ddof) == pytest.approx(plain, rel=1e-9, abs=1e-12, nan_ok=True)
        assert sharpe(-values, ddof) == pytest.approx(-plain, nan_ok=True)

    @given(WHOLE, st.integers(-5, 5))
    def test_a_shift_adds_itself_over_the_deviation(self, values: np.ndarray, shift: int) -> None:
        if np.ptp(values) > 0:
            assert sharpe(values + shift, 0) == pytest.approx(sharpe(values, 0) + shift / values.std(), abs=1e-9)

    @pytest.mark.parametrize("values", [[0.1], [0.1] * 3, [0.0] * 3])
    @pytest.mark.parametrize("ddof", [0, 1])
    def test_none_without_deviation(self, values: list[float], ddof: int) -> None:
        assert math.isnan(sharpe(np.array(values), ddof))


class TestByYear:
    def test_years_are_counted_by_era_number(self) -> None:
        values = np.ones(60)
        values[:2] = [3, -1]
        found = by_year(table(51, corr=values), ["corr"], 52)
        assert tuple(found.columns) == statistics.BY_YEAR
        assert found["year"].tolist() == [1, 2, 3]
        assert found["first_era"].tolist() == ["0051", "0053", "0105"]
        assert found["last_era"].tolist() == ["0052", "0104", "0110"]
        assert found["eras"].tolist() == [2, 52, 6]
        assert found["mean"].tolist() == [1, 1, 1]
        assert found["std"].tolist() == [2, 0, 0]
        assert_array_equal(found["sharpe"], [0.5, NAN, NAN])
        assert found["hit_rate"].tolist() == [0.5, 1, 1]

    def test_years_of_monthly_eras_have_twelve(self) -> None:
        per_era = table(11, corr=[1.0, 3.0, -1.0])
        found = by_year(per_era, ["corr"], 12)
        assert found["year"].tolist() == [1, 2]
        assert found["last_era"].tolist() == ["0012", "0013"]
        assert summary(per_era, {"corr": 1}, 0.9, 100, 12).iloc[0]["years_positive"] == 0.5

    def test_only_years_and_eras_with_the_score(self) -> None:
        values = np.full(120, NAN)
        values[[1, 3, 110]] = [1, 2, 3]
        found = by_year(table(corr=values, mmc=[NAN] * 120, spearman=[1.0] * 120), ["corr", "mmc", "spearman"], 52)
        assert list(zip(found["score"], found["year"], strict=True)) == [
            *[("corr", 1), ("corr", 3)],
            *[("spearman", 1), ("spearman", 2), ("spearman", 3)],
        ]
        assert found.loc[0, ["first_era", "last_era", "eras"]].tolist() == ["0002", "0004", 2]

    def test_summary_counts_the_same_years(self) -> None:
        values = np.random.default_rng(5).standard_normal(500)
        found = by_year(table(700, corr=values), ["corr"], 52)
        assert described(values, first=700)["years_positive"] == (found["mean"] > 0).mean()


class TestCurves:
    def test_by_hand(self) -> None:
        per_era = table(9, corr=[1.0, NAN, -2.0, 4.0], mmc=[NAN, 1.0, 1.0, NAN])
        expected = pd.DataFrame(
            [
                ("0010", "mmc", 1.0, 1.0, 0.0),
                ("0011", "mmc", 1.0, 2.0, 0.0),
                ("0009", "corr", 1.0, 1.0, 0.0),
                ("0011", "corr", -2.0, -1.0, -2.0),
                ("0012", "corr", 4.0, 3.0, 0.0),
            ],
            columns=["era", "score", "value", "cumulative", "drawdown"],
        )
        pd.testing.assert_frame_equal(curves(per_era, ["mmc", "corr"]), expected)

    def test_nothing_to_draw(self) -> None:
        for found in (curves(table(corr=[NAN]), ["corr"]), curves(table(corr=[1.0]), [])):
            assert found.empty
            assert tuple(found.columns) == statistics.CURVES

    @given(WHOLE)
    def test_ends_at_the_sum_and_falls_to_the_drawdown(self, values: np.ndarray) -> None:
        found = curves(table(corr=values), ["corr"])
        assert found["cumulative"].iloc[-1] == values.sum()
        assert -found["drawdown"].min() == max_drawdown(values)[0]
        assert (found["drawdown"] <= 0).all()


def test_tables_given_are_not_changed() -> None:
    per_era = table(corr=[1.0, NAN, 2.0])
    before = per_era.copy(deep=True)
    summary(per_era, {"corr": 1}, 0.9, 100, 52), by_year(per_era, ["corr"], 52), curves(per_era, ["corr"])
    pd.testing.assert_frame_equal(per_era, before)
