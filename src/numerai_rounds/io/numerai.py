"""The service, through numerapi: its queries, asked so that every failure is a sentence."""

import json
import logging
import os
from typing import Annotated, Any

import numerapi
from numerapi import base_api
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from numerai_rounds.base.errors import ConfigurationError, RefusedError, ServiceError
from numerai_rounds.io import http
from numerai_rounds.io.http import Limits

TOURNAMENT = 8
URL_VARIABLE = "NUMERAI_API_URL"

SIGNED_URL = """
    query ($filename: String!
           $round: Int
           $tournament: Int) {
        dataset(filename: $filename
                round: $round
                tournament: $tournament)
    }
"""


class ScorePaid(BaseModel):
    """A score that a round pays for, as the service tells it; a number may come as text."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, allow_inf_nan=False)

    name: str
    default_multiplier: float | None = None
    total_score_days: int | None = None
    """Business days that the score looks ahead."""
    clip_threshold: Annotated[float, Field(gt=0)] | None = None
    payout_factor: Annotated[float, Field(ge=0)] | None = None


class Client(numerapi.NumerAPI):
    """numerapi with its way of asking replaced; files go through `io.transfer`, never through its download methods."""

    def __init__(self, token: tuple[str, str] | None = None, limits: Limits | None = None) -> None:
        """Prepare to ask the service, or the server that NUMERAI_API_URL names.

        numerapi's own constructor is left out: it configures the logging of the whole process, reads .env,
        and goes on without a token when half of it is missing.
        """
        self.logger = logging.getLogger(numerapi.__name__)
        self.token: tuple[str, str] | None = token  # type: ignore[assignment]  # numerapi sets None as well
        self.show_progress_bars = False
        self.tournament_id = TOURNAMENT
        self.global_data_dir = "."
        self._url = _address()
        self._limits = limits or Limits()

    def raw_query(
        self,
        query: str,
        variables: dict[str, Any] | None = None,
        authorization: bool = False,  # noqa: FBT001, FBT002 - as numerapi has it
        **_: Any,
    ) -> dict[str, Any]:
        """Send a GraphQL query and return its answer, which holds `data`.

        Raises RefusedError where the service says why it will not answer, and ServiceError where it says nothing.
        Retries follow the client's limits.
        """
        headers = http.UNCHANGED | {"Accept": "application/json"}
        if authorization:
            if self.token is None:
                raise ConfigurationError("this query needs API keys, and none were given.")
            headers["Authorization"] = "Token {}${}".format(*self.token)
        body = {"query": query, "variables": variables}
        return http.patiently(
            lambda: self._post(body, headers),
            "asking the service",
            self._limits,
            f"Try again later{f', or check {URL_VARIABLE}' if URL_VARIABLE in os.environ else ''}.",
        )

    def files(self) -> list[str]:
        """Names of all files that are served, such as `v5.3/train.parquet`."""
        try:
            return [str(name) for name in self.list_datasets()]
        except (KeyError, TypeError):
            raise ServiceError(f"{http.host(self._url)} lists no files. Try again later.") from None

    def current_round(self) -> int:
        """Number of the current round; a ServiceError between rounds."""
        reason = "it names none"
        try:
            number = self.get_current_round()
            if isinstance(number, int):
                return number
        except RefusedError as error:
            reason = str(error)
        except (IndexError, KeyError, TypeError):
            pass
        raise ServiceError(
            f"the service knows no current round ({reason}). Rounds open from Tuesday to Saturday at 12:00 UTC: "
            "run `rounds open` again then, or name a round with `rounds open --round`."
        )

    def scores_paid(self, number: int) -> list[ScorePaid]:
        """Every score that counts in the payout of round `number`; empty where the service does not say.

        A score that is for payout, but has 0 for its multiplier, pays nothing and is left out.
        """
        try:
            found = [entry for entry in self.list_rounds(number=number) if int(entry["number"]) == number]
            scores = [
                ScorePaid.model_validate(score)
                for entry in found
                for score in entry["roundScoreConfigs"]
                if score["isPayout"]
            ]
        # RefusedError is a ValueError; the others are numerapi's where an answer is not as it expects.
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
            return []
        return [score for score in scores if score.default_multiplier != 0]

    def signed_url(self, name: str) -> str:
        """A fresh address to download a file from; RefusedError where the service has no such file."""
        variables = {"filename": name, "round": None, "tournament": self.tournament_id}
        url = self.raw_query(SIGNED_URL, variables)["data"].get("dataset")
        if not isinstance(url, str):
            raise RefusedError(f"{http.host(self._url)} gives no address for {name}")
        return url

    def _post(self, body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
        with (
            http.Session() as session,
            http.send(
                session, "POST", self._url, self._limits, json=body, headers=headers, allow_redirects=False
            ) as response,
        ):
            content = b"".join(http.pieces(response, self._limits))
        said = http.answered(response)
        try:
            answer = json.loads(content)
        except (ValueError, RecursionError):
            answer = None
        if isinstance(answer, dict) and answer.get("errors"):
            raise RefusedError(f"{said}: {_said(answer['errors'])}")
        if response.ok and isinstance(answer, dict) and isinstance(answer.get("data"), dict):
            return answer
        raise ServiceError(
            f"{said} with {response.headers.get('Content-Type', 'nothing')}, which is no answer to a query. "
            f"Try again later; check {URL_VARIABLE}, and whether a proxy stands between."
        )


def _address() -> str:
    """The service's address, or the one in the environment; https, or a server on this machine."""
    url = os.environ.get(URL_VARIABLE) or str(base_api.API_TOURNAMENT_URL)
    if not http.is_safe(url):
        raise ConfigurationError(
            f"{URL_VARIABLE} must be an https address, or an http one on this machine such as "
            f"http://127.0.0.1:8000 (got {url.partition('://')[0]!r} to {http.host(url)!r})."
        )
    return url


def _said(errors: Any) -> str:
    """The service's own words in a GraphQL answer, on one line."""
    each = errors if isinstance(errors, list) else [errors]
    listed = [error if isinstance(error, dict) else {"message": error} for error in each]
    words = "; ".join(str(error.get("message") or error.get("detail")) for error in listed)
    return " ".join(words.split())[:300]
