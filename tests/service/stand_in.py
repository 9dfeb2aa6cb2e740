"""A real HTTP server that answers numerapi's queries and serves files under signed addresses, and fails on demand.

python -m tests.service.stand_in DIRECTORY        serves DIRECTORY's files as data version v5.3
NUMERAI_API_URL=http://127.0.0.1:8000 rounds open
"""

import argparse
import hashlib
import json
import mmap
import re
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, quote, unquote, urlsplit

Content = bytes | memoryview


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request; what is not set stays healthy."""

    status: int | None = None
    headers: Mapping[str, str | None] = field(default_factory=dict)
    """Headers to replace; None leaves one out."""
    body: bytes | None = None
    extra: bytes = b""
    """Sent after the body, whose length is then not announced."""
    cut: int | None = None
    """Hang up after so many bytes of the body; -1 before the status line."""
    hold: int | None = None
    """Fall silent after so many bytes of the body, until the stand-in closes; -1 before the status line."""
    drip: float | None = None
    """Seconds between single bytes of the body."""
    ignore_range: bool = False


@dataclass(frozen=True)
class Request:
    """One request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any = None


class StandIn:
    """The service, as long as the `with` block lasts.

    `score_configs` maps numbers of rounds to what they pay for; the others pay as `PRESENT` says.

    `files` maps names such as `v5.3/train.parquet` to their content or to a path; it may be changed while the
    server runs. Queries use up `query_faults`, downloads `file_faults`, in order; `heal()` forgets the rest.
    """

    def __init__(self, files: Mapping[str, bytes | Path], round_number: int | None = 1343, port: int = 0) -> None:
        self.files = dict(files)
        self.round_number = round_number
        self.score_configs: dict[int, list[Any]] = {}
        self.query_faults: list[Fault] = []
        self.file_faults: list[Fault] = []
        self.requests: list[Request] = []
        self.closing = threading.Event()
        self._signatures = 0
        self._server = _Server(self, port)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """For NUMERAI_API_URL."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def heal(self) -> None:
        """Forget all faults that have not happened yet."""
        self.query_faults.clear()
        self.file_faults.clear()

    def downloads(self, name: str) -> list[Request]:
        """The requests for a file's content."""
        return [request for request in self.requests if request.path.startswith(f"/files/{quote(name)}?")]

    def signed(self, name: str) -> str:
        """An address under which a file can be fetched with GET."""
        self._signatures += 1
        return f"{self.url}/files/{quote(name)}?X-Amz-Signature=secret{self._signatures}"

    def etag(self, name: str) -> str:
        """The quoted ETag of a file: it follows from the content, as an object store's does."""
        file = self.files[name]
        if isinstance(file, bytes):
            return f'"{hashlib.md5(file).hexdigest()}"'
        return f'"{_md5(file, file.stat().st_size, file.stat().st_mtime_ns)}"'

    def answer(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to one of numerapi's GraphQL queries."""
        asked = re.search(r"\b(listDatasets|dataset|rounds)\s*\(", query)
        if asked is None:
            return {"errors": [{"message": "Cannot query this field"}]}
        if asked[1] == "listDatasets":
            return {"data": {"listDatasets": sorted(self.files)}}
        if asked[1] == "dataset":
            return self._dataset(variables["filename"])
        return {"data": {"rounds": self._rounds(variables.get("number"))}}

    def _rounds(self, asked: int | None) -> list[dict[str, Any]]:
        """The current round, or the one asked for if it was ever opened."""
        number = asked or self.round_number
        if number is None or number > (self.round_number or number):
            return []
        return [_round(number, self.score_configs.get(number, PRESENT))]

    def _dataset(self, name: str) -> dict[str, Any]:
        if name not in self.files:
            return {"data": {"dataset": None}, "errors": [{"message": f"no dataset {name}", "path": ["dataset"]}]}
        return {"data": {"dataset": self.signed(name)}}


def score_config(name: str, multiplier: Any, days: Any = 60, **changes: Any) -> dict[str, Any]:
    """A score of a round as the service describes it, for payout where its multiplier is not 0."""
    return {
        "id": f"{name}-{days}",
        "scoreConfigId": f"{name}-{days}",
        "roundNumberStart": 1,
        "roundNumberEnd": None,
        "name": name,
        "version": "3",
        "displayName": f"{name}{days}",
        "totalScoreDays": days,
        "returnsLagDays": 2,
        "dataDelayDays": 2,
        "universe": None,
        "isCanonScore": True,
        "isPayout": multiplier != 0,
        "scoringStart": "2100-02-01T00:00:00Z",
        "scoringEnd": "2100-04-01T00:00:00Z",
        "minMultiplier": multiplier,
        "maxMultiplier": multiplier,
        "defaultMultiplier": multiplier,
        "clipThreshold": 1.0,
        "stakeThreshold": None,
        "payoutFactor": 1.0,
        **changes,
    }


PRESENT = [
    score_config("correlation", 0.0, 20),
    score_config("meta_model_contribution", 0.0, 20),
    score_config("correlation", 3.0),
    score_config("meta_model_contribution", 15.0),
    score_config("feature_neutral_correlation", 0.0, clipThreshold=None),
]
"""What a round pays for since round 1343."""


def _round(number: int, score_configs: list[Any]) -> dict[str, Any]:
    """A round as the service describes it, open all day."""
    return {
        "id": f"round-{number}",
        "tournament": 8,
        "number": number,
        "target": "target_ender_60",
        "openTime": "2000-01-01T12:00:00Z",
        "closeTime": "2100-01-01T13:00:00Z",
        "closeStakingTime": "2100-01-01T13:00:00Z",
        "scoreTime": "2100-02-01T00:00:00Z",
        "resolveTime": "2100-04-01T00:00:00Z",
        "resolvedGeneral": False,
        "resolvedStaking": False,
        "payoutFactor": "1",
        "stakeThreshold": None,
        "dataDatestamp": 20000101,
        "roundScoreConfigs": score_configs,
    }


class _Server(ThreadingHTTPServer):
    def __init__(self, stand_in: StandIn, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.stand_in = stand_in

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent: a client that goes away in the middle is what tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    @property
    def stand_in(self) -> StandIn:
        return self.server.stand_in

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._note(asked)
        content = json.dumps(self.stand_in.answer(asked["query"], asked["variables"] or {})).encode()
        self._answer(200, {"Content-Type": "application/json; charset=utf-8"}, content, self.stand_in.query_faults)

    def do_GET(self) -> None:
        self._note()
        parts = urlsplit(self.path)
        name = unquote(parts.path.removeprefix("/files/"))
        if "X-Amz-Signature" not in parse_qs(parts.query):
            self._answer(403, {"Content-Type": "application/xml"}, b"<Error>AccessDenied</Error>", [])
        elif name not in self.stand_in.files:
            self._answer(404, {"Content-Type": "application/xml"}, b"<Error>NoSuchKey</Error>", [])
        else:
            self._serve(name)

    def do_HEAD(self) -> None:
        self._note()
        self._answer(403, {}, b"", [])

    def _serve(self, name: str) -> None:
        content, etag = _content(self.stand_in.files[name]), self.stand_in.etag(name)
        headers = {
            "Content-Type": "application/json" if name.endswith(".json") else "binary/octet-stream",
            "Last-Modified": formatdate(0, usegmt=True),
            "ETag": etag,
            "Accept-Ranges": "bytes",
        }
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        ignored = self.stand_in.file_faults and self.stand_in.file_faults[0].ignore_range
        status, start, end = 200, 0, len(content)
        if asked and not ignored and self.headers.get("If-Range", etag) == etag:
            status, start, end = 206, int(asked[1]), min(int(asked[2] or end) + 1, end)
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(content)}"
            if start >= len(content):
                status, start, end = 416, 0, 0
                headers["Content-Range"] = f"bytes */{len(content)}"
        self._answer(status, headers, content[start:end], self.stand_in.file_faults)

    def _answer(self, status: int, headers: dict[str, str], body: Content, faults: list[Fault]) -> None:
        fault = faults.pop(0) if faults else Fault()
        body = fault.body if fault.body is not None else body
        self.close_connection = bool(fault.extra) or fault.cut is not None or fault.hold is not None
        if fault.hold == -1:
            self.stand_in.closing.wait()
        if -1 in (fault.cut, fault.hold):
            return
        length = None if fault.extra else str(len(body))
        self.send_response(fault.status or status)
        for key, value in {**headers, "Content-Length": length, **fault.headers}.items():
            if value is not None:
                self.send_header(key, value)
        self.end_headers()
        with suppress(ConnectionError):
            self._send(body, fault)

    def _send(self, body: Content, fault: Fault) -> None:
        if fault.drip is None:
            self.wfile.write(body[: fault.cut if fault.hold is None else fault.hold])
        else:
            for number in range(len(body)):
                self.wfile.write(body[number : number + 1])
                if self.stand_in.closing.wait(fault.drip):
                    return
        self.wfile.write(fault.extra)
        if fault.hold is not None:
            self.stand_in.closing.wait()

    def _note(self, body: Any = None) -> None:
        self.stand_in.requests.append(Request(self.command, self.path, dict(self.headers), body))

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - its name in the base class
        """Stay silent."""


def _content(file: bytes | Path) -> Content:
    """The bytes of a file; those of a path are mapped, however large it is."""
    if isinstance(file, bytes):
        return file
    with file.open("rb") as opened:
        return memoryview(mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ))


@cache
def _md5(path: Path, size: int, changed: int) -> str:  # of one version of the file
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve a folder of files as the tournament's service would.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--version", default="v5.3")
    parser.add_argument("--round", type=int, default=1343)
    options = parser.parse_args()
    files = {f"{options.version}/{path.name}": path for path in sorted(options.directory.iterdir()) if path.is_file()}
    with StandIn(files, options.round, options.port) as service, suppress(KeyboardInterrupt):
        print(f"NUMERAI_API_URL={service.url}: {len(files)} files, round {options.round}", flush=True)  # noqa: T201
        threading.Event().wait()


if __name__ == "__main__":
    main()
