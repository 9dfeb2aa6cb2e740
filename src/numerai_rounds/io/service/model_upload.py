"""Numerai's model upload: a packaged model goes to a slot of the account, and the service runs it every round."""

import hashlib
import math
import re
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from numerai_rounds.base.errors import ConfigurationError, DataError, KeysError, RefusedError, ServiceError, some
from numerai_rounds.io import console
from numerai_rounds.io.files import atomic
from numerai_rounds.io.service import sending
from numerai_rounds.io.service.account import Account

ADDRESS = """
    query($filename: String!
          $modelId: String) {
        computePickleUploadAuth(filename: $filename
                                modelId: $modelId) {
            filename
            url
        }
    }
"""

CREATE = """
    mutation($filename: String!
             $tournament: Int!
             $modelId: String
             $dataVersionId: String
             $dockerImageId: String) {
        createComputePickleUpload(filename: $filename
                                  tournament: $tournament
                                  modelId: $modelId
                                  dataVersionId: $dataVersionId
                                  dockerImageId: $dockerImageId) {
            id
        }
    }
"""


PICKLES = """
    query($modelId: ID) {
        computePickles(modelId: $modelId) {
            id
            filename
            validationStatus
        }
    }
"""

WORDS = """
    query($modelId: ID) {
        computePickles(modelId: $modelId) {
            id
            triggers {
                statuses {
                    description
                }
            }
        }
    }
"""

ASSIGN = """
    mutation($modelId: String
             $pickleId: ID) {
        assignPickleToModel(modelId: $modelId
                            pickleId: $pickleId)
    }
"""

VALIDATED = "validated"

FAILED = re.compile("fail|error|invalid|reject|crash|kill|abort|cancel|time.?out|timed", re.IGNORECASE)
"""What the service's word for a failed validation holds; other words are those of one that is under way."""

EVERY, LONGEST = 15.0, 900.0
"""Seconds between two questions how the validation goes, and until it is no longer waited for."""


class Destination(NamedTuple):
    """Where a package goes and what runs it there: the service's ids."""

    model: str
    image: str
    version: str


class ModelUploads(Account):
    """The client for model uploads."""

    def destination(self, model: str, image: str, version: str) -> Destination:
        """The ids of a model, an image and a data version; ConfigurationError for one that the service does not have.

        Images and versions are asked for every time: Numerai adds new ones and drops old ones.
        """
        with self._understood("which images and data versions it has"):
            images, versions = (
                dict(self.numerapi.model_upload_docker_images()),
                dict(self.numerapi.model_upload_data_versions()),
            )
        return Destination(
            self.model_id(model, self.models()),
            _offered("image", image, images),
            _offered("data version", version, versions),
        )

    def upload(self, package: Path, destination: Destination) -> str:
        """Send a package and have the service take it, or find that it has it; the id of the upload.

        The last step is asked for once: a ServiceError says so where its answer was lost, and the next upload of the
        same package finds out.
        """
        runtime = hashlib.sha256(f"{destination.image} {destination.version}".encode()).hexdigest()[:8]
        stem, told = f"predict-{atomic.sha256(package)[:16]}-{runtime}", ""
        asked = f"{stem}.pkl"
        if known := self._known(destination.model, stem):
            return known

        def address() -> str:
            nonlocal told
            with self._understood("where to send the model"):
                answer = self.raw_query(ADDRESS, {"filename": asked, "modelId": destination.model}, authorization=True)
                found = answer["data"]["computePickleUploadAuth"]
                told = str(found["filename"])
                return str(found["url"])

        sending.put(package, address, self.limits)
        return self._create(told, destination)

    def follow(self, pickle: str, model: str) -> None:
        """Wait until the service has validated an upload, and have it play for its model.

        Raises DataError where the validation fails, ServiceError where its end is not seen within `LONGEST` seconds,
        or the service assigns nothing.
        """
        self._await_validation(pickle, model)
        if self.pickles().get(model) == pickle:
            return
        try:
            with self._understood("whether it assigned the model"):
                answer = self.raw_query(ASSIGN, {"modelId": model, "pickleId": pickle}, authorization=True)
                assigned = answer["data"]["assignPickleToModel"]
        except ServiceError as error:
            raise ServiceError(
                f"the service validated the upload {pickle}, and did not assign it: {str(error).rstrip('.')}. "
                "Assign it on the model's page on numer.ai, or run the same command again."
            ) from None
        if not assigned or str(assigned).lower() == "false":
            raise ServiceError(
                f"the service validated the upload {pickle}, and does not assign it (it says {assigned!r}). "
                "Assign it on the model's page on numer.ai."
            )

    def _await_validation(self, pickle: str, model: str) -> None:
        status = "nothing yet"
        with console.progress("Numerai tries the model out", LONGEST, "seconds") as advance:
            for _ in range(math.ceil(LONGEST / EVERY)):
                found = [entry for entry in self._told(pickle, model) if entry["id"] == pickle]
                status = next((str(entry["validationStatus"]) for entry in found if entry["validationStatus"]), status)
                if status.lower() == VALIDATED:
                    return
                if FAILED.search(status):
                    raise DataError(
                        f"Numerai tried the model out and says {status!r}{self._words(pickle, model)}. It plays for "
                        "nothing, and what played before still does. `rounds package` tries it out here; the model's "
                        "page on numer.ai has the log."
                    )
                self.limits.sleep(EVERY)
                advance(EVERY)
        raise ServiceError(
            f"after {LONGEST / 60:g} minutes Numerai says {status!r} of the upload {pickle}. Run the same command "
            "again: it does not upload what is there, waits on, and assigns it. The model's page on numer.ai tells too."
        )

    def _known(self, model: str, stem: str) -> str | None:
        """The newest upload of the same content that did not fail, as far as the service tells."""
        with suppress(ServiceError, KeysError):
            alike = [entry for entry in self._pickles(model) if str(entry.get("filename")).startswith(stem)]
            sound = [entry for entry in alike if not FAILED.search(str(entry["validationStatus"]))]
            if sound:
                console.say(f"the service has this package already ({sound[-1]['id']}).")
                return str(sound[-1]["id"])
        return None

    def _told(self, pickle: str, model: str) -> list[dict[str, Any]]:
        try:
            return self._pickles(model)
        except (ServiceError, KeysError) as error:
            raise type(error)(
                f"{pickle} is uploaded, and how its validation goes is not told: {error} Its page on numer.ai tells; "
                "it plays once it is assigned there."
            ) from None

    def _pickles(self, model: str) -> list[dict[str, Any]]:
        """Every upload for a model."""
        with self._understood("how the validation of the model goes"):
            found = self.raw_query(PICKLES, {"modelId": model}, authorization=True)["data"]["computePickles"]
            return [{"id": entry["id"], "validationStatus": None, **entry} for entry in found]

    def _words(self, pickle: str, model: str) -> str:
        """What the service says of a failure, where it says anything."""
        with suppress(ServiceError, KeysError), self._understood("why the validation failed"):
            found = self.raw_query_once(WORDS, {"modelId": model})["data"]["computePickles"]
            triggers = [trigger for entry in found if entry["id"] == pickle for trigger in entry["triggers"]]
            said = [str(status["description"]) for trigger in triggers for status in trigger["statuses"]]
            return f" ({said[-1].rstrip('.')})" if said else ""
        return ""

    def _create(self, filename: str, destination: Destination) -> str:
        variables = {
            "filename": filename,
            "tournament": self.tournament_id,
            "modelId": destination.model,
            "dataVersionId": destination.version,
            "dockerImageId": destination.image,
        }
        try:
            with self._understood("which upload it made"):
                return str(self.raw_query_once(CREATE, variables)["data"]["createComputePickleUpload"]["id"])
        except RefusedError as error:
            raise ServiceError(f"the service does not take the model: {error}. Nothing was uploaded.") from None
        except ServiceError as error:
            raise ServiceError(
                f"it is not known whether the service took the model: {str(error).rstrip('.')}. The file was sent: "
                "look at the model's page on numer.ai before you upload again. Where the service lists it, the same "
                "command finds it."
            ) from None


def _offered(what: str, name: str, there: dict[str, str]) -> str:
    if name not in there:
        offered = some(sorted(there), 10) or "none"
        raise ConfigurationError(
            f"Numerai runs uploaded models with no {what} {name!r}; it offers {offered}. Use one of these."
        )
    return there[name]
