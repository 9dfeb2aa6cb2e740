import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from numerai_rounds.base.errors import ConfigurationError
from numerai_rounds.io.service import http, notify
from tests.rounds.season import QUICK

SECRET = "hook-secret"


class Webhook(HTTPServer):
    """Keeps what is posted; answers with the statuses given, then 200."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.statuses: list[int] = []
        self.posted: list[dict] = []


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.server.posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its name in the base class
        """Stay silent."""


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    with Webhook() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        monkeypatch.setenv("NUMERAI_ROUNDS_WEBHOOK", f"http://127.0.0.1:{server.server_port}/{SECRET}")
        monkeypatch.setattr(http, "PATIENCE", QUICK)
        yield server
        server.shutdown()
        thread.join()


def test_a_line_is_posted_as_chats_take_it(webhook: Webhook) -> None:
    notify.send("round 1343: accepted for mine", 0)
    line = "round 1343: accepted for mine"
    assert webhook.posted == [{"text": line, "content": line, "exit_code": 0}]


def test_an_outage_that_passes_costs_no_message(webhook: Webhook) -> None:
    webhook.statuses = [503, 429]
    notify.send("a line", 4)
    assert len(webhook.posted) == 3


@pytest.mark.parametrize("status", [404, 302, 503])
def test_a_message_that_is_not_taken_is_told_without_its_address(
    webhook: Webhook, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    webhook.statuses = [status] * 9
    notify.send("a line", 0)
    said = capsys.readouterr().err
    assert "the message was not delivered: " in said
    assert f"answered {status}" in said
    assert SECRET not in said


@pytest.mark.parametrize("address", ["http://example.org/hook", "ftp://example.org", "hook"])
def test_an_address_that_is_not_safe_is_refused_before_the_round(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMERAI_ROUNDS_WEBHOOK", address)
    with pytest.raises(ConfigurationError, match="NUMERAI_ROUNDS_WEBHOOK must be an https address"):
        notify.check()
