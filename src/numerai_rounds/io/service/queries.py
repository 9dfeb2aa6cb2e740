"""numerapi behind one door: its queries, and how it reads their answers. The asking is the client's."""

import logging
from collections.abc import Callable
from typing import Any

import numerapi

TOURNAMENT = 8

Ask = Callable[..., dict[str, Any]]
"""Sends a query: its text, variables, and `authorization`, whether with keys."""


class Queries(numerapi.NumerAPI):
    """numerapi's methods, each of which comes to `ask`. Files never go through it."""

    def __init__(self, ask: Ask) -> None:
        """Leave numerapi's own constructor out.

        It configures the logging of the whole process, reads .env, and goes on without a token when half of it is
        missing. What it would set is set here.
        """
        self.logger = logging.getLogger(numerapi.__name__)
        self.token = None  # type: ignore[assignment]  # as numerapi sets it without keys
        self.show_progress_bars = False
        self.tournament_id = TOURNAMENT
        self.global_data_dir = "."
        self._ask = ask

    def raw_query(
        self,
        query: str,
        variables: dict[str, Any] | None = None,
        authorization: bool = False,  # noqa: FBT001, FBT002 - as numerapi has it
        **_: Any,
    ) -> dict[str, Any]:
        """Have a query of numerapi's asked."""
        return self._ask(query, variables, authorization=authorization)

    def upload_address(self, name: str, model_id: str) -> dict[str, str]:
        """The service's own name for a submission to come, and a signed address, as it tells them."""
        return self._upload_auth("submission_upload_auth", name, self.tournament_id, model_id)
