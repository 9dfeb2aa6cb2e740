"""Tables that a person reads at the end of a stage."""

import math
from collections import defaultdict
from collections.abc import Hashable, Mapping
from typing import Any

from numerai_rounds.base.errors import some
from numerai_rounds.io import console
from numerai_rounds.io.score_files import Scores

MOST = 10
"""Names in a sentence about what is left out for one reason: all metrics that one input makes, examples of eras."""

COUNTS = ("eras", "eras_unscored", "rows")

COLUMNS = {
    "score": "{score}",
    "eras": "{eras}",
    "mean": "{mean:.4f}",
    "interval ": "{mean_low:.4f} to {mean_high:.4f}",
    "std": "{std:.4f}",
    "sharpe": "{sharpe:.2f}",
    "interval": "{sharpe_low:.2f} to {sharpe_high:.2f}",
    "drawdown": "{max_drawdown:.3f}",
    "hit rate": "{hit_rate:.0%}",
    "worst": "{worst:.4f} in {worst_era}",
}
"""Columns of the table of scores, and how each is made of a row of `summary`."""


def show_scores(found: Mapping[str, Scores], title: str) -> None:
    """Print the scores of each column of predictions, in full where there is one, and what was left out and why."""
    if len(found) == 1:
        (only,) = found.values()
        _show(only, title)
    else:
        _compare(found, title)
    for what, why in _left_out(found):
        console.say(f"left out: {what} ({why})")


def _left_out(found: Mapping[str, Scores]) -> list[tuple[str, str]]:
    """What is left out of whose scores, and why; what shares a reason is told together, eras by examples."""
    holders = defaultdict(list)
    for column, scores in found.items():
        for what, why in scores.tables["left_out"].itertuples(index=False):
            holders[what, why].append(column)
    shared = defaultdict(list)
    for (what, why), columns in holders.items():
        shared[why, "" if len(columns) == len(found) else some(columns)].append(what)
    return [(some(names, MOST) + (f" of {whose}" if whose else ""), why) for (why, whose), names in shared.items()]


def _show(scores: Scores, title: str) -> None:
    """Scores with their intervals, then the other headlines."""
    counts = scores.headlines
    unscored = f", {counts['eras_unscored']:,} of them without a score" if counts["eras_unscored"] else ""
    rows = [[_cell(text, row) for text in COLUMNS.values()] for row in _records(scores)]
    console.table(f"{title}: {counts['eras']:,} eras, {counts['rows']:,} rows{unscored}", list(COLUMNS), rows)
    console.say("")
    others = [(name, f"{value:.4f}") for name, value in _others(scores).items()]
    console.table("other figures", ["figure", "value"], others)


def _compare(found: Mapping[str, Scores], title: str) -> None:
    """Means and Sharpe ratios on the main target, a row for each column of predictions."""
    targets = {row["score"]: row["target"] for scores in found.values() for row in _records(scores)}
    main = [name for name, target in targets.items() if target == targets["corr"] or name == "payout"]
    rows = []
    for column, scores in found.items():
        cells = {row["score"]: _cell("{mean:.4f} ({sharpe:.2f})", row) for row in _records(scores)}
        rows.append([column, *(cells.get(name, "") for name in main)])
    console.table(f"{title}: means, and Sharpe ratios in brackets", ["predictions", *main], rows)


def _records(scores: Scores) -> list[dict[Hashable, Any]]:
    return scores.tables["summary"].astype(object).to_dict("records")


def _cell(text: str, row: dict[Hashable, Any]) -> str:
    """A cell; what begins with a number that does not exist is cut off."""
    used = {name: value for name, value in row.items() if f"{{{name}" in text}
    absent = [text.index(f"{{{name}") for name, value in used.items() if isinstance(value, float) and math.isnan(value)]
    kept = text[: min(absent)].rstrip(" (") if absent else text
    return kept.format_map(row)


def _others(scores: Scores) -> dict[str, float]:
    """Headlines that are no statistics of a score."""
    summary = scores.tables["summary"]
    known = {*COUNTS, *(f"{score}_{statistic}" for score in summary["score"] for statistic in summary.columns)}
    return {name: value for name, value in sorted(scores.headlines.items()) if name not in known}
