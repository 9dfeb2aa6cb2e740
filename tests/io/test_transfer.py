import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests

from numerai_rounds.base.errors import ConfigurationError, MachineError, ServiceError
from numerai_rounds.base.params import Pin
from numerai_rounds.io.download import transfer
from numerai_rounds.io.service import http
from numerai_rounds.io.service.http import Limits
from tests.service.stand_in import Fault, StandIn

NAME = "v5.3/train.parquet"
QUICK = Limits(connect=2, silence=0.2, window=0.05, slowest=100_000, attempts=3, progress=1, sleep=lambda _: None)


def parquet(seed: int) -> bytes:
    values = np.random.default_rng(seed).integers(0, 5, 100_000, dtype=np.int8)
    file = io.BytesIO()
    pq.write_table(pa.table({"feature_able": values}), file, compression="none", use_dictionary=False)
    return file.getvalue()


CONTENT, OTHER = parquet(1), parquet(2)
HALF = len(CONTENT) // 2


@pytest.fixture
def service() -> Iterator[StandIn]:
    with StandIn({NAME: CONTENT}) as stand_in:
        yield stand_in


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    return tmp_path / "staging" / "train.parquet"


def address(service: StandIn) -> Callable[[], str]:
    return lambda: service.signed(NAME)


def pinned(service: StandIn, name: str = NAME) -> Pin:
    return transfer.identify(name, lambda: service.signed(name), QUICK)


def ranges(service: StandIn) -> list[str | None]:
    return [request.headers.get("Range") for request in service.downloads(NAME)]


def test_the_identity_of_a_file_is_its_etag_and_size(service: StandIn) -> None:
    assert pinned(service) == Pin(name=NAME, size=len(CONTENT), identity="etag:" + service.etag(NAME).strip('"'))


@pytest.mark.parametrize(
    ("fault", "identity"),
    [
        (Fault(headers={"ETag": 'W/"abc"'}), "etag:abc"),
        (Fault(headers={"ETag": None}), "last-modified:Thu, 01 Jan 1970 00:00:00 GMT"),
        (Fault(ignore_range=True, headers={"ETag": '"abc"'}), "etag:abc"),
    ],
)
def test_a_file_is_identified_as_well_as_the_server_allows(service: StandIn, fault: Fault, identity: str) -> None:
    service.file_faults = [fault]
    assert pinned(service) == Pin(name=NAME, size=len(CONTENT), identity=identity)


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (Fault(headers={"ETag": None, "Last-Modified": None}), "neither ETag nor Last-Modified"),
        (Fault(headers={"Content-Range": "bytes 0-0/*"}), "without a size"),
        (Fault(status=404), "404 Not Found.*Try again later"),
        (Fault(status=500), "500 Internal Server Error; given up after 3 attempts"),
    ],
)
def test_a_file_without_an_identity_is_not_pinned(service: StandIn, fault: Fault, sentence: str) -> None:
    service.file_faults = [fault] * 3
    with pytest.raises(ServiceError, match=sentence):
        pinned(service)


def test_a_healthy_download_writes_the_file_and_nothing_else(service: StandIn, destination: Path) -> None:
    transfer.download(address(service), pinned(service), destination, QUICK)
    assert destination.read_bytes() == CONTENT
    assert list(destination.parent.iterdir()) == [destination]


ALWAYS = 100

FAILURES = {
    "500": ([Fault(status=500)] * ALWAYS, "500 Internal Server Error; given up after 3 attempts.*run the same command"),
    "429": ([Fault(status=429)] * ALWAYS, "429 Too Many Requests; given up after 3 attempts"),
    "403": (
        [Fault(status=403)] * ALWAYS,
        "403 Forbidden to 3 fresh signatures in a row, so it is not there.*`dvc pull`",
    ),
    "404": ([Fault(status=404)], "no longer serves it.*404 Not Found.*`dvc pull` from your DVC remote"),
    "410": ([Fault(status=410)], "no longer serves it.*410 Gone.*`dvc pull` from your DVC remote"),
    "401": ([Fault(status=401)], "answered 401 Unauthorized"),
    "html": ([Fault(body=b"<html>", headers={"Content-Type": "text/html"})] * ALWAYS, "text/html in place of the file"),
    "json": ([Fault(body=b"{}", headers={"Content-Type": "application/json"})] * ALWAYS, "json in place of the file"),
    "compressed": ([Fault(headers={"Content-Encoding": "gzip"})], "compressed, which was not asked for"),
    "nothing": ([Fault(cut=-1)] * ALWAYS, "could not be reached, or hung up"),
    "no answer": ([Fault(hold=-1)] * ALWAYS, "gave no answer in time"),
    "no body": ([Fault(cut=0)] * ALWAYS, "broke off"),
    "stuck": ([Fault(cut=HALF)] + [Fault(cut=0)] * ALWAYS, "What came is kept: run the same command again"),
    "silence": ([Fault(hold=0)] * ALWAYS, "fell silent"),
    "drip": ([Fault(drip=0.03)] * ALWAYS, "bytes a second"),
    "shorter": ([Fault(body=CONTENT[:-9])], "now serves another version"),
    "longer": ([Fault(body=CONTENT + b"9")], "now serves another version"),
    "endless": ([Fault(extra=b"9" * 99)], "more came than the [0-9,]+ bytes pinned"),
    "early end": (
        [Fault(body=b"", extra=CONTENT[n : n + 9]) for n in (0, 9, 18)],
        "the answer ended after 27 of [0-9,]+ bytes",
    ),
    "another etag": (
        [Fault(headers={"ETag": '"other"'})],
        r"another version \([0-9,]+ bytes, etag:other\).*`dvc pull`",
    ),
    "no etag": ([Fault(headers={"ETag": None})], "another version .*last-modified:"),
    "no proof": ([Fault(headers={"ETag": None, "Last-Modified": None})], "neither ETag nor Last-Modified"),
    "foreign": ([Fault(body=bytes(len(CONTENT)))], "not sound .it does not begin as a parquet file.*removed"),
    "broken foot": ([Fault(body=CONTENT[:-9] + bytes(9))], "not sound"),
    "downgrade": ([Fault(status=302, headers={"Location": "http://example.org/f"})], "example.org .*without TLS"),
    "circle": ([Fault(status=302, headers={"Location": "?X-Amz-Signature=secret"})] * ALWAYS, "TooManyRedirects"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_is_a_sentence_and_the_next_run_succeeds(
    service: StandIn, destination: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    faults, sentence = FAILURES[name]
    pin = pinned(service)
    service.file_faults = list(faults)
    limits = replace(QUICK, progress=1 << 30)
    with pytest.raises(ServiceError, match=sentence) as failure:
        transfer.download(address(service), pin, destination, limits)
    assert "secret" not in str(failure.value) + capsys.readouterr().err
    assert not destination.exists()
    service.heal()
    transfer.download(address(service), pin, destination, QUICK)
    assert destination.read_bytes() == CONTENT
    assert list(destination.parent.iterdir()) == [destination]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=500),
        Fault(status=503, body=b"<html>", headers={"Content-Type": "text/html"}),
        Fault(status=429, headers={"Retry-After": "soon"}),
        Fault(status=403),
        Fault(status=416),
        Fault(body=b"<html>", headers={"Content-Type": "text/html"}),
        Fault(cut=-1),
        Fault(hold=-1),
        Fault(cut=HALF),
        Fault(hold=HALF),
        Fault(drip=0.03),
    ],
    ids=str,
)
def test_what_passes_is_waited_for(service: StandIn, destination: Path, fault: Fault) -> None:
    pin = pinned(service)
    service.file_faults = [fault, fault]
    transfer.download(address(service), pin, destination, QUICK)
    assert destination.read_bytes() == CONTENT


def test_waits_grow_and_honour_what_the_server_asks_up_to_a_limit(service: StandIn, destination: Path) -> None:
    pin = pinned(service)
    waits: list[float] = []
    asked = [Fault(status=429, headers={"Retry-After": after}) for after in ("7", "3600")]
    service.file_faults = [*asked, Fault(status=500)]
    transfer.download(address(service), pin, destination, replace(QUICK, attempts=4, sleep=waits.append))
    assert waits[:2] == [7.0, 60.0]
    assert 0 <= waits[2] <= 4


def test_every_attempt_uses_a_fresh_signature(service: StandIn, destination: Path) -> None:
    pin = pinned(service)
    service.file_faults = [Fault(status=403), Fault(cut=HALF)]
    transfer.download(address(service), pin, destination, QUICK)
    paths = [request.path for request in service.downloads(NAME)]
    assert len(paths) == len(set(paths)) == 4


def test_a_server_that_is_not_there_is_named(service: StandIn, destination: Path) -> None:
    pin = pinned(service)
    with pytest.raises(ServiceError, match=r"127.0.0.1:9 could not be reached, or hung up \(Connection refused\)"):
        transfer.download(lambda: "http://127.0.0.1:9/f?X-Amz-Signature=secret", pin, destination, QUICK)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://example.org/f", "without TLS"),
        ("ftp://127.0.0.1/f", "without TLS"),
        ("no address", "cannot be asked .* Check its address"),
    ],
)
def test_an_address_that_is_not_safe_is_not_asked(service: StandIn, destination: Path, url: str, sentence: str) -> None:
    with pytest.raises(ServiceError, match=sentence):
        transfer.download(lambda: url, pinned(service), destination, QUICK)


def test_a_certificate_that_cannot_be_trusted_ends_the_download(service: StandIn, destination: Path) -> None:
    with pytest.raises(ServiceError, match=r"TLS certificate of 127.0.0.1:[0-9]+ cannot be trusted"):
        transfer.download(lambda: service.signed(NAME).replace("http", "https"), pinned(service), destination, QUICK)


def test_a_broken_download_continues_where_it_stopped(service: StandIn, destination: Path) -> None:
    pin = pinned(service)
    service.file_faults = [Fault(cut=HALF)]
    transfer.download(address(service), pin, destination, QUICK)
    assert destination.read_bytes() == CONTENT
    assert ranges(service)[1:] == [None, f"bytes={HALF}-"]
    assert service.downloads(NAME)[-1].headers["If-Range"] == service.etag(NAME)


def test_attempts_count_again_after_progress(service: StandIn, destination: Path) -> None:
    pin = pinned(service)
    service.file_faults = [Fault(cut=len(CONTENT) // 9)] * 9
    transfer.download(address(service), pin, destination, replace(QUICK, attempts=1))
    assert destination.read_bytes() == CONTENT


@pytest.mark.parametrize(
    "fault",
    [Fault(ignore_range=True), Fault(headers={"Content-Range": f"bytes 0-9/{len(CONTENT)}"}), Fault(status=416)],
)
def test_a_server_that_does_not_continue_is_asked_from_the_start(
    service: StandIn, destination: Path, fault: Fault
) -> None:
    pin = pinned(service)
    service.file_faults = [Fault(cut=HALF), fault]
    transfer.download(address(service), pin, destination, QUICK)
    assert destination.read_bytes() == CONTENT


def test_only_an_etag_allows_to_continue(service: StandIn, destination: Path) -> None:
    undated = Fault(headers={"ETag": None})
    service.file_faults = [undated]
    pin = pinned(service)
    service.file_faults = [replace(undated, cut=HALF), undated]
    transfer.download(address(service), pin, destination, QUICK)
    assert ranges(service)[1:] == [None, None]
    assert destination.read_bytes() == CONTENT


def test_a_file_replaced_in_the_middle_is_not_stitched_together(service: StandIn, destination: Path) -> None:
    pin = pinned(service)
    service.file_faults = [Fault(cut=HALF)]

    def replacing() -> str:
        if service.downloads(NAME)[1:]:
            service.files[NAME] = OTHER
        return service.signed(NAME)

    with pytest.raises(ServiceError, match="now serves another version"):
        transfer.download(replacing, pin, destination, QUICK)
    assert transfer.part_of(destination, pin).stat().st_size == HALF
    transfer.download(address(service), pinned(service), destination, QUICK)
    assert destination.read_bytes() == OTHER
    assert list(destination.parent.iterdir()) == [destination]


def test_a_complete_part_only_needs_its_name(
    service: StandIn, destination: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "SYNC_BYTES", 0)
    pin = pinned(service)
    destination.parent.mkdir()
    transfer.part_of(destination, pin).write_bytes(CONTENT)
    transfer.download(address(service), pin, destination, QUICK)
    assert destination.read_bytes() == CONTENT
    assert len(service.downloads(NAME)) == 1


@pytest.mark.parametrize("size", [HALF, len(CONTENT), len(CONTENT) + 9])
def test_a_part_of_something_else_does_not_last(
    service: StandIn, destination: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(transfer, "SYNC_BYTES", 0)
    pin = pinned(service)
    destination.parent.mkdir()
    transfer.part_of(destination, pin).write_bytes(bytes(size))
    if size <= len(CONTENT):
        with pytest.raises(ServiceError, match=r"not sound .*run the same command again to fetch it afresh"):
            transfer.download(address(service), pin, destination, QUICK)
    transfer.download(address(service), pin, destination, QUICK)
    assert destination.read_bytes() == CONTENT


def test_a_json_file_is_read_before_it_is_kept(destination: Path) -> None:
    name = "v5.3/features.json"
    with StandIn({name: b'{"feature_sets": {}}'}) as service:
        pin = pinned(service, name)
        service.file_faults = [Fault(body=b"x" * 20)]
        with pytest.raises(ServiceError, match=r"not sound .Invalid JSON: Expecting value"):
            transfer.download(lambda: service.signed(name), pin, destination, QUICK)
        transfer.download(lambda: service.signed(name), pin, destination, QUICK)
    assert destination.read_bytes() == b'{"feature_sets": {}}'


def test_a_disk_that_fills_up_is_a_sentence(service: StandIn, destination: Path) -> None:
    pin = pinned(service)
    destination.parent.mkdir()
    part = transfer.part_of(destination, pin)
    part.symlink_to("/dev/full")
    with pytest.raises(MachineError, match=r"the disk is full.*Free some space and run again"):
        transfer.download(address(service), pin, destination, QUICK)
    part.unlink()
    transfer.download(address(service), pin, destination, QUICK)
    assert destination.read_bytes() == CONTENT


def test_a_pin_without_a_size_cannot_be_fetched(service: StandIn, destination: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"without its size. Run `rounds open` again"):
        transfer.download(address(service), Pin(name=NAME, size=None, identity="etag:x"), destination, QUICK)


@pytest.mark.parametrize("lost", [1, 4096])
def test_what_a_power_cut_may_have_zeroed_is_fetched_again(
    service: StandIn, destination: Path, monkeypatch: pytest.MonkeyPatch, lost: int
) -> None:
    monkeypatch.setattr(transfer, "SYNC_BYTES", 4096)
    pin = pinned(service)
    destination.parent.mkdir()
    transfer.part_of(destination, pin).write_bytes(CONTENT[: HALF - lost] + bytes(lost))
    transfer.download(address(service), pin, destination, QUICK)
    assert destination.read_bytes() == CONTENT
    assert ranges(service)[-1] == f"bytes={HALF - 4096}-"


def test_a_download_is_flushed_as_it_comes(
    service: StandIn, destination: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(transfer, "SYNC_BYTES", 4096)
    monkeypatch.setattr(http, "PIECE_BYTES", 1024)
    monkeypatch.setattr(transfer.os, "fsync", lambda number: synced.append(os.fstat(number).st_size))
    pin = pinned(service)
    service.file_faults = [Fault(cut=HALF)]
    transfer.download(address(service), pin, destination, QUICK)
    assert max(after - before for before, after in pairwise([0, *synced])) <= 4096
    assert synced[-1] == len(CONTENT)


def test_a_killed_download_is_continued_by_the_next_run(
    service: StandIn, destination: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "SYNC_BYTES", 0)
    pin = pinned(service)
    service.file_faults = [Fault(hold=HALF)]
    script = (
        "import sys; from pathlib import Path; from numerai_rounds.io.download import transfer; "
        "from numerai_rounds.base.params import Pin; "
        "transfer.download(lambda: sys.argv[1], Pin.model_validate_json(sys.argv[2]), Path(sys.argv[3]))"
    )
    arguments = [service.signed(NAME), pin.model_dump_json(), str(destination)]
    part = transfer.part_of(destination, pin)
    source = str(Path(transfer.__file__).parents[2])
    with subprocess.Popen(
        [sys.executable, "-c", script, *arguments], env={**os.environ, "PYTHONPATH": source}
    ) as child:
        deadline = time.monotonic() + 20
        while not (part.exists() and part.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.01)
        child.send_signal(signal.SIGKILL)
    kept = part.stat().st_size
    assert 0 < kept <= HALF
    assert not destination.exists()
    transfer.download(address(service), pin, destination, QUICK)
    assert destination.read_bytes() == CONTENT
    assert ranges(service)[-1] == f"bytes={kept}-"


def test_an_answer_that_never_ends_is_not_gathered(monkeypatch: pytest.MonkeyPatch) -> None:
    given = iter([b"x" * 1_000] * 100)
    monkeypatch.setattr(http, "pieces", lambda *_: given)
    answer = requests.Response()
    answer.status_code, answer.url = 200, "https://api.example.org"
    with pytest.raises(ServiceError, match=r"api\.example\.org answered 200 with more than 2,500 bytes"):
        http.whole(answer, http.PATIENCE, 2_500)
    assert len(list(given)) == 97
