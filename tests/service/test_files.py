"""Files of the stand-in are as the service's: every name is signed, what is gone is refused, and ETags move."""

import hashlib

import requests

from tests.service.stand_in import StandIn

NAME = "v5.3/live.parquet"


def test_what_is_gone_is_signed_and_refused() -> None:
    with StandIn({}) as service:
        answer = requests.get(service.signed(NAME), timeout=5)
    assert (answer.status_code, answer.headers["Content-Type"]) == (403, "application/xml")
    assert b"AccessDenied" in answer.content


def test_an_etag_is_no_hash_of_the_content_and_another_one_in_each_folder() -> None:
    with StandIn({NAME: b"content"}) as service:
        before, address = service.etag(NAME), service.signed(NAME)
        service.folder = "20261125"
        assert requests.get(service.signed(NAME), timeout=5).headers["ETag"] == service.etag(NAME) != before
        assert requests.get(address, timeout=5).status_code == 403
    assert hashlib.md5(b"content", usedforsecurity=False).hexdigest() not in before
