"""What the service tells and takes only with API keys: the models of an account and their submissions."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from numerai_rounds.base.errors import (
    BarredError,
    ClosedError,
    ConfigurationError,
    KeysError,
    RefusedError,
    ServiceError,
    one_of,
    some,
)
from numerai_rounds.io.service import credentials, refusals
from numerai_rounds.io.service.client import Client
from numerai_rounds.io.service.http import Limits
from numerai_rounds.io.service.told import UNREADABLE, moment

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

SCOPES = ("upload_submission", "download_submission", "read_submission_info", "read_user_info")
"""What a key may allow, as the service calls it; chosen when the key is made, and for good."""

TO_SUBMIT = SCOPES[:3]
"""What sending a submission and reading it back takes."""

DISABLE = "Disable the model upload on the model's page on numer.ai, or send to another model."
"""What to do about an uploaded model that plays."""

KEY_INFO = """
    query {
        apiTokenInfo {
            scopes
        }
    }
"""

PLAYING = """
    query {
        account {
            models {
                id
                computePickleUpload {
                    id
                }
            }
        }
    }
"""

COUNTING = """
    query($modelId: String) {
        model(modelId: $modelId) {
            submissions {
                filename
                selected
                round {
                    tournament
                    number
                }
            }
        }
    }
"""

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
            return {str(name): str(identity) for name, identity in self.numerapi.get_models().items()}

    def model_id(self, name: str, models: dict[str, str]) -> str:
        """The id of a model; ConfigurationError where the account has none of that name."""
        if name not in models:
            hint = one_of(name, models) if models else "it has none: make one on numer.ai."
            raise ConfigurationError(f"the account has no model {name!r}; {hint}")
        return models[name]

    def scopes(self) -> frozenset[str] | None:
        """What the key allows, by the service's word; None where it does not say.

        Asked once, as a precaution: keys that are refused altogether show in what comes next.
        """
        with suppress(ServiceError, KeysError), self._understood("what the key allows"):
            told = self.raw_query_once(KEY_INFO)["data"]["apiTokenInfo"]["scopes"]
            found = frozenset(SCOPES).intersection(told)
            return found or None
        return None

    def check_scopes(self) -> None:
        """Refuse keys that could send a submission, but not read it back, before anything is sent."""
        allowed = self.scopes()
        missing = [scope for scope in TO_SUBMIT if allowed is not None and scope not in allowed]
        if missing:
            raise KeysError(
                f"the API key lacks the scope{'s' if len(missing) > 1 else ''} {' and '.join(missing)}, without which "
                "a submission is not sent and read back. A key keeps the scopes it was made with: make one on "
                f"numer.ai with {', '.join(SCOPES)}, and put it in the place of this one."
            )

    def pickles(self) -> dict[str, str]:
        """Id of the uploaded model that plays by itself, by id of its model slot; those that the service tells.

        Asked once, as a precaution.
        """
        with suppress(ServiceError, KeysError), self._understood("which uploaded models play"):
            found = self.raw_query_once(PLAYING)["data"]["account"]["models"]
            playing = {str(entry["id"]): entry.get("computePickleUpload") for entry in found}
            return {model: str(pickle["id"]) for model, pickle in playing.items() if pickle}
        return {}

    def check_no_pickle(self, models: Mapping[str, str]) -> None:
        """Refuse to send to models, ids by name, for which an uploaded model plays."""
        playing = self.pickles()
        taken = [name for name, identity in models.items() if identity in playing]
        if taken:
            raise ConfigurationError(
                f"an uploaded model (pickle) plays for {some(taken)}, and Numerai takes no submission beside it. "
                f"{DISABLE}"
            )

    def upload_address(self, model_id: str, name: str) -> tuple[str, str]:
        """The service's own name for a file to come, and a signed address to PUT it to."""
        with self._understood("where to send the submission"):
            found = self.numerapi.upload_address(name, model_id)
            return _text(found["filename"]), _text(found["url"])

    def create_submission(self, model_id: str, filename: str) -> str:
        """Submit a file that was put; the id of the submission.

        Asked once: after any ServiceError but a RefusedError the submission may or may not exist, and
        `submissions` tells. Raises ClosedError where the service says that no round takes submissions, BarredError
        where it says that an uploaded model plays.
        """
        variables = {"filename": filename, "tournament": self.tournament_id, "modelId": model_id}
        try:
            with self._understood("which submission it made"):
                return _text(self.raw_query_once(CREATE, variables)["data"]["create_submission"]["id"])
        except RefusedError as error:
            if error.partly:
                raise ServiceError(f"{error}, and yet did something") from None
            about = refusals.subject(error.words)
            if about == "time":
                raise ClosedError(str(error)) from None
            if about == "pickle":
                raise BarredError(f"{str(error).rstrip('.')}. {DISABLE}") from None
            raise

    def submissions(self, model_id: str) -> list[Submission]:
        """All submissions of a model that have a name; none where the service has no list, as of a new model."""
        with self._understood("the submissions of the model"):
            return [
                Submission(str(entry["id"]), entry["filename"], moment(entry.get("insertedAt")))
                for entry in self.numerapi.submission_ids(model_id) or []
                if entry and isinstance(entry["filename"], str)
            ]

    def counting(self, model_id: str, *, once: bool = False) -> dict[str, int]:
        """The round that each submission counts for which does, by the service's name of the file.

        `once`: a failure is final.
        """
        ask = partial(self.raw_query_once if once else self.raw_query, authorization=True)
        with self._understood("which submission counts"):
            found = ask(COUNTING, {"modelId": model_id})["data"]["model"]["submissions"]
            counting = [entry for entry in found or [] if entry and entry["selected"] and entry["round"]]
            ours = [entry for entry in counting if entry["round"]["tournament"] == self.tournament_id]
            return {str(entry["filename"]): int(entry["round"]["number"]) for entry in ours}

    def download_address(self, submission_id: str) -> str:
        """A signed address of the file of a submission, as the service holds it."""
        with self._understood("where the submission can be read"):
            answer = self.raw_query(DOWNLOAD, {"id": submission_id}, authorization=True)
            return _text(answer["data"]["submissionDownloadAuth"]["url"])

    @contextmanager
    def _understood(self, what: str) -> Iterator[None]:
        """A ServiceError where an answer does not hold what it should: numerapi and we would stumble over it.

        A KeysError where the service refuses the keys: neither another attempt nor another file helps.
        """
        try:
            yield
        except RefusedError as error:
            if refusals.subject(error.words) == "keys":
                raise KeysError(
                    f"{str(error).rstrip('.')}. Check NUMERAI_PUBLIC_ID and NUMERAI_SECRET_KEY, and on numer.ai "
                    f"whether the key is still there and has the scopes {', '.join(SCOPES)}."
                ) from None
            raise
        except UNREADABLE:
            raise ServiceError(f"{self.host} does not say {what}. Try again later.") from None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
