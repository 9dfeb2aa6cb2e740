"""Numerai's model upload: a packaged model goes to a slot of the account, and the service runs it every round."""

from pathlib import Path
from typing import NamedTuple

from numerai_rounds.base.errors import ConfigurationError, RefusedError, ServiceError, some
from numerai_rounds.io import atomic, sending
from numerai_rounds.io.account import Account

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
            images, versions = dict(self.model_upload_docker_images()), dict(self.model_upload_data_versions())
        return Destination(
            self.model_id(model, self.models()),
            _offered("image", image, images),
            _offered("data version", version, versions),
        )

    def upload(self, package: Path, destination: Destination) -> str:
        """Send a package and have the service take it; the id of the upload.

        The last step is asked for once: a ServiceError says so where its answer was lost.
        """
        asked, told = f"predict-{atomic.sha256(package)[:16]}.pkl", ""

        def address() -> str:
            nonlocal told
            with self._understood("where to send the model"):
                answer = self.raw_query(ADDRESS, {"filename": asked, "modelId": destination.model}, authorization=True)
                found = answer["data"]["computePickleUploadAuth"]
                told = str(found["filename"])
                return str(found["url"])

        sending.put(package, address, self.limits)
        return self._create(told, destination)

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
                "look at the model's page on numer.ai before you upload again."
            ) from None


def _offered(what: str, name: str, there: dict[str, str]) -> str:
    if name not in there:
        offered = some(sorted(there), 10) or "none"
        raise ConfigurationError(
            f"Numerai runs uploaded models with no {what} {name!r}; it offers {offered}. Use one of these."
        )
    return there[name]
