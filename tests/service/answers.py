"""The answers to numerapi's GraphQL queries, by the field that each asks for."""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tests.service import keys, pickles, submissions
from tests.service.shapes import CLOSES, OPENS, TOURNAMENT, configs_of, iso, round_entry, scores_asked
from tests.service.submissions import RefusedQueryError

if TYPE_CHECKING:
    from tests.service.stand_in import StandIn

SIGNALS = 11


def operation(query: str) -> str:
    """The field that a query asks for."""
    asked = re.search(r"\{\s*(\w+)", query)
    return asked[1] if asked else ""


def answer(service: "StandIn", query: str, variables: Mapping[str, Any], authorization: str | None) -> dict[str, Any]:
    """What the service does for a query, and says."""
    field = operation(query)
    if field not in ANSWERS:
        return _refusal(None, "Cannot query this field")
    if field not in PUBLIC and (words := keys.refusal(service, field, authorization)):
        return _refusal(None, words)
    # numerapi writes 0, which stands for the current round, into the query itself.
    asked = {**variables, "number": 0} if re.search(r"\bnumber: 0\b", query) else variables
    try:
        return {"data": {field: ANSWERS[field](service, asked)}}
    except RefusedQueryError as error:
        return _refusal({field: None}, str(error), path=[field])
    except KeyError as error:
        return _refusal(None, f"variable {error} is missing")


def _refusal(data: dict[str, None] | None, message: str, **more: Any) -> dict[str, Any]:
    return {"errors": [{"message": message, **more}], "data": data}


def _rounds(service: "StandIn", asked: Mapping[str, Any]) -> list[dict[str, Any] | None]:
    """The current round under 0 or no number, or the one asked for if it was ever opened."""
    current, status, number = service.round_number, asked.get("status"), asked.get("number")
    if number == 0 and (current is None or service.clock() >= service.ends):
        if service.between == "null":
            return [None]
        raise RefusedQueryError("Current round not open for submissions")
    number = number or current
    if number is None or number > (current or number):
        return []
    if status not in (None, _status(service, number)):
        return []
    configs = service.score_configs.get(number, configs_of(number))
    if number == current:
        return [round_entry(number, service.opens, service.closes, configs, service.targets.get(number))]
    return [round_entry(number, OPENS, CLOSES.replace(year=OPENS.year), configs, service.targets.get(number))]


def _status(service: "StandIn", number: int) -> str:
    now = service.clock()
    if number != service.round_number or now >= service.closes:
        return "RESOLVING"
    return "OPEN" if now >= service.opens else "UPCOMING"


def _dataset(service: "StandIn", asked: Mapping[str, Any]) -> str:
    """An address for any name, whether there is such a file or not."""
    return service.signed(asked["filename"])


def _scores(service: "StandIn", asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Live scores; every day of every score of every round is more than the service can tell in time."""
    if not asked.get("displayName") and not asked.get("distinctOnRound"):
        raise RefusedQueryError("The request timed out")
    return scores_asked(service.scores, dict(asked))


def _account(service: "StandIn", asked: Mapping[str, Any]) -> dict[str, Any]:
    """The account with all that numerapi ever asks of it."""
    slots = [(name, model_id, TOURNAMENT) for name, model_id in service.models.items()]
    models = [
        {
            "id": model_id,
            "name": name,
            "tournament": tournament,
            "submissions": [
                {"id": entry.id, "filename": entry.filename}
                for entry in service.submissions
                if entry.model_id == model_id and entry.listings >= service.shown_after
            ],
            "v2Stake": None,
            "computePickleUpload": {"id": service.assigned[model_id]} if model_id in service.assigned else None,
        }
        for name, model_id, tournament in [*slots, ("signals_one", "model-signals-id", SIGNALS)]
    ]
    return {
        "id": "account-id",
        "username": "someone",
        "email": "someone@example.org",
        "walletAddress": "0x0000000000000000000000000000000000000001",
        "availableNmr": "1.5",
        "mfaEnabled": True,
        "status": "VERIFIED",
        "insertedAt": iso(OPENS),
        "models": models,
        "apiTokens": [{"name": "key", "public_id": service.keys[0], "scopes": list(service.scopes)}],
    }


def _names(offered: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "id": identity} for name, identity in offered.items()]


ANSWERS: dict[str, Callable[["StandIn", Mapping[str, Any]], Any]] = {
    "rounds": _rounds,
    "listDatasets": lambda service, _: sorted(service.files),
    "dataset": _dataset,
    "submissionScores": _scores,
    "account": _account,
    "apiTokenInfo": keys.told,
    "submission_upload_auth": submissions.upload_auth,
    "create_submission": submissions.create_submission,
    "submissions": submissions.listed,
    "model": submissions.model,
    "submissionDownloadAuth": submissions.download_auth,
    "computePickleUploadAuth": submissions.upload_auth,
    "createComputePickleUpload": pickles.create,
    "computePickles": pickles.listed,
    "assignPickleToModel": pickles.assign,
    "computePickleDataVersions": lambda service, _: _names(service.data_versions),
    "computePickleDockerImages": lambda service, _: _names(service.docker_images),
}
PUBLIC = {"rounds", "listDatasets", "dataset", "submissionScores"}
"""What needs no keys."""
