"""How figures are told: what rests on too few eras with their number, and no finer than it is known."""

import math
from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple

from numerai_rounds.io.scores.rough import is_few, rough
from numerai_rounds.io.scores.score_files import COUNTS, Scores

DECIMALS = 4

UNCERTAIN = ("mean", "sharpe")
"""Statistics of a score that have an interval."""


class Basis(NamedTuple):
    """What a figure rests on."""

    eras: int
    """0 where nobody knows."""
    few: bool
    """Whether they are too few to tell how uncertain the figure is."""


def text(value: float, basis: Basis, decimals: int = DECIMALS) -> str:
    """A figure: `0.0165`, or `0.002 (8 eras)` where those are too few."""
    if isinstance(value, int):
        return f"{value:,}"
    if not basis.few:
        return f"{value:.{decimals}f}"
    return f"{rough(value)} ({basis.eras:,} eras)" if basis.eras else rough(value)


def records(scores: Scores) -> list[dict[Hashable, Any]]:
    """The rows of `summary` that are statistics of a score."""
    table = scores.tables["summary"]
    return list(table[table["target"].notna()].astype(object).to_dict("records"))


def target(scores: Scores) -> str:
    """What headlines are on."""
    return next((str(row["target"]) for row in records(scores) if row["score"] == "corr"), "an unknown target")


def bases(scores: Scores) -> Mapping[str, Basis]:
    """What each headline, each mean of a column of the eras and each other figure rests on."""
    rows = records(scores)
    by_score = {row["score"]: Basis(int(row["eras"]), is_few(row)) for row in rows}
    enough = min((basis.eras for basis in by_score.values() if not basis.few), default=math.inf)

    def of(eras: int) -> Basis:
        return Basis(eras, eras < enough)

    per_era = scores.tables["per_era"]
    found = dict.fromkeys(scores.headlines, of(int(scores.headlines.get("eras", 0))))
    found |= {f"{name}_mean": of(int(per_era[name].notna().sum())) for name in per_era.columns[2:]}
    found |= {f"{score}_{name}": basis for score, basis in by_score.items() for name in scores.tables["summary"]}
    table = scores.tables["summary"]
    found |= {
        name: of(eras) for name, eras in table.loc[table["target"].isna(), ["score", "eras"]].itertuples(index=False)
    }
    if "payout" in by_score:
        found |= dict.fromkeys(_stake(scores), by_score["payout"])
    if "spearman" in by_score:
        found["payout_ratio"] = by_score["spearman"]
    return found


def others(scores: Scores) -> dict[str, str]:
    """Figures that are no statistics of a score, as they are told, by name."""
    table, per_era, basis = scores.tables["summary"], scores.tables["per_era"], bases(scores)
    statistics = {f"{row['score']}_{name}" for row in records(scores) for name in table}
    found = {name: value for name, value in scores.headlines.items() if name not in COUNTS and name not in statistics}
    columns = [name for name in per_era.columns[2:] if name not in {*table["score"], *scores.headlines}]
    found |= {f"{name}_mean": float(per_era[name].mean()) for name in columns}
    found |= dict(table.loc[table["target"].isna(), ["score", "mean"]].itertuples(index=False, name=None))
    found |= _stake(scores)
    return {name: text(value, basis[name]) for name, value in sorted(found.items())}


def headline(scores: Scores) -> str:
    """The two figures that matter most, in words."""
    row = next((row for row in records(scores) if row["score"] == "corr"), None)
    if row is None:
        return "no figures"
    return corr(row["mean"], row["sharpe"], Basis(int(row["eras"]), is_few(row)))


def corr(mean: float, sharpe: float | None, basis: Basis) -> str:
    """Mean and Sharpe ratio of CORR in words; the latter is left out where there is none."""
    found = [f"CORR {rough(mean) if basis.few else f'{mean:.4f}'}"]
    if sharpe is not None and math.isfinite(sharpe):
        found.append(f"Sharpe {rough(sharpe) if basis.few else f'{sharpe:.2f}'}")
    return ", ".join(found) + (f" ({basis.eras:,} eras)" if basis.few else "")


def lines(scores: Scores) -> list[str]:
    """The headlines, one a line, those with an interval beside it, and what they are on."""
    basis, intervals = bases(scores), _intervals(scores)
    ends = {f"{name}_{end}" for name in intervals for end in ("low", "high")}
    told = {name: value for name, value in sorted(scores.headlines.items()) if name not in ends}
    return [
        f"target: {target(scores)}",
        *(f"{name}: {text(value, basis[name])}{intervals.get(name, '')}" for name, value in told.items()),
    ]


def _intervals(scores: Scores) -> dict[str, str]:
    """Of each statistic that has an interval, such as `corr_mean`, how it is told."""
    found = {}
    for row in records(scores):
        for name in UNCERTAIN:
            low, high = (row.get(f"{name}_{end}", math.nan) for end in ("low", "high"))
            if math.isfinite(low) and math.isfinite(high):
                found[f"{row['score']}_{name}"] = f" ({low:.{DECIMALS}f} to {high:.{DECIMALS}f})"
    return found


def _stake(scores: Scores) -> dict[str, float]:
    """What a stake would have become."""
    table = scores.tables["summary"]
    paid = table[table["score"] == "payout"]
    found = {name: paid[name].iloc[0] for name in ("payout_nmr", "payout_yearly") if name in paid and len(paid)}
    return {name: float(value) for name, value in found.items() if math.isfinite(value)}
