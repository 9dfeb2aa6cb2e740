"""The service, through numerapi: its queries, asked so that every failure is a sentence."""

import os
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from numerapi import base_api

from numerai_rounds.base.errors import ClosedError, ConfigurationError, RefusedError, ServiceError, TransientError
from numerai_rounds.io.files import json_files
from numerai_rounds.io.service import http, refusals
from numerai_rounds.io.service.http import Limits
from numerai_rounds.io.service.queries import TOURNAMENT, Queries
from numerai_rounds.io.service.told import UNREADABLE, WINDOWS, ScorePaid, Terms, Window, moment

URL_VARIABLE = "NUMERAI_API_URL"
ROUND = re.compile(r"\brounds?\b", re.IGNORECASE)
"""What the service's words hold if it has no current round."""

MOST_WORDS = 300
"""Letters that are shown of what the service says."""

STATUSES = {requests.codes.unauthorized: "unauthorized", requests.codes.forbidden: "forbidden"}
"""The words of a service that refuses keys with its status, whatever else it says."""

SIGNED_URL = """
    query ($filename: String!
           $round: Int
           $tournament: Int) {
        dataset(filename: $filename
                round: $round
                tournament: $tournament)
    }
"""


class Client:
    """The service: what it tells everybody."""

    def __init__(self, token: tuple[str, str] | None = None, limits: Limits | None = None) -> None:
        """Prepare to ask the service, or the server that NUMERAI_API_URL names."""
        self.token = token
        self.tournament_id = TOURNAMENT
        self.numerapi = Queries(self.raw_query)
        self._url = _address()
        self.limits = limits or http.PATIENCE
        self._said_at: datetime | None = None
        self._heard_at = 0.0

    def raw_query(
        self, query: str, variables: dict[str, Any] | None = None, *, authorization: bool = False
    ) -> dict[str, Any]:
        """Send a GraphQL query and return its answer, which holds `data`.

        Raises RefusedError where the service says why it will not answer, and ServiceError where it says nothing.
        Retries follow the client's limits.
        """
        return http.patiently(
            lambda: self.raw_query_once(query, variables, authorization=authorization),
            "asking the service",
            self.limits,
            f"Try again later{f', or check {URL_VARIABLE}' if URL_VARIABLE in os.environ else ''}.",
        )

    def raw_query_once(
        self, query: str, variables: dict[str, Any] | None = None, *, authorization: bool = True
    ) -> dict[str, Any]:
        """Send a query that must not be repeated blindly; a TransientError may mean that its answer was lost."""
        headers = http.UNCHANGED | {"Accept": "application/json"}
        if authorization:
            if self.token is None:
                raise ConfigurationError("this query needs API keys, and none were given.")
            headers["Authorization"] = "Token {}${}".format(*self.token)
        return self._post({"query": query, "variables": variables}, headers)

    @property
    def host(self) -> str:
        """Where the service is asked."""
        return http.host(self._url)

    @property
    def now(self) -> datetime:
        """The service's clock, as it last told it and as time went by since; this machine's before."""
        if self._said_at is None:
            return datetime.now(UTC)
        return self._said_at + timedelta(seconds=time.monotonic() - self._heard_at)

    def files(self) -> list[str]:
        """Names of all files that are served, such as `v5.3/train.parquet`."""
        try:
            return [str(name) for name in self.numerapi.list_datasets()]
        except (KeyError, TypeError):
            raise ServiceError(f"{http.host(self._url)} lists no files. Try again later.") from None

    def current_round(self) -> int:
        """Number of the current round; a ClosedError between rounds."""
        reason = "it names none"
        try:
            number = self.numerapi.get_current_round()
            if isinstance(number, int):
                return number
        except RefusedError as error:
            if refusals.subject(error.words) not in ("time", None) or not ROUND.search(error.words):
                raise
            reason = str(error)
        except (IndexError, KeyError, TypeError):
            pass
        raise ClosedError(
            f"the service knows no current round ({reason}). Rounds open from Tuesday to Saturday at 12:00 UTC: "
            "run `rounds open` again then."
        )

    def open_round(self) -> Window | None:
        """The newest round that takes submissions now; None between rounds."""
        windows = [window for entry in self._windows(status="OPEN") if (window := self._window(entry, is_listed=True))]
        return max((window for window in windows if window.is_open), key=lambda window: window.number, default=None)

    def window(self, number: int) -> Window:
        """When round `number` opens and closes, and whether it is open now; ServiceError where the service has none."""
        opened = {entry.get("number") for entry in self._windows(status="OPEN")}
        for entry in self._windows(number=number):
            window = self._window(entry, is_listed=number in opened)
            if window is not None and window.number == number:
                return window
        raise ServiceError(f"the service does not say when round {number} opens and closes. Try again later.")

    def terms(self, number: int) -> Terms:
        """What round `number` pays for, and on which target; nothing where the service does not say.

        A score that is for payout, but has 0 for its multiplier, pays nothing and is left out.
        """
        target = None
        try:
            found = [entry for entry in self.numerapi.list_rounds(number=number) if int(entry["number"]) == number]
            target = next((entry["target"] for entry in found if isinstance(entry.get("target"), str)), None)
            scores = [
                ScorePaid.model_validate(score)
                for entry in found
                for score in entry["roundScoreConfigs"]
                if score and score.get("isPayout")
            ]
        except UNREADABLE:
            return Terms(target, [])
        return Terms(target, [score for score in scores if score.default_multiplier != 0])

    def score_names(self, number: int) -> dict[str, str]:
        """The display names of the scores that round `number` pays for: `corr`, `mmc`; those that are told."""
        names = {"correlation": "corr", "meta_model_contribution": "mmc"}
        paid = [score for score in self.terms(number).scores if score.name in names and score.display_name]
        return {names[score.name]: str(score.display_name) for score in paid}

    def signed_url(self, name: str) -> str:
        """A fresh address to download a file from; RefusedError where the service has no such file."""
        variables = {"filename": name, "round": None, "tournament": self.tournament_id}
        url = self.raw_query(SIGNED_URL, variables)["data"].get("dataset")
        if not isinstance(url, str):
            raise RefusedError(f"{http.host(self._url)} gives no address for {name}")
        return url

    def _windows(self, *, number: int | None = None, status: str | None = None) -> list[dict[str, Any]]:
        """The rounds of a number or a status; a ServiceError where the service tells no list of them."""
        asked = {"tournament": self.tournament_id, "number": number, "status": status}
        found = self.raw_query(WINDOWS, asked)["data"].get("rounds")
        if not isinstance(found, list):
            raise ServiceError(f"{self.host} tells no rounds that can be read. Try again later.")
        return [entry for entry in found if isinstance(entry, dict)]

    def _window(self, entry: dict[str, Any], *, is_listed: bool) -> Window | None:
        """The window of a round; None where its times are not told."""
        number, opens, closes = (
            entry.get("number"),
            moment(entry.get("openTime")),
            moment(entry.get("closeStakingTime")),
        )
        if not isinstance(number, int) or opens is None or closes is None:
            return None
        return Window(
            number=number,
            opens=opens,
            closes=closes,
            is_open=is_listed and opens <= self.now < closes,
            ends=moment(entry.get("closeTime")),
        )

    def _post(self, body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
        with (
            http.Session() as session,
            http.send(
                session, "POST", self._url, self.limits, json=body, headers=headers, allow_redirects=False
            ) as response,
        ):
            content = http.whole(response, self.limits)
        if told := http.date(response):
            self._said_at, self._heard_at = told, time.monotonic()
        said = http.answered(response)
        try:
            answer = json_files.parsed(content)
        except ValueError:
            answer = None
        if isinstance(answer, dict) and answer.get("errors"):
            words = self._without_keys(_said(answer["errors"]))[:MOST_WORDS]
            if refusals.subject(words) == "service":
                raise TransientError(f"{said}: {words}")
            data = answer.get("data")
            partly = isinstance(data, dict) and any(value is not None for value in data.values())
            raise RefusedError(f"{said}: {words}", f"{words} {_status(response)}".strip(), partly=partly)
        if self.token is not None and _status(response) and (isinstance(answer, dict) or response.status_code == 401):
            raise RefusedError(said, _status(response))
        if response.ok and isinstance(answer, dict) and isinstance(answer.get("data"), dict):
            return answer
        raise ServiceError(
            f"{said} with {response.headers.get('Content-Type', 'nothing')}, which is no answer to a query. "
            f"Try again later; check {URL_VARIABLE}, and whether a proxy stands between."
        )

    def _without_keys(self, words: str) -> str:
        """What the service said, our own keys left out should it repeat them."""
        for key in self.token or ():
            words = words.replace(key, "***")
        return words


def _address() -> str:
    """The service's address, or the one in the environment; https, or a server on this machine."""
    url = os.environ.get(URL_VARIABLE) or str(base_api.API_TOURNAMENT_URL)
    if not http.is_safe(url):
        raise ConfigurationError(
            f"{URL_VARIABLE} must be an https address, or an http one on this machine such as "
            f"http://127.0.0.1:8000 (got {url.partition('://')[0]!r} to {http.host(url)!r})."
        )
    return url


def _status(response: requests.Response) -> str:
    """What a status says of the keys; nothing where it says nothing."""
    return STATUSES.get(response.status_code, "")


def _said(errors: Any) -> str:
    """The service's own words in a GraphQL answer, with its codes for them, on one line."""
    each = errors if isinstance(errors, list) else [errors]
    listed = [error if isinstance(error, dict) else {"message": error} for error in each]
    words = "; ".join(str(error.get("message") or error.get("detail")) + _code(error) for error in listed)
    return " ".join(words.split())


def _code(error: dict[str, Any]) -> str:
    """` (unauthenticated)`, for an error that has such a code beside its message."""
    extensions = error.get("extensions")
    code = error.get("code") or (extensions.get("code") if isinstance(extensions, dict) else None)
    return f" ({code.replace('_', ' ').lower()})" if isinstance(code, str) else ""
