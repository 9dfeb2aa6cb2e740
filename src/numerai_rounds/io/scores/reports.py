"""Tables that a person reads at the end of a stage or a command."""

import math
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from string import Formatter
from typing import Any, NamedTuple

from numerai_rounds.base.errors import some
from numerai_rounds.io import console
from numerai_rounds.io.scores import figures
from numerai_rounds.io.scores.rough import Row, is_few, rough
from numerai_rounds.io.scores.score_files import Scores

MOST = 10
"""Names in a sentence about what is left out for one reason: all metrics that one input makes, examples of eras."""


class Column(NamedTuple):
    """A column of a table of scores, and how its cells are made of a row of `summary`."""

    title: str
    text: str


MEANS = {
    "eras": Column("eras", "{eras}"),
    "pieces": Column("pieces", "{pieces:.1f}"),
    "mean": Column("mean", "{mean:.4f}"),
    "interval of mean": Column("interval", "{mean_low:.4f} to {mean_high:.4f}"),
    "std": Column("std", "{std:.4f}"),
    "sharpe": Column("sharpe", "{sharpe:.2f}"),
    "interval of sharpe": Column("interval", "{sharpe_low:.2f} to {sharpe_high:.2f}"),
    "drawdown": Column("drawdown", "{max_drawdown:.3f}"),
    "hit rate": Column("hit rate", "{hit_rate:.0%}"),
    "worst": Column("worst", "{worst:.4f} in {worst_era}"),
}
"""Columns of tables of scores; pieces are independent ones."""

ROUGHLY = ("mean", "std", "sharpe", "max_drawdown", "hit_rate", "worst")
"""Statistics that are told roughly where a score rests on too few eras."""

COMPARED = [
    MEANS[name] for name in ("eras", "pieces", "mean", "interval of mean", "sharpe", "interval of sharpe", "drawdown")
]
"""Columns in which several models are compared."""

OTHERS = ("benchmark_corr", "meta_model_corr")
"""How the scores begin that are of another model."""

UNCOUNTED: dict[Hashable, Any] = {"pieces": math.nan}
"""What the rows of older commits lack."""


class Compared(NamedTuple):
    """A model's CORR beside that of others."""

    label: str
    row: Row
    """As of `summary`."""


def say_scores(scores: Scores) -> None:
    """The scores of a run in a line."""
    row = next((row for row in figures.records(scores) if row["score"] == "benchmark_corr"), None)
    beside = f"; the benchmark's {_cell('{mean:.4f}', row)}" if row else ""
    console.say(
        f"{figures.headline(scores)} on {figures.target(scores)}, {scores.headlines['eras']:,} eras{beside}: "
        "`rounds report` shows all"
    )


def show_scores(found: Mapping[str, Scores], title: str, compared: Sequence[Compared] = ()) -> None:
    """Print the scores of each column of predictions, in full where there is one, and what was left out and why.

    `compared`: what stands below the one, or below the columns.
    """
    if len(found) == 1:
        (only,) = found.values()
        _show(only, title, compared)
    else:
        _compare(found, title, compared)
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


def _show(scores: Scores, title: str, compared: Sequence[Compared]) -> None:
    """Scores with their intervals, then beside those of others, then the other figures."""
    counts = scores.headlines
    unscored = f", {counts['eras_unscored']:,} of them without a score" if counts["eras_unscored"] else ""
    own = [row for row in figures.records(scores) if not row["score"].startswith(OTHERS)]
    main = figures.target(scores)
    rows = [[_name(row, main), *(_cell(column.text, row) for column in MEANS.values())] for row in own]
    console.table(
        f"{title}: {counts['eras']:,} eras, {counts['rows']:,} rows{unscored}",
        ["score", *(column.title for column in MEANS.values())],
        rows,
    )
    if compared:
        console.say("")
        _beside(f"CORR on {main}", "of", compared)
    console.say("")
    console.table("other figures", ["figure", "value"], list(figures.others(scores).items()))


def _name(row: Row, main: str) -> str:
    """What a score is called: its target is in its name, but for that of the payout."""
    return f"payout on {row['target']}" if row["score"] == "payout" and row["target"] != main else str(row["score"])


def _beside(title: str, first: str, compared: Sequence[Compared]) -> None:
    rows = [[label, *(_cell(column.text, row) for column in COMPARED)] for label, row in compared]
    console.table(title, [first, *(column.title for column in COMPARED)], rows)


def _compare(found: Mapping[str, Scores], title: str, compared: Sequence[Compared]) -> None:
    """CORR of each column of predictions with its intervals, then means and Sharpe ratios of the other scores."""
    target = figures.target(next(iter(found.values())))
    by_column = {column: {row["score"]: row for row in figures.records(scores)} for column, scores in found.items()}
    own = [Compared(column, rows["corr"]) for column, rows in by_column.items() if "corr" in rows]
    _beside(f"{title}: CORR", "predictions", [*own, *compared])
    targets = {name: row["target"] for rows in by_column.values() for name, row in rows.items()}
    main = {
        name: _name({"score": name, "target": on}, target)
        for name, on in targets.items()
        if (on == target or name == "payout") and name != "corr" and not name.startswith(OTHERS)
    }
    console.say("")
    cells = [[column, *(_mean_and_sharpe(rows.get(name)) for name in main)] for column, rows in by_column.items()]
    console.table(f"{title}: means, and Sharpe ratios in brackets", ["predictions", *main.values()], cells)


def _mean_and_sharpe(row: Row | None) -> str:
    if row is None:
        return ""
    few = f" {row['eras']:,} eras" if is_few(row) else ""
    return _cell("{mean:.4f} ({sharpe:.2f})", row) + few


def _cell(text: str, row: Row) -> str:
    """A cell; what begins with a number that does not exist is cut off, and few eras are told roughly."""
    counted, told = UNCOUNTED | dict(row), ""
    for before, name, form, _ in Formatter().parse(text):
        told += before
        if name is None:
            continue
        value: Any = counted[name]
        if isinstance(value, float) and math.isnan(value):
            return told.rstrip(" (")
        told += _roughly(name, value, row) if name in ROUGHLY and is_few(row) else format(value, form or "")
    return told


def _roughly(name: str, value: float, row: Row) -> str:
    """A statistic of few eras: a share as a count of them, any other with as many digits as are known."""
    return f"{value * row['eras']:.0f} of {row['eras']:,}" if name == "hit_rate" else rough(value)
