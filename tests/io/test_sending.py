"""What is read back from a signed address."""

import pytest

from numerai_rounds.base.errors import GoneError
from numerai_rounds.io.service import sending
from numerai_rounds.io.service.http import Limits
from tests.service.stand_in import Fault, StandIn

NAME = "v5.3/features.json"
QUICK = Limits(attempts=8, sleep=lambda _: None)


def test_an_expired_signature_is_renewed() -> None:
    with StandIn({NAME: b"{}"}) as service:
        service.file_faults = [Fault(status=403), Fault(status=403)]
        assert sending.fetch_bytes(lambda: service.signed(NAME), QUICK) == b"{}"


def test_what_is_not_there_is_told_after_a_few_signatures() -> None:
    with StandIn({}) as service:
        with pytest.raises(GoneError, match=r"403 Forbidden to 3 fresh signatures in a row, so it is not there"):
            sending.fetch_bytes(lambda: service.signed(NAME), QUICK)
        assert len(service.requests) == 3
