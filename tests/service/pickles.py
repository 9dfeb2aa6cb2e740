"""How the service takes pickled models: put, created, validated after a while, and assigned to a model."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.service.submissions import RefusedQueryError, check_model, put_content

if TYPE_CHECKING:
    from tests.service.stand_in import StandIn

VALIDATED = "validated"


@dataclass
class Validation:
    """How the service's own trial of a pickle goes."""

    after: int = 1
    """How many listings show a new pickle as pending."""
    status: str = VALIDATED
    """What it ends with."""
    words: str = "Segmentation fault! Ensure python and library versions match our environment."
    """What is said of a failure."""
    assigns: bool = False
    """Whether a validated pickle plays without having been assigned."""


def create(service: "StandIn", asked: Mapping[str, Any]) -> dict[str, str]:
    """Take a pickled model that was put; it is validated later."""
    check_model(service, asked["modelId"])
    made = {
        "id": str(uuid.uuid4()),
        "model_id": asked["modelId"],
        "filename": asked["filename"],
        "content": put_content(service, asked["filename"]),
        "data_version": asked.get("dataVersionId"),
        "docker_image": asked.get("dockerImageId"),
        "listings": 0,
    }
    for key, offered in (("data_version", service.data_versions), ("docker_image", service.docker_images)):
        if made[key] not in (None, *offered.values()):
            raise RefusedQueryError(f"{key} not found")
    service.pickles.append(made)
    return {"id": made["id"]}


def listed(service: "StandIn", asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The pickles that were uploaded for a model, and how far each is."""
    check_model(service, asked["modelId"])
    found = [pickle for pickle in service.pickles if pickle["model_id"] == asked["modelId"]]
    for pickle in found:
        pickle["listings"] += 1
    return [
        {
            "id": pickle["id"],
            "filename": pickle["filename"],
            "modelId": pickle["model_id"],
            "assignedModelSlots": [slot for slot, assigned in service.assigned.items() if assigned == pickle["id"]],
            "validationStatus": _status(service, pickle),
            "triggerStatus": None,
            "triggers": [{"statuses": [{"status": "error", "description": service.validation.words}]}],
        }
        for pickle in found
    ]


def assign(service: "StandIn", asked: Mapping[str, Any]) -> bool:
    """Have a validated pickle play for a model from now on."""
    check_model(service, asked["modelId"])
    found = [pickle for pickle in service.pickles if pickle["id"] == asked["pickleId"]]
    if not found or _status(service, found[0]) != VALIDATED:
        raise RefusedQueryError("Pickle is not validated")
    service.assigned[asked["modelId"]] = asked["pickleId"]
    return True


def _status(service: "StandIn", pickle: Mapping[str, Any]) -> str:
    if pickle["listings"] <= service.validation.after:
        return "pending"
    if service.validation.status == VALIDATED and service.validation.assigns:
        service.assigned[pickle["model_id"]] = pickle["id"]
    return service.validation.status
