"""Faults that every transfer has to survive."""

from collections.abc import Iterable, Sequence

import pytest

from tests.service.stand_in import Fault

HTML = {"Content-Type": "text/html"}
PAGE = b"<html>maintenance</html>"

PASSING = {
    "a hang-up": [Fault(cut=-1)],
    "a drop in the middle": [Fault(cut=5)],
    "500 twice": [Fault(status=500), Fault(status=500)],
    "429 with Retry-After": [Fault(status=429, headers={"Retry-After": "1"})],
    "silence": [Fault(hold=3)],
    "a slow drip": [Fault(drip=0.02)],
}
"""Faults that pass: the same run goes on."""
LASTING = {
    "a page of HTML": [Fault(body=PAGE, headers=HTML)] * 9,
    "half an answer": [Fault(body=b'{"data": {')] * 9,
    "a GraphQL error": [Fault(body=b'{"errors": [{"message": "Internal server error"}], "data": null}')] * 9,
    "null": [Fault(body=b'{"data": null}')] * 9,
    "other things": [Fault(body=b'{"data": {"surprise": [null, {}, 3]}}')] * 9,
    "an outage": [Fault(status=503)] * 99,
}
"""Faults that may end the run."""

XML = {"Content-Type": "application/xml"}
OF_STORAGE = {
    "404": [Fault(status=404, body=b"<Error>NoSuchKey</Error>", headers=XML)] * 9,
    "403": [Fault(status=403, body=b"<Error>AccessDenied</Error>", headers=XML)] * 9,
}
"""Those that signed addresses have of their own."""

TOLD_APART = ("null", "a GraphQL error")
"""Answers that each operation reads in a way of its own, which defects were found in: all are tried."""


def some(
    cases: Sequence[tuple[object, ...]], faults: Iterable[str], *, whole: Sequence[tuple[object, ...]] = ()
) -> list:
    """Each case with each fault; those that `make test` leaves out are marked.

    It has every fault of the cases that are `whole`, every case with the answers that are told apart, and else
    each case with every third fault, another third for the next case.
    """
    product = []
    for row, case in enumerate(cases):
        for column, fault in enumerate(faults):
            kept = case in whole or fault in TOLD_APART or (row + column) % 3 == 0
            product.append(pytest.param(*case, fault, marks=() if kept else pytest.mark.exhaustive))
    return product
