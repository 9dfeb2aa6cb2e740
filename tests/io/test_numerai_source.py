import json
import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numerapi
import pytest
import requests
from numerapi import base_api
from pydantic import ValidationError

from numerai_rounds.base.errors import (
    ClosedError,
    ConfigurationError,
    GoneError,
    RefusedError,
    RoundsError,
    ServiceError,
)
from numerai_rounds.base.params import Pin, Round
from numerai_rounds.io.service import http
from numerai_rounds.io.service.client import Client
from numerai_rounds.io.service.http import Limits
from numerai_rounds.io.sources import numerai
from tests.io.test_transfer import CONTENT, OTHER
from tests.service.stand_in import Fault, StandIn

QUICK = Limits(connect=2, silence=0.2, window=0.05, slowest=100_000, attempts=3, sleep=lambda _: None)
EXTRAS = ["meta_model", "live_benchmark_models"]
FILES = {
    "v5.2/train.parquet": CONTENT,
    "v5.3/features.json": b'{"feature_sets": {}, "targets": []}',
    "v5.3/train.parquet": CONTENT,
    "v5.3/validation.parquet": CONTENT,
    "v5.3/meta_model.parquet": CONTENT,
    "v5.3/live.parquet": CONTENT,
    "v5.3/live_benchmark_models.parquet": CONTENT,
    "signals/v2.1/train.parquet": OTHER,
}


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with StandIn(FILES) as stand_in:
        monkeypatch.setenv("NUMERAI_API_URL", stand_in.url)
        yield stand_in


def parameters(**changes: Any) -> numerai.Params:
    values = {"kind": "numerai", "version": "v5.3", "extra_files": EXTRAS, **changes}
    return numerai.Params.model_validate(values)


def test_every_file_that_is_needed_is_pinned_as_served(service: StandIn) -> None:
    history, live = numerai.pins(parameters(), 1343)
    assert {role: pin.name for role, pin in history.items()} == {
        "features": "v5.3/features.json",
        "train": "v5.3/train.parquet",
        "validation": "v5.3/validation.parquet",
        "meta_model": "v5.3/meta_model.parquet",
    }
    assert {role: pin.name for role, pin in live.items()} == {
        "live": "v5.3/live.parquet",
        "live_benchmark_models": "v5.3/live_benchmark_models.parquet",
    }
    for pin in [*history.values(), *live.values()]:
        assert pin.size == len(FILES[pin.name])
        assert pin.identity == "etag:" + service.etag(pin.name).strip('"')


def test_what_was_pinned_is_fetched(service: StandIn, tmp_path: Path) -> None:
    history, live = numerai.pins(parameters(), 1343)
    for role, pin in {**history, **live}.items():
        numerai.fetch(parameters(), 1343, role, pin, tmp_path / role)
        assert (tmp_path / role).read_bytes() == FILES[pin.name]


def test_the_current_round_is_the_services(service: StandIn) -> None:
    assert numerai.current_round(parameters(), None) == 1343


def test_a_live_file_with_the_number_of_its_round_is_taken_where_one_is_listed(service: StandIn) -> None:
    service.files["v5.3/live_1342.parquet"] = OTHER
    _, live = numerai.pins(parameters(extra_files=[]), 1342)
    assert live["live"].identity == "etag:" + service.etag("v5.3/live_1342.parquet").strip('"')


def test_the_live_file_of_another_round_is_never_taken(service: StandIn) -> None:
    with pytest.raises(ConfigurationError, match=r"no v5.3/live_1300.parquet.*current round, 1343, not of round 1300"):
        numerai.pins(parameters(), 1300)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"version": "v5.9"}, "data.version is 'v5.9', which is not served; did you mean 'v5.[23]'"),
        ({"version": "v5.2"}, "needs v5.2/features.json, which is not served; did you mean 'v5.3/features.json'"),
        ({"extra_files": ["validation_example_preds"]}, "needs v5.3/validation_example_preds.parquet, which is not"),
        (
            {"extra_files": ["live_example_preds"]},
            "live_example_preds.parquet, which is not served; no other .* data.extra_files can leave it out",
        ),
    ],
)
def test_what_is_not_served_cannot_be_pinned(service: StandIn, changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        numerai.pins(parameters(**changes), 1343)


@pytest.mark.parametrize(
    "changes", [{"version": "v4.3"}, {"version": "5.3"}, {"version": "v5"}, {"extra_files": ["train"]}, {"path": "x"}]
)
def test_parameters_are_closed(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(changes))):
        parameters(**changes)


def test_a_file_that_is_gone_tells_how_to_restore_it(service: StandIn, tmp_path: Path) -> None:
    history, _ = numerai.pins(parameters(), 1343)
    del service.files["v5.3/train.parquet"]
    with pytest.raises(ServiceError, match=r"v5.3/train.parquet: .*403 .*not there \(any more\).*`dvc pull` from"):
        numerai.fetch(parameters(), 1343, "train", history["train"], tmp_path / "train.parquet")
    service.files["v5.3/train.parquet"] = OTHER
    with pytest.raises(ServiceError, match=r"another version.*`dvc checkout` restores.*`rounds open` pins"):
        numerai.fetch(parameters(), 1343, "train", history["train"], tmp_path / "train.parquet")
    service.files["v5.3/train.parquet"] = CONTENT
    numerai.fetch(parameters(), 1343, "train", history["train"], tmp_path / "train.parquet")
    assert (tmp_path / "train.parquet").read_bytes() == CONTENT


def pinned(service: StandIn, **changes: Pin) -> Round:
    history, live = numerai.pins(parameters(), 1343)
    return Round(source="numerai", number=1343, history=history | changes, live=live)


def test_what_was_pinned_is_accepted(service: StandIn) -> None:
    numerai.check_pins(parameters(), pinned(service))


@pytest.mark.parametrize("name", ["v5.3/train.parquet", "v5.2/train.parquet"])
def test_pins_of_another_source_or_version_are_refused(service: StandIn, name: str) -> None:
    train = Pin(name=name, size=9, identity="sha256:abc" if name.startswith("v5.3") else "etag:abc")
    with pytest.raises(ConfigurationError, match=r"agree: train must be pinned as data.version .v5.3.*`rounds open`"):
        numerai.check_pins(parameters(), pinned(service, train=train))


@pytest.mark.parametrize(
    ("changes", "roles"),
    [
        ({"version": "v5.2"}, "features, live, live_benchmark_models and 3 more"),
        ({"extra_files": []}, "live_benchmark_models, meta_model"),
        ({"extra_files": [*EXTRAS, "live_example_preds"]}, "live_example_preds"),
    ],
)
def test_pins_of_other_parameters_are_refused(service: StandIn, changes: dict[str, Any], roles: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"do not agree: {roles} must be pinned.*Run `rounds open`"):
        numerai.check_pins(parameters(**changes), pinned(service))


def test_a_round_without_a_needed_file_is_refused(service: StandIn) -> None:
    whole = pinned(service)
    history = {role: pin for role, pin in whole.history.items() if role != "validation"}
    with pytest.raises(ConfigurationError, match="do not agree: validation must be pinned"):
        numerai.check_pins(parameters(), whole.model_copy(update={"history": history}))


def opened(service: StandIn, number: int = 1343, before: Round | None = None) -> Round:
    """What `rounds open` pins for a round."""
    history, live = numerai.pins(parameters(), number, before)
    return Round(source="numerai", number=number, history=history, live=live)


def next_round(service: StandIn) -> None:
    """The service plays round 1344: another live file, and every file in a new folder."""
    service.round_number, service.folder = 1344, "20261125"
    service.files |= {"v5.3/live.parquet": OTHER, "v5.3/live_benchmark_models.parquet": OTHER}


def test_the_next_round_only_brings_its_live_files(service: StandIn) -> None:
    before = opened(service)
    next_round(service)
    after = opened(service, 1344, before)
    assert after.history == before.history
    assert after.live["live"].identity == "etag:" + service.etag("v5.3/live.parquet").strip('"')


def test_yesterdays_live_pin_is_told_from_a_file_that_changed(service: StandIn, tmp_path: Path) -> None:
    before = opened(service)
    next_round(service)
    with pytest.raises(
        GoneError, match=r"v5.3/live.parquet: .* now serves that of round 1344, .* round 1343, .*pinned.*`dvc pull`"
    ):
        numerai.fetch(parameters(), 1343, "live", before.live["live"], tmp_path / "live.parquet")
    with pytest.raises(ClosedError, match=r"round 1343, which is pinned, is over: .*of round 1344 now. `rounds open`"):
        numerai.live_pins(parameters(), 1343, before)
    service.round_number = 1343
    with pytest.raises(GoneError, match=r"live.parquet: the service now serves another version"):
        numerai.fetch(parameters(), 1343, "live", before.live["live"], tmp_path / "live.parquet")


@pytest.mark.parametrize("folder", ["20261124", "20261125"])
def test_a_live_file_that_is_not_yet_the_new_rounds_is_never_pinned(service: StandIn, folder: str) -> None:
    before = opened(service)
    next_round(service)
    service.files["v5.3/live.parquet"], service.folder = CONTENT, folder
    with pytest.raises(ServiceError, match=r"live.parquet is still that of round 1343.*round 1344 yet.*--wait"):
        opened(service, 1344, before)
    next_round(service)
    assert opened(service, 1344, before).live["live"].size == len(OTHER)


def test_between_rounds_the_pinned_one_can_be_pinned_again_while_its_live_file_is_there(service: StandIn) -> None:
    before = opened(service)
    service.round_number = None
    service.folder = "20261125"
    assert opened(service, 1343, before) == before
    with pytest.raises(ClosedError, match="knows no current round"):
        opened(service, 1342, before)
    service.files["v5.3/live.parquet"] = OTHER
    with pytest.raises(ClosedError, match=r"no round is open, and v5.3/live.parquet is not what is pinned for round"):
        opened(service, 1343, before)


def test_a_name_that_is_listed_and_not_there_is_told_soon(service: StandIn) -> None:
    def vanish(operation: str, moment: str) -> None:
        if (operation, moment) == ("listDatasets", "after"):
            service.on_request = None
            del service.files["v5.3/meta_model.parquet"]

    service.on_request = vanish
    with pytest.raises(GoneError, match=r"v5.3/meta_model.parquet: .*403 Forbidden to 3 fresh signatures in a row"):
        numerai.pins(parameters(), 1343)
    asked = service.downloads("v5.3/meta_model.parquet")
    assert len(asked) == len({request.path for request in asked}) == 3


ALWAYS = 100
JSON = {"Content-Type": "application/json"}
QUERY_FAILURES = {
    "500": ([Fault(status=500)] * ALWAYS, "asking the service: .*500 Internal Server Error; given up after 3 attempts"),
    "429": ([Fault(status=429)] * ALWAYS, "429 Too Many Requests; given up after 3 attempts.*check NUMERAI_API_URL"),
    "nothing": ([Fault(cut=-1)] * ALWAYS, "could not be reached, or hung up"),
    "no answer": ([Fault(hold=-1)] * ALWAYS, "gave no answer in time"),
    "broken": ([Fault(cut=5)] * ALWAYS, "broke off"),
    "silence": ([Fault(hold=5)] * ALWAYS, "fell silent"),
    "drip": ([Fault(drip=0.03)] * ALWAYS, "bytes a second"),
    "404": ([Fault(status=404, body=b"<p>", headers={"Content-Type": "text/html"})], "404 Not Found with text/html"),
    "brackets": ([Fault(body=b"[" * 100_000)], "which is no answer to a query"),
    "said twice": ([Fault(body=b'{"data": {"rounds": []}, "data": {}}')], "which is no answer to a query"),
    "html": ([Fault(body=b"<p>", headers={"Content-Type": "text/html"})], "200 OK with text/html, which is no answer"),
    "redirect": ([Fault(status=302, body=b"", headers={"Location": "http://example.org"})], "302 Found with"),
    "empty": ([Fault(body=b"")], "which is no answer to a query"),
    "no json": ([Fault(body=b"{'data'")], "which is no answer to a query"),
    "a list": ([Fault(body=b"[]")], "which is no answer to a query"),
    "no data": ([Fault(body=b'{"data": null}')], "which is no answer to a query"),
    "null": ([Fault(body=b'{"data": {"listDatasets": null}}')], "lists no files"),
    "refused": ([Fault(body=b'{"errors": [{"message": "not\\n now"}]}')], "200 OK: not now"),
    "bad query": (
        [Fault(status=400, body=b'{"errors": {"detail": "no such field"}}')],
        "400 Bad Request: no such field",
    ),
}


@pytest.mark.parametrize("name", QUERY_FAILURES)
def test_a_failed_query_is_a_sentence_and_the_next_one_succeeds(
    service: StandIn, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    service.query_faults, sentence = list(QUERY_FAILURES[name][0]), QUERY_FAILURES[name][1]
    client = Client(limits=QUICK)
    with pytest.raises(ServiceError, match=sentence):
        client.files()
    service.heal()
    assert client.files() == sorted(FILES)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=502),
        Fault(status=429),
        Fault(cut=-1),
        Fault(hold=-1),
        Fault(cut=5),
        Fault(body=b'{"errors": [{"message": "Too many requests"}]}'),
        Fault(body=b'{"errors": [{"message": "Oops", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}], "data": null}'),
    ],
    ids=str,
)
def test_a_query_is_asked_again(service: StandIn, fault: Fault) -> None:
    service.query_faults = [fault, fault]
    assert Client(limits=QUICK).current_round() == 1343


def test_a_service_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMERAI_API_URL", "http://127.0.0.1:9")
    with pytest.raises(ServiceError, match=r"127.0.0.1:9 could not be reached.*Connection refused.*NUMERAI_API_URL"):
        Client(limits=QUICK).files()


BETWEEN_ROUNDS = {
    "empty": b'{"data": {"rounds": []}}',
    "null round": b'{"data": {"rounds": [null]}}',
    "null": b'{"data": {"rounds": null}}',
    "error": b'{"data": null, "errors": [{"message": "Current round not open for submissions"}]}',
    "not found": b'{"data": {"rounds": null}, "errors": [{"message": "Round not found"}]}',
}


@pytest.mark.parametrize("words", ["Internal error while resolving rounds", "a background job failed"])
def test_a_failure_is_not_taken_for_the_time_between_rounds(service: StandIn, words: str) -> None:
    service.query_faults = [Fault(body=f'{{"errors": [{{"message": "{words}"}}]}}'.encode())] * ALWAYS
    with pytest.raises(ServiceError, match=words):
        Client(limits=QUICK).current_round()


@pytest.mark.parametrize("configs", [None, [], [None], [{"name": None}], "garbage"])
def test_a_deadline_does_not_depend_on_what_is_said_of_scores(service: StandIn, configs: Any) -> None:
    service.score_configs[1343] = configs
    client = Client(limits=QUICK)
    assert client.window(1343).is_open
    assert client.score_names(1343) == {}


@pytest.mark.parametrize("name", ["openTime", "closeStakingTime", "closeTime"])
@pytest.mark.parametrize("value", [None, "garbage", 7, "9999-12-31T23:59:59-12:00"])
def test_a_time_that_is_none_is_not_told(service: StandIn, name: str, value: Any) -> None:
    told = {"number": 1343, "openTime": "2000-01-01T12:00:00", "closeStakingTime": "2100-01-01T13:00:00Z"}
    body = json.dumps({"data": {"rounds": [None, told | {name: value}]}}).encode()
    service.query_faults = [Fault(body=body)] * 2
    client = Client(limits=QUICK)
    if name == "closeTime":
        window = client.window(1343)
        assert (window.is_open, window.ends, f"{window.opens:%H:%M %Z}") == (True, None, "12:00 UTC")
    else:
        with pytest.raises(ServiceError, match="does not say when round 1343 opens and closes"):
            client.window(1343)


@pytest.mark.parametrize("zone", ["GMT", "-0000", "+0000"])
def test_the_services_clock_is_utc_wherever_this_machine_is(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = requests.Response()
    answer.headers["Date"] = f"Wed, 25 Nov 2026 12:00:00 {zone}"
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    told = http.date(answer)
    monkeypatch.undo()
    time.tzset()
    assert told == datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.mark.parametrize("name", BETWEEN_ROUNDS)
def test_between_rounds_the_next_one_is_waited_for(service: StandIn, name: str) -> None:
    service.query_faults = [Fault(body=BETWEEN_ROUNDS[name])]
    with pytest.raises(ClosedError, match=r"knows no current round.*run `rounds open` again then"):
        Client().current_round()


def test_numerapis_own_queries_work_through_the_client(service: StandIn) -> None:
    client = Client()
    assert [entry["number"] for entry in client.numerapi.list_rounds(status="open")] == [1343]
    assert client.numerapi.check_round_open()
    assert service.requests[0].body["variables"] == {
        "tournament": 8, "number": None, "target": None, "status": "OPEN", "limit": None
    }  # fmt: skip
    service.query_faults = [Fault(body=BETWEEN_ROUNDS["error"])]
    assert not client.numerapi.check_round_open()


def test_the_client_has_what_numerapi_expects_and_changes_nothing_else(
    service: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("NUMERAI_PUBLIC_ID=of-the-env-file\nNUMERAI_SECRET_KEY=topsecret\n")
    monkeypatch.setenv("NUMERAI_PUBLIC_ID", "half-a-credential")
    handlers = list(logging.root.handlers)
    client = Client()
    assert logging.root.handlers == handlers
    assert client.token is None
    monkeypatch.setattr(logging, "basicConfig", lambda **_: None)
    original = numerapi.NumerAPI("id", "key")
    assert vars(original).keys() <= vars(client.numerapi).keys()
    assert original.tournament_id == client.numerapi.tournament_id == client.tournament_id


@pytest.mark.parametrize("before", [0, 280, 295, 299])
def test_no_part_of_a_key_that_the_service_repeats_is_shown(service: StandIn, before: int) -> None:
    key = "K3Y-OF-NOBODY"
    service.query_faults = [Fault(body=json.dumps({"errors": [{"message": "x" * before + key}]}).encode())]
    with pytest.raises(RefusedError) as stopped:
        Client(("PUBLIC", key)).files()
    assert "K" not in str(stopped.value).partition(": ")[2]


def test_credentials_are_sent_where_they_belong_and_never_shown(
    service: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ConfigurationError, match="needs API keys"):
        Client(limits=QUICK).numerapi.get_account()
    service.query_faults = [Fault(status=500)] * ALWAYS
    with pytest.raises(ServiceError, match="500") as failure:
        Client(("public", "topsecret"), QUICK).numerapi.get_account()
    assert service.requests[-1].headers["Authorization"] == "Token public$topsecret"
    assert "topsecret" not in str(failure.value) + capsys.readouterr().err


def test_netrc_never_takes_the_place_of_a_token_or_signature(
    service: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("default login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with pytest.raises(ServiceError):
        Client(("public", "topsecret"), QUICK).numerapi.get_account()
    assert service.requests[-1].headers["Authorization"] == "Token public$topsecret"
    history, _ = numerai.pins(parameters(), 1343)
    moved = Fault(status=302, headers={"Location": service.signed("v5.3/train.parquet")})
    service.file_faults = [moved]
    numerai.fetch(parameters(), 1343, "train", history["train"], tmp_path / "train.parquet")
    assert not any("Authorization" in request.headers for request in service.downloads("v5.3/train.parquet"))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://api.example.org/", "'http' to 'api.example.org'"),
        ("http://me:topsecret@api.example.org", "'http' to 'api.example.org'"),
        ("ftp://127.0.0.1", "'ftp' to '127.0.0.1'"),
        ("http://127.0.0.1.example.org", "'http' to '127.0.0.1.example.org'"),
        ("api.example.org", "must be an https address"),
        ("https://", "must be an https address"),
        ("http://127.0.0.1:99999", "to .127.0.0.1:99999."),
        ("http://127.0.0.1:1:2", "must be an https address"),
    ],
)
def test_only_tls_or_this_machine_will_do(monkeypatch: pytest.MonkeyPatch, url: str, shown: str) -> None:
    monkeypatch.setenv("NUMERAI_API_URL", url)
    with pytest.raises(ConfigurationError, match=shown) as failure:
        Client()
    assert "topsecret" not in str(failure.value)


@pytest.mark.parametrize("url", ["https://api.example.org", "http://localhost:8000", "http://[::1]:8000", ""])
def test_safe_addresses_are_accepted(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("NUMERAI_API_URL", url)
    assert Client().host == http.host(url or base_api.API_TOURNAMENT_URL)


def test_a_refusal_is_one_of_the_projects_errors() -> None:
    assert issubclass(RefusedError, RoundsError)
    assert RefusedError.exit_code == ServiceError.exit_code
