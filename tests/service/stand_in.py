"""A real HTTP server that answers numerapi's queries, serves and takes files at signed addresses, and fails on demand.

python -m tests.service.stand_in DIRECTORY        serves DIRECTORY's files as data version v5.3, takes uploads,
                                                  and prints what to set so that `rounds` asks it
"""

import argparse
import re
import threading
import uuid
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import quote

from tests.service.certificate import self_signed
from tests.service.faults import Fault, Request
from tests.service.handler import Server, etag_of
from tests.service.keys import SCOPES
from tests.service.pickles import Validation
from tests.service.shapes import AFTER, CLOSES, OPENS, PRESENT, live_score, score_config
from tests.service.submissions import Submission

__all__ = [
    "PRESENT",
    "Fault",
    "Request",
    "StandIn",
    "Submission",
    "live_score",
    "score_config",
    "self_signed",
]

PYTHONS = ("Python 3.10", "Python 3.11", "Python 3.12", "Python 3.13")


class StandIn:
    """The service, as long as the `with` block lasts. Every attribute may be changed while it runs.

    An error of the stand-in itself, or of a hook, fails the test at the end of the block.
    """

    def __init__(
        self,
        files: Mapping[str, bytes | Path],
        round_number: int | None = 1343,
        port: int = 0,
        certificate: tuple[Path, Path] | None = None,
    ) -> None:
        """Prepare to serve `files`: names such as `v5.3/train.parquet`, and content or a path of each.

        `round_number` is the current round, None between rounds. `certificate` and its key make it serve TLS.
        """
        self.files = dict(files)
        """What is there now, all of it listed: with a round, the live files are replaced under their names."""
        self.folder = "20261124"
        """Where the files are: a folder of the data's date. In another one each file has another ETag."""
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)

        self.round_number = round_number
        self.opens, self.closes = OPENS, CLOSES
        """Of the current round; older ones closed in 2000."""
        self.late = True
        """Whether submissions are taken after the round has closed: for a day, and for the next round."""
        self.between: Literal["error", "null"] = "error"
        """What the current round is between rounds: a refusal, or nothing in a list."""
        self.score_configs: dict[int, list[Any]] = {}
        """What rounds pay for; the others as their time had it."""
        self.targets: dict[int, str] = {}
        """What rounds are scored on; the others as their time had it."""
        self.scores: list[dict[str, Any]] = []
        """Live scores, made with `live_score`."""

        self.keys = ("PUBLIC", "SECRET-KEY")
        self.scopes: Collection[str] = SCOPES
        self.scope_words = "This API key lacks the scope {scope}"
        self.models = {"mine": "model-mine-id", "other": "model-other-id"}
        self.uploads: dict[str, bytes] = {}
        """What was put, by the names that the service gave."""
        self.submissions: list[Submission] = []
        self.shown_after = 0
        """How many listings do not show a new submission yet."""
        self.selected_after = 0
        """How many listings do not show a new submission as selected yet."""
        self.stored: Callable[[bytes], bytes] = lambda content: content
        """What is kept of a submission's content."""
        self.pickles: list[dict[str, Any]] = []
        self.validation = Validation()
        """How it ends for pickles."""
        self.assigned: dict[str, str] = {}
        """Id of the pickle that plays for a model: such a model takes no submissions."""
        self.docker_images = {name: str(uuid.uuid5(uuid.NAMESPACE_OID, name)) for name in PYTHONS}
        self.data_versions = {"v5.3": str(uuid.uuid5(uuid.NAMESPACE_OID, "v5.3"))}

        self.faults: dict[str, list[Fault]] = {}
        """By operation: a GraphQL field, `PUT` or `GET`; used up in order, before the two lists below."""
        self.query_faults: list[Fault] = []
        self.file_faults: list[Fault] = []
        self.on_request: Callable[[str, str], None] | None = None
        """Called with an operation and `before` (read, and not done) or `after` (done, and not answered)."""
        self.requests: list[Request] = []

        self.errors: list[BaseException] = []
        self.closing = threading.Event()
        self.lock = threading.RLock()
        self._signatures: dict[str, tuple[str, str]] = {}
        self._scheme = "https" if certificate else "http"
        self._server = Server(self, port, certificate)
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
        if self.errors and error is None:
            raise self.errors[0]

    @property
    def ends(self) -> datetime:
        """When the current round takes nothing any more, not even for the next one."""
        return self.closes + AFTER

    @property
    def url(self) -> str:
        """For NUMERAI_API_URL."""
        return f"{self._scheme}://127.0.0.1:{self._server.server_port}"

    def heal(self) -> None:
        """Forget all faults that have not happened yet."""
        for faults in (self.faults, self.query_faults, self.file_faults):
            faults.clear()

    def downloads(self, name: str) -> list[Request]:
        """The requests for a file's content."""
        asked = re.compile(rf"/files/\d+/{re.escape(quote(name))}\?")
        return [request for request in self.requests if asked.match(request.path)]

    def signed(self, name: str) -> str:
        """An address under which a file can be fetched with GET, if it is there: any name is signed."""
        return self.address("GET", f"/files/{self.folder}/{quote(name)}")

    def file_at(self, path: str) -> str | None:
        """The name of the file that a path leads to; None where there is none, any more."""
        name = path.removeprefix(f"/files/{self.folder}/")
        return name if name in self.files else None

    def etag(self, name: str) -> str:
        """The quoted ETag of a file."""
        return etag_of(self.files[name], self.folder)

    def address(self, method: str, path: str) -> str:
        """An address with a new signature, which allows one method."""
        with self.lock:
            signature = f"secret{len(self._signatures) + 1}"
            self._signatures[signature] = (method, path)
        return f"{self.url}{path}?X-Amz-Signature={signature}"

    def is_signed(self, method: str, path: str, signature: str | None) -> bool:
        """Whether an address was given out for that method."""
        return signature is not None and self._signatures.get(signature) == (method, path)

    def take(self, operation: str, others: list[Fault] | None = None) -> Fault:
        """The fault of the next request of an operation, which is then used up."""
        with self.lock:
            for waiting in (self.faults.get(operation), others):
                if waiting:
                    return waiting.pop(0)
        return Fault()

    def tell(self, operation: str, when: str) -> None:
        """Call the hook, if there is one."""
        if self.on_request is not None:
            self.on_request(operation, when)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.service.stand_in",
        description="Serve a folder of files as the tournament's service would.",
    )
    parser.add_argument(
        "directory", type=Path, metavar="FOLDER", help="what it serves: parquet files and features.json"
    )
    parser.add_argument("--port", type=int, default=8000, help="of 127.0.0.1; 0 for a free one")
    parser.add_argument("--version", default="v5.3", help="the data version that the files are of")
    parser.add_argument("--round", type=int, default=1343, help="the number of the current round, which is always open")
    parser.add_argument("--public", default="PUBLIC", help="the public id of the API key that is accepted")
    parser.add_argument("--secret", default="SECRET-KEY", help="its secret")
    parser.add_argument("--model", default="mine", help="the name of the account's only model")
    options = parser.parse_args()
    files = {f"{options.version}/{path.name}": path for path in sorted(options.directory.iterdir()) if path.is_file()}
    with StandIn(files, options.round, options.port) as service, suppress(KeyboardInterrupt):
        service.keys = (options.public, options.secret)
        service.models = {options.model: f"model-{options.model}-id"}
        print(  # noqa: T201
            f"export NUMERAI_API_URL={service.url}",
            f"export NUMERAI_PUBLIC_ID={options.public}",
            f"export NUMERAI_SECRET_KEY={options.secret}",
            f"# {len(files)} files, round {options.round}, model {options.model}; stop with Ctrl-C",
            sep="\n",
            flush=True,
        )
        threading.Event().wait()


if __name__ == "__main__":
    main()
