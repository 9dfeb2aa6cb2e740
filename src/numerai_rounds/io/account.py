"""What the service tells and takes only with API keys: the models of an account and their submissions."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple

from numerai_rounds.base.errors import ConfigurationError, RefusedError, ServiceError, one_of
from numerai_rounds.io import credentials
from numerai_rounds.io.http import Limits
from numerai_rounds.io.numerai import Client

CREATE = """
    mutation($filename: String!
             $tournament: Int!
             $modelId: String) {
        create_submission(filename: $filename
                          tournament: $tournament
                          modelId: $modelId
                          source: "numerai-rounds") {
            id
        }
    }
"""

ABOUT_KEYS = re.compile("authent|authoriz|scope|permission", re.IGNORECASE)
"""What the service's words about keys hold: trying again does not help."""

DOWNLOAD = """
    query($id: String) {
        submissionDownloadAuth(id: $id) {
            filename
            url
        }
    }
"""


class Submission(NamedTuple):
    """A submission as the service lists it."""

    id: str
    filename: str
    inserted: datetime | None


class Account(Client):
    """The client with keys."""

    def __init__(self, token: tuple[str, str] | None = None, limits: Limits | None = None) -> None:
        """Prepare to ask with these keys, or those of the environment or .env; ConfigurationError without any."""
        super().__init__(token or credentials.required_token(), limits)

    def models(self) -> dict[str, str]:
        """Id of each model slot of the account, by name."""
        with self._understood("the models of the account"):
            return {str(name): str(identity) for name, identity in self.get_models().items()}

    def model_id(self, name: str, models: dict[str, str]) -> str:
        """The id of a model; ConfigurationError where the account has none of that name."""
        if name not in models:
            hint = one_of(name, models) if models else "it has none: make one on numer.ai."
            raise ConfigurationError(f"the account has no model {name!r}; {hint}")
        return models[name]

    def upload_address(self, model_id: str, name: str) -> tuple[str, str]:
        """The service's own name for a file to come, and a signed address to PUT it to."""
        with self._understood("where to send the submission"):
            found = self._upload_auth("submission_upload_auth", name, self.tournament_id, model_id)
            return _text(found["filename"]), _text(found["url"])

    def create_submission(self, model_id: str, filename: str) -> str:
        """Submit a file that was put; the id of the submission.

        Asked once: after any ServiceError but a RefusedError the submission may or may not exist, and
        `submissions` tells.
        """
        variables = {"filename": filename, "tournament": self.tournament_id, "modelId": model_id}
        with self._understood("which submission it made"):
            return _text(self.raw_query_once(CREATE, variables)["data"]["create_submission"]["id"])

    def submissions(self, model_id: str) -> list[Submission]:
        """All submissions of a model that have a name."""
        with self._understood("the submissions of the model"):
            return [
                Submission(str(entry["id"]), entry["filename"], _aware(entry.get("insertedAt")))
                for entry in self.submission_ids(model_id)
                if isinstance(entry["filename"], str)
            ]

    def counting(self, model_id: str, number: int) -> list[str]:
        """The service's names of the files that count for a model in round `number`."""
        with self._understood("which submission counts"):
            found = self.get_submission_filenames(self.tournament_id, number, model_id)
            return [str(entry["filename"]) for entry in found]

    def download_address(self, submission_id: str) -> str:
        """A signed address of the file of a submission, as the service holds it."""
        with self._understood("where the submission can be read"):
            answer = self.raw_query(DOWNLOAD, {"id": submission_id}, authorization=True)
            return _text(answer["data"]["submissionDownloadAuth"]["url"])

    @contextmanager
    def _understood(self, what: str) -> Iterator[None]:
        """A ServiceError where an answer does not hold what it should: numerapi and we would stumble over it."""
        try:
            yield
        except RefusedError as error:
            if ABOUT_KEYS.search(str(error)):
                raise ConfigurationError(
                    f"{error}. Check NUMERAI_PUBLIC_ID and NUMERAI_SECRET_KEY, and the scopes of the key on numer.ai."
                ) from None
            raise
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
            raise ServiceError(f"{self.host} does not say {what}. Try again later.") from None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _aware(time: Any) -> datetime | None:
    """A time of the service, which is UTC where it does not say; numerapi leaves those in lists as text."""
    if isinstance(time, str):
        with suppress(ValueError):
            time = datetime.fromisoformat(time)
    if not isinstance(time, datetime):
        return None
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
