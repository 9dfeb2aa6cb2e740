"""A message to a webhook: one line, for a phone."""

from dataclasses import replace

from numerai_rounds.base.errors import ConfigurationError, RoundsError, ServiceError
from numerai_rounds.io import console
from numerai_rounds.io.service import credentials, http


def check() -> None:
    """Refuse an address that a message could not go to, before it is needed."""
    if not http.is_safe(credentials.webhook()):
        raise ConfigurationError(f"{credentials.WEBHOOK} must be an https address.")


def send(line: str, exit_code: int) -> None:
    """Post a line as JSON: `text` and `content` hold it (Slack and Discord read these), `exit_code` how it ended.

    A message that cannot be delivered is told and changes nothing else.
    """
    body = {"text": line, "content": line, "exit_code": exit_code}
    try:
        limits = replace(http.PATIENCE, attempts=3)
        http.patiently(lambda: _post(credentials.webhook(), body), "notifying", limits, "")
    except RoundsError as error:
        console.complain(f"the message was not delivered: {error}")


def _post(address: str, body: dict[str, object]) -> None:
    with (
        http.Session() as session,
        http.send(session, "POST", address, http.PATIENCE, json=body, allow_redirects=False) as answer,
    ):
        if not 200 <= answer.status_code < 300:
            raise ServiceError(f"{http.answered(answer)}. Check {credentials.WEBHOOK}.")
