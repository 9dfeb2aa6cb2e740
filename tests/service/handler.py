"""The HTTP side of the stand-in: reads requests, has them done, and sends answers, spoilt where a fault says so."""

import hashlib
import json
import mmap
import re
import ssl
import sys
from collections.abc import Callable
from contextlib import suppress
from email.utils import formatdate
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from tests.service import answers
from tests.service.faults import Fault, Request

if TYPE_CHECKING:
    from tests.service.stand_in import StandIn

Content = bytes | memoryview
JSON = {"Content-Type": "application/json; charset=utf-8"}


class Answer(NamedTuple):
    """What is sent where nothing goes wrong."""

    status: int
    headers: dict[str, str]
    body: Content = b""


def _xml(status: int, code: str) -> Answer:
    """How an object store refuses."""
    return Answer(status, {"Content-Type": "application/xml"}, f"<Error><Code>{code}</Code></Error>".encode())


class Server(ThreadingHTTPServer):
    """Listens on this machine alone, with TLS where there is a certificate and its key."""

    def __init__(self, stand_in: "StandIn", port: int, certificate: tuple[Path, Path] | None) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.stand_in = stand_in
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            # The handshake waits for the thread of its connection.
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - as the base class has it
        """Stay silent about a client that goes away in the middle: that is what tests are about."""
        error = sys.exception()
        if error is not None and not isinstance(error, OSError):
            self.stand_in.errors.append(error)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    @property
    def stand_in(self) -> "StandIn":
        return self.server.stand_in

    def do_POST(self) -> None:
        content = self._read()
        if content is None:
            return
        asked = json.loads(content)
        self._note(asked)
        operation = answers.operation(asked["query"])

        def act() -> Answer:
            authorization = self.headers.get("Authorization")
            said = answers.answer(self.stand_in, asked["query"], asked.get("variables") or {}, authorization)
            return Answer(200, JSON, json.dumps(said).encode())

        self._perform(operation, self.stand_in.take(operation, self.stand_in.query_faults), act)

    def do_PUT(self) -> None:
        path, signature = self._address()
        if "Content-Length" not in self.headers:
            self._note()
            self.close_connection = True
            self._answer(_xml(411, "MissingContentLength"), Fault())
            return
        allowed = self.stand_in.is_signed("PUT", path, signature)
        fault = self.stand_in.take("PUT") if allowed else Fault()
        content = self._read(fault.cut_request)
        self._note(content)
        if not allowed:
            self._answer(_xml(403, "SignatureDoesNotMatch"), Fault())
        elif content is not None:

            def act() -> Answer:
                self.stand_in.uploads[unquote(path.removeprefix("/uploads/"))] = content
                return Answer(200, {"ETag": etag_of(content, "")})

            self._perform("PUT", fault, act)

    def do_GET(self) -> None:
        self._note()
        path, signature = self._address()
        name = self.stand_in.file_at(unquote(path))
        if path.startswith("/submissions/"):
            found = [entry for entry in self.stand_in.submissions if entry.id == path.split("/")[2]]
            if not (found and self.stand_in.is_signed("GET", path, signature)):
                self._answer(_xml(403, "SignatureDoesNotMatch"), Fault())
                return
            content, etag = found[0].content, etag_of(found[0].content, "")
        elif signature is None or name is None:
            # What is not there is refused like what is not signed, never as not found.
            self._answer(_xml(403, "AccessDenied"), Fault())
            return
        else:
            content, etag = content_of(self.stand_in.files[name]), self.stand_in.etag(name)
        fault = self.stand_in.take("GET", self.stand_in.file_faults)
        self._perform("GET", fault, lambda: self._served(path, content, etag, fault))

    def do_HEAD(self) -> None:
        self._note()
        self._answer(Answer(403, {}), Fault())

    def _served(self, name: str, content: Content, etag: str, fault: Fault) -> Answer:
        """A file, or the part of it that is asked for."""
        headers = {
            "Content-Type": "application/json" if name.endswith(".json") else "binary/octet-stream",
            "Last-Modified": formatdate(0, usegmt=True),
            "ETag": etag,
            "Accept-Ranges": "bytes",
        }
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if not asked or fault.ignore_range or self.headers.get("If-Range", etag) != etag:
            return Answer(200, headers, content)
        start, end = int(asked[1]), min(int(asked[2] or len(content)) + 1, len(content))
        if start >= len(content):
            return Answer(416, headers | {"Content-Range": f"bytes */{len(content)}"})
        return Answer(206, headers | {"Content-Range": f"bytes {start}-{end - 1}/{len(content)}"}, content[start:end])

    def _perform(self, operation: str, fault: Fault, act: Callable[[], Answer]) -> None:
        """Have done what a request asks for, unless a fault prevents it, and answer."""
        self.stand_in.tell(operation, "before")
        if fault.prevents:
            healthy = Answer(500 if fault.body is None else 200, JSON, b'{"errors": "Internal Server Error"}')
        else:
            with self.stand_in.lock:
                healthy = act()
            self.stand_in.tell(operation, "after")
        self._answer(healthy, fault)

    def _answer(self, healthy: Answer, fault: Fault) -> None:
        body = fault.body if fault.body is not None else healthy.body
        self.close_connection |= bool(fault.extra) or fault.cut is not None or fault.hold is not None or fault.is_mute
        if fault.is_mute:
            if fault.hold is not None:
                self.stand_in.closing.wait()
            return
        length = None if fault.extra else str(len(body))
        self.send_response(fault.status or healthy.status)
        for key, value in {**healthy.headers, "Content-Length": length, **fault.headers}.items():
            if value is not None:
                self.send_header(key, value)
        self.end_headers()
        with suppress(OSError):
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

    def _read(self, most: int | None = None) -> bytes | None:
        """The body of a request; None, and the end of the connection, where it is not whole or not to be read whole."""
        length = int(self.headers["Content-Length"])
        content = self.rfile.read(length if most is None else min(most, length))
        if most is None and len(content) == length:
            return content
        self.close_connection = True
        return None

    def _address(self) -> tuple[str, str | None]:
        """The path that is asked for, and its signature."""
        parts = urlsplit(self.path)
        return parts.path, parse_qs(parts.query).get("X-Amz-Signature", [None])[0]

    def _note(self, body: Any = None) -> None:
        self.stand_in.requests.append(Request(self.command, self.path, dict(self.headers), body))

    def date_time_string(self, timestamp: float | None = None) -> str:
        """For the Date header."""
        return formatdate(self.stand_in.clock().timestamp() if timestamp is None else timestamp, usegmt=True)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - its name in the base class
        """Stay silent."""


def content_of(file: bytes | Path) -> Content:
    """The bytes of a file; those of a path are mapped, however large it is."""
    if isinstance(file, bytes):
        return file
    with file.open("rb") as opened:
        return memoryview(mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ))


def etag_of(file: bytes | Path, folder: str) -> str:
    """The quoted ETag of a file: another one in each folder, as of an encrypted object, and no MD5 of the content."""
    digest = (
        hashlib.md5(file).hexdigest()
        if isinstance(file, bytes)
        else _md5(file, file.stat().st_size, file.stat().st_mtime_ns)
    )
    return f'"{hashlib.md5(f"{folder} {digest}".encode()).hexdigest()}"'


@cache
def _md5(path: Path, size: int, changed: int) -> str:  # of one version of the file
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()
