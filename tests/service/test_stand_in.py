"""The stand-in as numerapi's own methods see it: what they ask for is answered in the shapes that they read."""

import io
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import numerapi
import numpy as np
import pandas as pd
import pytest
import requests
from numerapi import base_api

from tests.conftest import ROOT
from tests.service.stand_in import Fault, StandIn, live_score, self_signed

ROUND = 1343
IDS = [f"n{number:03}" for number in range(20)]
GOOD = pd.DataFrame({"id": IDS, "prediction": np.linspace(0.1, 0.9, len(IDS))})
MINE = "model-mine-id"


def live() -> bytes:
    file = io.BytesIO()
    pd.DataFrame({"feature_able": 2}, index=pd.Index(IDS, name="id")).to_parquet(file)
    return file.getvalue()


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with StandIn({"v5.3/live.parquet": live()}, ROUND) as running:
        monkeypatch.setattr(base_api, "API_TOURNAMENT_URL", running.url)
        yield running


@pytest.fixture
def api(service: StandIn) -> numerapi.NumerAPI:
    return numerapi.NumerAPI(*service.keys, verbosity="CRITICAL", show_progress_bars=False)


def send(api: numerapi.NumerAPI, table: pd.DataFrame = GOOD) -> str:
    return api.upload_predictions("round.csv", model_id=MINE, df=table)


def test_an_account_tells_its_models_to_those_who_have_its_keys(service: StandIn, api: numerapi.NumerAPI) -> None:
    assert api.get_models() == service.models
    assert api.get_models(tournament=11) == {"signals_one": "model-signals-id"}
    account = api.get_account()
    assert isinstance(account["insertedAt"], datetime)
    assert service.keys[1] not in str(account)
    api.token = ("PUBLIC", "WRONG")
    for ask in (api.get_models, api.model_upload_data_versions, lambda: api.submission_ids(MINE), lambda: send(api)):
        with pytest.raises(ValueError, match="Your session is invalid or has expired"):
            ask()
    assert api.get_current_round() == ROUND
    assert api.list_datasets() == sorted(service.files)


def test_a_submission_is_taken_listed_counted_and_given_back(
    service: StandIn, api: numerapi.NumerAPI, tmp_path: Path
) -> None:
    first, second = send(api), send(api, GOOD.assign(prediction=1 - GOOD["prediction"]))
    assert [entry["id"] for entry in api.submission_ids(MINE)] == [second, first]
    assert [entry.selected for entry in service.submissions] == [False, True]
    (counting,) = api.get_submission_filenames(tournament=8, round_num=ROUND, model_id=MINE)
    assert counting["filename"] == service.submissions[1].filename
    assert counting["filename"].startswith("round-")
    path = api.download_submission(first, dest_path=str(tmp_path / "copy.csv"))
    assert Path(path).read_bytes() == service.submissions[0].content == GOOD.to_csv(index=False).encode()
    assert api.submission_ids("model-other-id") == []


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        (GOOD.rename(columns={"prediction": "value"}), "invalid_submission_headers"),
        (GOOD[1:], "invalid_submission_ids"),
        (pd.concat([GOOD, GOOD[:1]]), "invalid_submission_ids: Duplicates detected"),
        (GOOD.assign(prediction=GOOD["prediction"] * 2), "invalid_submission_values"),
        (GOOD.assign(prediction=GOOD["prediction"].where(GOOD["id"] != IDS[3])), "invalid_submission_values"),
        (GOOD.assign(prediction=0.5), "invalid_submission_values"),
    ],
)
def test_a_submission_is_checked(service: StandIn, api: numerapi.NumerAPI, table: pd.DataFrame, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        send(api, table)
    assert service.submissions == []
    service.files = {"v5.3/live.parquet": b"unreadable"}
    send(api, table)


def test_addresses_are_signed_for_one_method(service: StandIn, api: numerapi.NumerAPI) -> None:
    url = api._upload_auth("submission_upload_auth", "round.csv", 8, MINE)["url"]
    refused = requests.put(url.replace("secret", "guessed"), data=b"x", timeout=5)
    assert (refused.status_code, refused.headers["Content-Type"]) == (403, "application/xml")
    assert requests.get(url, timeout=5).status_code == 403
    assert requests.put(url, data=iter([b"x"]), timeout=5).status_code == 411
    assert service.uploads == {}
    assert requests.put(url, data=b"x", timeout=5).headers["ETag"].strip('"')
    assert list(service.uploads.values()) == [b"x"]


def test_listings_lag(service: StandIn, api: numerapi.NumerAPI) -> None:
    first = send(api)
    assert [entry["id"] for entry in api.submission_ids(MINE)] == [first]
    service.shown_after, service.selected_after = 1, 2
    second = send(api)
    assert [entry["id"] for entry in api.submission_ids(MINE)] == [first]
    assert [entry["id"] for entry in api.submission_ids(MINE)] == [second, first]
    assert [entry["filename"] for entry in api.get_submission_filenames(model_id=MINE)] == [
        service.submissions[1].filename
    ]


def test_rounds_open_and_close_by_the_clock_of_the_service(service: StandIn, api: numerapi.NumerAPI) -> None:
    now = datetime(2030, 5, 1, 12, 30, tzinfo=UTC)
    service.opens, service.closes = now - timedelta(hours=1), now + timedelta(hours=1)
    service.clock = lambda: now
    (entry,) = api.list_rounds(status="open")
    assert (entry["openTime"], entry["closeStakingTime"]) == (service.opens, service.closes)
    assert parsedate_to_datetime(requests.head(service.url, timeout=5).headers["Date"]) == now
    assert [found["closeTime"].year for found in api.list_rounds(number=ROUND - 1)] == [2000]
    for hours, status in ((-2, "upcoming"), (2, "resolving")):
        service.clock = lambda hours=hours: now + timedelta(hours=hours)
        assert api.list_rounds(status="open") == []
        assert [found["number"] for found in api.list_rounds(status=status)] == [ROUND]
        assert api.get_current_round() == ROUND
    service.clock = lambda: now + timedelta(hours=26)
    with pytest.raises(ValueError, match="Current round not open for submissions"):
        api.get_current_round()
    service.between = "null"
    assert api.get_current_round() is None
    with pytest.raises(ValueError, match="Current round not open for submissions"):
        send(api)


def test_a_late_submission_is_queued_for_the_next_round_unless_that_has_one_on_time(
    service: StandIn, api: numerapi.NumerAPI
) -> None:
    now = datetime(2030, 5, 1, 12, 30, tzinfo=UTC)
    service.opens, service.closes = now - timedelta(hours=2), now - timedelta(hours=1)
    service.clock = lambda: now
    service.late = False
    with pytest.raises(ValueError, match="Current round not open for submissions"):
        send(api)
    service.late = True
    send(api)
    (late,) = service.submissions
    assert (late.inserted_at, late.round, late.queued) == (now, ROUND + 1, True)
    assert [found["round_num"] for found in api.get_submission_filenames(model_id=MINE)] == [ROUND + 1]
    (entry,) = api.list_rounds(number=ROUND)
    assert entry["closeTime"] - entry["closeStakingTime"] == timedelta(days=1)
    service.round_number, service.closes = ROUND + 1, now + timedelta(hours=1)
    service.files[f"v5.3/live_{ROUND + 1}.parquet"] = live()
    send(api)
    (counting,) = api.get_submission_filenames(model_id=MINE)
    assert counting["filename"] == service.submissions[1].filename


def test_a_key_opens_what_its_scopes_say(service: StandIn, api: numerapi.NumerAPI) -> None:
    asked = "query { apiTokenInfo { name publicId scopes } }"
    assert set(api.raw_query(asked, authorization=True)["data"]["apiTokenInfo"]["scopes"]) >= {"download_submission"}
    made = send(api)
    service.scopes = ["upload_submission"]
    send(api)
    for ask, scope in (
        (lambda: api.submission_ids(MINE), "read_submission_info"),
        (api.get_models, "read_user_info"),
        (lambda: api.download_submission(made), "download_submission"),
    ):
        with pytest.raises(ValueError, match=scope):
            ask()


def test_what_rounds_pay_for_is_told_as_their_time_had_it(service: StandIn, api: numerapi.NumerAPI) -> None:
    paid = {}
    for number in (1000, 1200, ROUND):
        (entry,) = api.list_rounds(number=number)
        configs = entry["roundScoreConfigs"]
        assert {config["displayName"] for config in configs} == {"v2_corr20", "mmc", "corr60", "mmc60", "bmc", "fnc_v3"}
        assert all(isinstance(config["payoutFactor"], str) for config in configs)
        assert all(config["isPayout"] or config["defaultMultiplier"] == 0.0 for config in configs)
        paid[entry["target"]] = [config["defaultMultiplier"] for config in configs if config["isPayout"]]
    assert paid == {"target_cyrusd_20": [0.5, 2.0], "target_ender_20": [0.75, 2.25], "target_ender_60": [3.0, 15.0]}


def test_live_scores_are_filtered_as_asked(service: StandIn, api: numerapi.NumerAPI) -> None:
    service.scores = [
        live_score(MINE, number, name, 0.01, day, resolved=day == 20)
        for number in (1340, 1341)
        for name in ("v2_corr20", "bmc")
        for day in (1, 20)
    ]
    with pytest.raises(ValueError, match="timed out"):
        api.submission_scores(MINE)
    assert len(api.submission_scores(MINE, display_name="bmc")) == 4
    assert api.submission_scores("model-other-id", distinct_on_round=True) == []
    latest = api.submission_scores(MINE, distinct_on_round=True)
    assert [(score["roundNumber"], score["day"]) for score in latest] == [
        (1340, 20),
        (1340, 20),
        (1341, 20),
        (1341, 20),
    ]
    (score,) = api.submission_scores(MINE, display_name="bmc", day=1, resolved=False, last_n_rounds=1)
    assert (score["roundNumber"], score["version"]) == (1341, "3")
    assert isinstance(score["date"], datetime)


def test_a_pickled_model_is_taken(service: StandIn, api: numerapi.NumerAPI, tmp_path: Path) -> None:
    (tmp_path / "predict.pkl").write_bytes(b"pickle")
    made = api.model_upload(
        str(tmp_path / "predict.pkl"), model_id=MINE, data_version="v5.3", docker_image="Python 3.11"
    )
    (pickle,) = service.pickles
    assert (pickle["id"], pickle["content"], pickle["model_id"]) == (made, b"pickle", MINE)
    assert pickle["docker_image"] == service.docker_images["Python 3.11"]
    query = "query { computePickles { id validationStatus } }"
    seen = [
        api.raw_query(query, {"modelId": MINE}, authorization=True)["data"]["computePickles"][0]["validationStatus"]
        for _ in range(2)
    ]
    assert seen == ["pending", "validated"]
    assigned = api.raw_query(
        "mutation { assignPickleToModel }", {"modelId": MINE, "pickleId": made}, authorization=True
    )
    assert assigned["data"]["assignPickleToModel"] is True
    models = api.raw_query("query { account { models { id } } }", authorization=True)["data"]["account"]["models"]
    assert {model["id"]: model["computePickleUpload"] for model in models}[MINE] == {"id": made}
    with pytest.raises(ValueError, match="active model upload"):
        send(api)


def test_a_fault_comes_after_what_was_asked_or_in_its_place(service: StandIn, api: numerapi.NumerAPI) -> None:
    lost = Fault(body=b'{"errors": [{"message": "lost"}]}')
    seen: list[tuple[str, str]] = []
    service.on_request = lambda operation, when: seen.append((operation, when))
    for undone in (False, True):
        service.faults["create_submission"] = [Fault(body=lost.body, undone=undone)]
        with pytest.raises(ValueError, match="lost"):
            send(api)
        assert len(service.submissions) == 1
    assert seen[-1] == ("create_submission", "before")
    assert ("create_submission", "after") in seen
    service.faults["PUT"] = [Fault(undone=True)]
    with pytest.raises(ValueError, match="No such file"):
        send(api)
    service.faults["PUT"] = [Fault(status=503)]
    service.heal()
    send(api)
    assert len(service.submissions) == 2


@pytest.mark.parametrize(
    ("fault", "arrives"),
    [
        (Fault(cut_request=1000), False),
        (Fault(cut=5, undone=True), False),
        (Fault(cut=-1, undone=True), False),
        (Fault(cut=-1), True),
    ],
    ids=str,
)
def test_a_put_can_be_lost_on_either_way(service: StandIn, api: numerapi.NumerAPI, fault: Fault, arrives: bool) -> None:
    url = api._upload_auth("submission_upload_auth", "round.csv", 8, MINE)["url"]
    service.faults["PUT"] = [fault]
    with pytest.raises(requests.ConnectionError):
        requests.put(url, data=bytes(5_000_000), timeout=5)
    assert bool(service.uploads) is arrives


def test_an_error_of_a_hook_is_not_silent() -> None:
    def fail(operation: str, when: str) -> None:
        raise AssertionError(operation)

    service = StandIn({"v5.3/a": b"a"}).__enter__()
    service.on_request = fail
    with pytest.raises(requests.ConnectionError):
        requests.get(service.signed("v5.3/a"), timeout=5)
    with pytest.raises(AssertionError, match="GET"):
        service.__exit__(None, None, None)


def test_tls_is_spoken_under_a_certificate_of_its_own(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    with StandIn({"v5.3/a": b"a"}, certificate=(certificate, key)) as service:
        assert service.url.startswith("https://127.0.0.1:")
        assert requests.get(service.signed("v5.3/a"), verify=str(certificate), timeout=5).content == b"a"
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(service.signed("v5.3/a"), timeout=5)


def test_a_person_can_start_it(tmp_path: Path) -> None:
    (tmp_path / "live.parquet").write_bytes(live())
    command = ["-m", "tests.service.stand_in", str(tmp_path), "--port", "0", "--public", "ME", "--secret", "MINE"]
    with subprocess.Popen([sys.executable, *command], cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        said = [running.stdout.readline().strip() for _ in range(4)]
        said_to_set = dict(line.removeprefix("export ").split("=") for line in said[:3])
        assert all(line.startswith("export ") for line in said[:3])
        query = {"query": "query { account { models { id name } } }", "variables": None}
        answered = requests.post(
            said_to_set["NUMERAI_API_URL"], json=query, headers={"Authorization": "Token ME$MINE"}, timeout=5
        )
        running.terminate()
    assert list(said_to_set) == ["NUMERAI_API_URL", "NUMERAI_PUBLIC_ID", "NUMERAI_SECRET_KEY"]
    assert answered.json()["data"]["account"]["models"][0]["name"] == "mine"
