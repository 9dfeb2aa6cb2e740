"""Live scores: what the service said about submissions of past rounds, kept in git."""

import csv
import math
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from io import StringIO
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from numerai_rounds.base.errors import DataError, RefusedError, ServiceError
from numerai_rounds.io.files import atomic, paths
from numerai_rounds.io.service.told import UNREADABLE

if TYPE_CHECKING:
    from numerai_rounds.io.service.client import Client


class LiveScore(BaseModel):
    """A row: the latest that the service said about one score of a model in a round."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    round: Annotated[int, Field(ge=1)]
    model: str
    """Name of the model slot."""
    score: str
    """The service's display name."""
    version: str | None
    """Of the score's definition."""
    day: int | None
    """Of scoring, counted by the service: beyond the days that the score looks ahead, the value is final."""
    value: float | None
    percentile: float | None
    """Share of models, 0 to 1, that are lower."""
    date: str | None
    """When it was scored, as an ISO date."""
    resolved: bool
    """Whether the service has resolved the whole round, months after the first of its scores is final."""

    @property
    def key(self) -> tuple[int, str, str, str]:
        """What there is one row of; rows are in this order."""
        return self.round, self.model, self.score, self.version or ""

    @property
    def age(self) -> tuple[int, str]:
        """What the latest has the greatest of."""
        return self.day if self.day is not None else -1, self.date or ""


COLUMNS = list(LiveScore.model_fields)

ROUNDS = 1000
"""How far back scores are asked for: four years. What is kept of earlier rounds stays."""

Latest = dict[tuple[str, int, str], LiveScore]
"""By model, round and display name."""


def read() -> list[LiveScore]:
    """All rows that are kept; DataError where the file holds something else."""
    if not paths.LIVE_SCORES.exists():
        return []
    columns, rows = None, []
    with suppress(csv.Error, ValueError), paths.LIVE_SCORES.open(encoding="utf-8", newline="") as file:
        table = csv.DictReader(file, strict=True)
        rows = [LiveScore.model_validate({name: cell or None for name, cell in row.items()}) for row in table]
        columns = table.fieldnames
    if columns != COLUMNS:
        raise DataError(
            f"{paths.LIVE_SCORES} does not hold live scores. `git checkout {paths.LIVE_SCORES}` restores it."
        )
    return rows


def write(rows: Sequence[LiveScore]) -> bool:
    """Replace what is kept; False, and nothing written, where that is the same."""
    text = StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    table.writerows([getattr(row, column) for column in COLUMNS] for row in sorted(rows, key=lambda row: row.key))
    if paths.LIVE_SCORES.exists() and paths.LIVE_SCORES.read_bytes() == text.getvalue().encode():
        return False
    atomic.write_text(paths.LIVE_SCORES, text.getvalue())
    return True


def merge(known: Iterable[LiveScore], told: Iterable[LiveScore]) -> list[LiveScore]:
    """What is known with what is told: the latest day wins, and of the same day what is told.

    What is told no longer stays, and no score gives way to one without a value.
    """
    rows = {row.key: row for row in known}
    for row in sorted(told, key=lambda row: row.age):
        before = rows.get(row.key)
        if before is None or (row.age >= before.age and (row.value is not None or before.value is None)):
            rows[row.key] = row
    return sorted(rows.values(), key=lambda row: row.key)


def revised(before: Iterable[LiveScore], after: Iterable[LiveScore]) -> list[tuple[LiveScore, LiveScore]]:
    """Scores that were final and are now another, or no longer final: as they were, and as they are."""
    now = {row.key: row for row in after}
    pairs = [(row, now[row.key]) for row in before if row.resolved and row.key in now]
    return [(old, new) for old, new in pairs if (old.value, True) != (new.value, new.resolved)]


def is_final(row: LiveScore, days: int | None) -> bool:
    """Whether a score stays as it is: its round is resolved, or its last day of scoring is over.

    `days`: business days that the score looks ahead, None where that is not known. The service counts one more day
    than that, and the day before the last is not taken for the last.
    """
    return row.resolved or (days is not None and row.day is not None and row.day > days and row.value is not None)


def latest(rows: Iterable[LiveScore]) -> Latest:
    """The row that counts of each model, round and score: of several versions the one that was scored last."""
    ordered = sorted(rows, key=lambda row: (row.date or "", row.age, row.key))
    return {(row.model, row.round, row.score): row for row in ordered}


def ask(client: "Client", model: str, model_id: str, score: str | None) -> list[LiveScore]:
    """The latest that the service says about a model in each round, on one score or, under None, on every one.

    Of the last `ROUNDS` rounds: without a bound, or with every day of every score, the query takes the service too
    long. Raises RefusedError where the service says why it will not answer, ServiceError where it cannot be understood.
    """
    try:
        told = client.numerapi.submission_scores(
            model_id, display_name=score, last_n_rounds=ROUNDS, distinct_on_round=True
        )
        rows = [_row(model, entry) for entry in told]
    except RefusedError:
        raise
    except UNREADABLE:
        rows = [None]
    found = [row for row in rows if row is not None]
    if rows and not found:
        raise ServiceError(f"{client.host} tells no scores of {model} that can be read. Try again later.")
    return found


def _row(model: str, entry: dict[str, Any]) -> LiveScore | None:
    """An entry as a row; what is no number counts as absent. None without a round and the name of a score."""
    if not (isinstance(entry.get("roundNumber"), int) and isinstance(entry.get("displayName"), str)):
        return None
    day, date, version = _number(entry.get("day")), entry.get("date"), entry.get("version")
    return LiveScore(
        round=entry["roundNumber"],
        model=model,
        score=entry["displayName"],
        version=str(version) if version is not None else None,
        day=int(day) if day is not None else None,
        value=_number(entry.get("value")),
        percentile=_number(entry.get("percentile")),
        date=date.date().isoformat() if isinstance(date, datetime) else None,
        resolved=str(entry.get("resolved")).lower() == "true",
    )


def _number(told: Any) -> float | None:
    try:
        number = float(told)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
