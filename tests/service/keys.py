"""What an API key opens: who is refused, for which operation, and in which words."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.service.stand_in import StandIn

SCOPES = ("upload_submission", "download_submission", "read_submission_info", "read_user_info")
"""Given to a key when it is made; none can be added later."""

NEEDED = {
    "account": "read_user_info",
    "submission_upload_auth": "upload_submission",
    "create_submission": "upload_submission",
    "computePickleUploadAuth": "upload_submission",
    "createComputePickleUpload": "upload_submission",
    "assignPickleToModel": "upload_submission",
    "submissions": "read_submission_info",
    "model": "read_submission_info",
    "submissionDownloadAuth": "download_submission",
}
"""The scope that an operation needs; the others need a key alone."""


def refusal(service: "StandIn", operation: str, authorization: str | None) -> str | None:
    """Why a key does not open an operation; None where it does."""
    if authorization is None:
        return "You must be authenticated to perform this action"
    if authorization != "Token {}${}".format(*service.keys):
        return "Your session is invalid or has expired."
    scope = NEEDED.get(operation)
    if scope is not None and scope not in service.scopes:
        return service.scope_words.format(scope=scope)
    return None


def told(service: "StandIn", _: Mapping[str, Any]) -> dict[str, Any]:
    """The key as the service tells it to those who have it."""
    return {
        "accountUsername": "someone",
        "name": "key",
        "publicId": service.keys[0],
        "scopes": list(service.scopes),
    }
