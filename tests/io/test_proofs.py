"""What recognises a file again, and what tells it from another of the same size."""

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numerai_rounds.base.errors import GoneError, ServiceError
from numerai_rounds.base.params import Pin
from numerai_rounds.io.download import pinning, proofs, transfer
from numerai_rounds.io.service.http import Limits
from tests.service.stand_in import Fault, StandIn

NAME = "v5.3/train.parquet"
QUICK = Limits(connect=2, silence=0.2, window=0.05, slowest=100_000, attempts=3, progress=1, sleep=lambda _: None)


def nothing(columns: dict[str, np.ndarray]) -> None:
    """Change nothing."""


def parquet(change: Callable[[dict[str, np.ndarray]], None] = nothing) -> bytes:
    """Features, then targets, of values that take the same bytes whatever they are, in three row groups."""
    random = np.random.default_rng(1)
    columns: dict[str, np.ndarray] = {f"feature_{n}": random.integers(0, 5, 9_000, dtype=np.int8) for n in range(12)}
    columns |= {name: random.random(9_000, dtype=np.float32) for name in ("target", "target_ender_60")}
    for values in columns.values():
        values[::3_000], values[1::3_000] = values.min(), values.max()
    change(columns)
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file, compression="none", use_dictionary=False, row_group_size=3_000)
    return file.getvalue()


def one_target(columns: dict[str, np.ndarray]) -> None:
    columns["target_ender_60"][4_003] = 0.5


def a_feature(columns: dict[str, np.ndarray]) -> None:
    columns["feature_5"][2:2_998] = 2


def the_switched_target(columns: dict[str, np.ndarray]) -> None:
    columns["target"][:] = columns["target_ender_60"]


CONTENT = parquet()
CHANGES = [one_target, a_feature, the_switched_target]


@pytest.fixture(params=["whole", "sampled"])
def service(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """Serves a file that is small, or counts as large."""
    if request.param == "sampled":
        monkeypatch.setattr(proofs, "WHOLE", 20_000)
        monkeypatch.setattr(proofs, "SAMPLE", 4_000)
    with StandIn({NAME: CONTENT}) as running:
        yield running


def pin(service: StandIn, before: Pin | None = None) -> Pin:
    return pinning.pin(NAME, lambda: service.signed(NAME), before, QUICK)


def fetch(service: StandIn, pinned: Pin, destination: Path, limits: Limits = QUICK) -> bytes:
    transfer.download(lambda: service.signed(NAME), pinned, destination, limits)
    return destination.read_bytes()


def asked_bytes(service: StandIn) -> int:
    """Bytes of the file that were asked for in ranges; every request must be for one."""
    ranges = [request.headers["Range"].removeprefix("bytes=").split("-") for request in service.downloads(NAME)]
    return sum(int(end) - int(start) + 1 for start, end in ranges)


def test_the_same_file_under_a_new_etag_keeps_its_pin(service: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    first = pin(service)
    service.folder = "20261125"
    assert service.etag(NAME).strip('"') not in first.identity
    assert pin(service, first) == first
    assert "is the file that was pinned, under a new identity: the pin stays" in capsys.readouterr().out


def test_a_large_file_is_recognised_by_a_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proofs, "WHOLE", 20_000)
    monkeypatch.setattr(proofs, "SAMPLE", 1_000)
    wide = parquet(lambda columns: columns.update({f"feature_more_{n}": columns["feature_0"] for n in range(40)}))
    with StandIn({NAME: wide}) as service:
        first = pin(service)
        service.requests.clear()
        service.folder = "20261125"
        assert pin(service, first) == first
        assert asked_bytes(service) < len(wide) / 4


@pytest.mark.parametrize("change", CHANGES)
def test_the_same_size_with_other_content_is_another_file(
    service: StandIn, change: Callable[[dict[str, np.ndarray]], None], capsys: pytest.CaptureFixture[str]
) -> None:
    first = pin(service)
    service.files[NAME] = parquet(change)
    assert len(service.files[NAME]) == len(CONTENT)
    now = pin(service, first)
    assert now.identity == "etag:" + service.etag(NAME).strip('"')
    assert now.proof not in (None, first.proof)
    assert "holds something else than what was pinned" in capsys.readouterr().out


def test_a_pin_that_is_known_costs_one_request(service: StandIn) -> None:
    first = pin(service)
    service.requests.clear()
    assert pin(service, first) == first
    assert asked_bytes(service) == 1


def test_an_old_pin_gets_a_proof_while_its_etag_holds_and_is_another_file_afterwards(service: StandIn) -> None:
    first = pin(service)
    old = first.model_copy(update={"proof": None})
    assert pin(service, old) == first
    service.folder = "20261125"
    assert pin(service, old).known != old.known


def test_a_date_is_an_identity_like_another(service: StandIn) -> None:
    dated = Fault(headers={"ETag": None})
    service.file_faults = [dated] * 99
    first = pin(service)
    assert first.identity.startswith("last-modified:")
    service.file_faults = [
        replace(dated, headers={"ETag": None, "Last-Modified": "Tue, 24 Nov 2026 12:00:00 GMT"})
    ] * 99
    assert pin(service, first) == first


@pytest.mark.parametrize("fault", [Fault(status=503), Fault(cut=5), Fault(status=403), Fault(hold=-1)], ids=str)
def test_a_fault_while_comparing_costs_nothing(service: StandIn, fault: Fault) -> None:
    first = pin(service)
    service.folder = "20261125"
    service.file_faults = [Fault(), fault, fault]
    assert pin(service, first) == first


def test_a_server_without_ranges_proves_nothing_of_a_large_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proofs, "WHOLE", 20_000)
    with StandIn({NAME: CONTENT}) as service:
        service.file_faults = [Fault(ignore_range=True)] * 99
        assert pin(service).proof is None


def test_what_is_no_parquet_file_gives_no_proof(service: StandIn) -> None:
    service.file_faults = [Fault(), Fault(body=bytes(len(CONTENT) if len(CONTENT) <= proofs.WHOLE else 8))]
    assert pin(service).proof is None


def test_names_that_are_no_text_tell_of_no_targets_and_stop_no_opening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proofs, "WHOLE", 20_000)
    assert len(CONTENT) > proofs.WHOLE
    with StandIn({NAME: CONTENT.replace(b"target", b"\xff" * 6)}) as service:
        assert (pin(service).proof or "").startswith("sampled:")


def test_a_file_that_is_replaced_while_it_is_looked_at_gives_no_proof(service: StandIn) -> None:
    def replacing() -> str:
        if len(service.downloads(NAME)) == 1:
            service.files[NAME] = parquet(one_target)
        return service.signed(NAME)

    assert pinning.pin(NAME, replacing, None, QUICK).proof is None


def test_an_old_pin_survives_a_moved_folder(service: StandIn, tmp_path: Path) -> None:
    first = pin(service)
    service.folder = "20261125"
    assert fetch(service, first, tmp_path / "train.parquet") == CONTENT


def test_a_part_is_continued_under_the_new_etag(
    service: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "SYNC_BYTES", 0)
    first, half = pin(service), len(CONTENT) // 2
    service.file_faults = [Fault(cut=half)] + [Fault(cut=0)] * 3
    with pytest.raises(ServiceError, match="run the same command again to continue"):
        fetch(service, first, tmp_path / "train.parquet", replace(QUICK, progress=1 << 30))
    service.folder = "20261125"
    service.requests.clear()
    assert fetch(service, first, tmp_path / "train.parquet") == CONTENT
    last = service.downloads(NAME)[-1].headers
    assert (last["Range"], last["If-Range"]) == (f"bytes={half}-", service.etag(NAME))


def test_a_part_is_not_continued_with_another_file(service: StandIn, tmp_path: Path) -> None:
    first = pin(service)
    service.files[NAME] = parquet(one_target)
    with pytest.raises(GoneError, match=r"now serves another version.*`dvc pull`"):
        fetch(service, first, tmp_path / "train.parquet")
    assert not (tmp_path / "train.parquet").exists()


def test_what_came_of_a_moved_file_is_compared_too(
    service: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, compare, spoilt = pin(service), proofs.of_served, [Fault(body=parquet(one_target))]
    service.folder = "20261125"

    def compared(*arguments: Any) -> str | None:
        found = compare(*arguments)
        service.file_faults = spoilt[:]
        spoilt.clear()
        return found

    monkeypatch.setattr(proofs, "of_served", compared)
    with pytest.raises(ServiceError, match="differs from what was looked at when it was pinned"):
        fetch(service, first, tmp_path / "train.parquet")
    assert fetch(service, first, tmp_path / "train.parquet") == CONTENT


def test_what_came_under_a_weak_etag_is_compared_too(service: StandIn, tmp_path: Path) -> None:
    weak, other = Fault(headers={"ETag": 'W/"weak"'}), parquet(one_target)
    service.file_faults = [weak] * 99
    first = pin(service)
    service.file_faults = [replace(weak, body=other), weak]
    with pytest.raises(ServiceError, match="differs from what was looked at when it was pinned"):
        fetch(service, first, tmp_path / "train.parquet")
    assert fetch(service, first, tmp_path / "train.parquet") == CONTENT


def test_a_weak_etag_and_no_proof_never_join_two_answers(
    service: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "SYNC_BYTES", 0)
    weak, half = Fault(headers={"ETag": 'W/"weak"'}), len(CONTENT) // 2
    bare = pin(service).model_copy(update={"identity": "etag:weak", "proof": None})
    spliced = CONTENT[:4] + bytes(half - 4)
    service.file_faults = [replace(weak, body=spliced, headers={**weak.headers, "Content-Length": str(len(CONTENT))})]
    service.file_faults += [weak] * 99
    service.etag = lambda _: '"weak"'
    assert fetch(service, bare, tmp_path / "train.parquet") == CONTENT


def test_a_file_here_has_the_proof_of_the_served_one(service: StandIn, tmp_path: Path) -> None:
    (tmp_path / "train.parquet").write_bytes(CONTENT)
    assert proofs.of_file(tmp_path / "train.parquet", NAME) == pin(service).proof


@given(at=st.integers(0, len(CONTENT) - 9), value=st.integers(1, 255))
def test_every_byte_counts_in_a_small_file(at: int, value: int) -> None:
    other = bytearray(CONTENT)
    other[at] ^= value
    read = lambda content: lambda start, length: bytes(content[start : start + length])  # noqa: E731
    whole = proofs._proof(NAME, len(CONTENT), read(CONTENT))
    assert whole != proofs._proof(NAME, len(CONTENT), read(other))
