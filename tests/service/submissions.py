"""How the service takes submissions: it checks each, and says which one counts for which round."""

import re
import secrets
import string
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tests.service.shapes import TOURNAMENT, iso

if TYPE_CHECKING:
    from tests.service.stand_in import StandIn


class RefusedQueryError(Exception):
    """The service says in its answer why it does not do what was asked."""


@dataclass
class Submission:
    """A submission as the service holds it."""

    id: str
    model_id: str
    filename: str
    content: bytes
    round: int
    inserted_at: datetime
    selected: bool = True
    """Whether it is the one that counts for its model and round."""
    queued: bool = False
    """Whether it came late for the round before, whose ids the service replaces by those of its new round."""
    listings: int = 0
    """How often it could have been listed."""


def upload_auth(service: "StandIn", asked: Mapping[str, Any]) -> dict[str, str]:
    """A name of the service's own for a file to come, and where to PUT it."""
    check_model(service, asked["modelId"])
    name = PurePath(asked["filename"])
    letters = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(12))
    filename = f"{name.stem}-{letters}{name.suffix}"
    return {"filename": filename, "url": service.address("PUT", f"/uploads/{quote(filename)}")}


def create_submission(service: "StandIn", asked: Mapping[str, Any]) -> dict[str, str]:
    """Submit a file that was put; it takes the place of the model's earlier one of the same round.

    After the deadline it is queued for the next round, unless that one has a file of its own.
    """
    check_model(service, asked["modelId"])
    content = put_content(service, asked["filename"])
    now = service.clock()
    is_late = now >= service.closes
    if service.round_number is None or now < service.opens or now >= service.ends or (is_late and not service.late):
        raise RefusedQueryError("Current round not open for submissions")
    if asked["modelId"] in service.assigned:
        raise RefusedQueryError("This model has an active model upload, disable it to submit predictions")
    live = live_ids(service)
    if live is not None and (problem := invalid(content, live)):
        raise RefusedQueryError(problem)
    made = Submission(
        id=str(uuid.uuid4()),
        model_id=asked["modelId"],
        filename=asked["filename"],
        content=service.stored(content),
        round=service.round_number + is_late,
        inserted_at=now,
        queued=is_late,
    )
    others = [entry for entry in service.submissions if (entry.model_id, entry.round) == (made.model_id, made.round)]
    if made.queued and any(entry.selected and not entry.queued for entry in others):
        made.selected = False
    else:
        for entry in others:
            entry.selected = False
    service.submissions.append(made)
    return {"id": made.id}


def listed(service: "StandIn", asked: Mapping[str, Any]) -> list[dict[str, str]]:
    """A model's submissions, the newest first."""
    return [
        {"id": entry.id, "filename": entry.filename, "insertedAt": iso(entry.inserted_at)}
        for entry, _ in _listing(service, asked["modelId"])
    ]


def model(service: "StandIn", asked: Mapping[str, Any]) -> dict[str, Any]:
    """A model's submissions and which of them count."""
    found = [
        {
            "filename": entry.filename,
            "selected": counts,
            "round": {"tournament": TOURNAMENT, "number": entry.round},
        }
        for entry, counts in _listing(service, asked["modelId"])
    ]
    return {"submissions": found}


def download_auth(service: "StandIn", asked: Mapping[str, Any]) -> dict[str, str]:
    """Where to GET a submission as the service holds it."""
    for entry in service.submissions:
        if entry.id == asked["id"]:
            url = service.address("GET", f"/submissions/{entry.id}/{quote(entry.filename)}")
            return {"filename": entry.filename, "url": url}
    raise RefusedQueryError("Submission not found")


def check_model(service: "StandIn", model_id: str | None) -> None:
    """Refuse a model that is not of the account."""
    if model_id not in service.models.values():
        raise RefusedQueryError("Model not found")


def live_ids(service: "StandIn") -> set[str] | None:
    """Ids of the live file of the current round in the newest data version; None where it is no parquet file."""
    pattern = rf"v(\d+)\.(\d+)/live(_{service.round_number})?\.parquet"
    names = [found for name in service.files if (found := re.fullmatch(pattern, name))]
    if not names:
        return None
    newest = max(names, key=lambda found: (int(found[1]), int(found[2]), found[3] is not None))
    file = service.files[newest[0]]
    try:
        table = pq.read_table(file if isinstance(file, Path) else BytesIO(file), columns=["id"])
        return set(table.column("id").to_pylist())
    except (pa.ArrowException, OSError, KeyError):
        return None


def invalid(content: bytes, live: set[str]) -> str | None:
    """What the service finds wrong with a submission; None where it takes it."""
    try:
        table = pd.read_csv(BytesIO(content), dtype={"id": str})
    except ValueError:
        return "invalid_submission_headers: not a CSV file"
    if list(table.columns) != ["id", "prediction"]:
        return "invalid_submission_headers: id and prediction are expected"
    values = pd.to_numeric(table["prediction"], errors="coerce")
    rules = {
        "invalid_submission_ids: Duplicates detected": table["id"].is_unique,
        "invalid_submission_ids: ids are not those of the live data": set(table["id"]) == live,
        "invalid_submission_values: NaNs detected": values.notna().all(),
        "invalid_submission_values: values must be between 0 and 1": values.between(0, 1).all(),
        "invalid_submission_values: standard deviation is 0": values.std() > 0,
    }
    return next((problem for problem, met in rules.items() if not met), None)


def put_content(service: "StandIn", filename: str) -> bytes:
    if filename not in service.uploads:
        raise RefusedQueryError("No such file")
    return service.uploads[filename]


def _listing(service: "StandIn", model_id: str) -> list[tuple[Submission, bool]]:
    """What shows by now of a model's submissions, the newest first, and whether each is shown as selected."""
    check_model(service, model_id)
    entries = [entry for entry in reversed(service.submissions) if entry.model_id == model_id]
    shown = [entry for entry in entries if entry.listings >= service.shown_after]
    selected: dict[int, str] = {}
    for entry in shown:
        if entry.listings >= service.selected_after and not (entry.queued and _on_time(shown, entry)):
            selected.setdefault(entry.round, entry.id)
    for entry in entries:
        entry.listings += 1
    return [(entry, selected.get(entry.round) == entry.id) for entry in shown]


def _on_time(shown: list[Submission], queued: Submission) -> bool:
    """Whether a round has a file of its own, beside one that came late for the round before."""
    return any(entry.round == queued.round and not entry.queued for entry in shown)
