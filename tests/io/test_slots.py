"""Which live file an experiment was run on."""

import pytest

from numerai_rounds.base.params import Pin, Round
from numerai_rounds.play import slots

LIVE = {"name": "v5.3/live.parquet", "size": 7, "identity": "etag:a"}
PROVED = LIVE | {"proof": f"whole:{'0' * 64}"}


@pytest.mark.parametrize(
    ("then", "now", "same"),
    [
        ({"live": LIVE}, LIVE, True),
        ({"live": LIVE}, PROVED, True),
        ({"live": PROVED}, LIVE, True),
        ({"live": LIVE | {"identity": "etag:b"}}, LIVE, False),
        ({"live": LIVE, "live_example_preds": LIVE}, LIVE, False),
        ({"live": "no pin"}, LIVE, False),
        ({}, LIVE, False),
        (None, LIVE, False),
    ],
)
def test_pins_are_of_the_same_file_whatever_is_proved_of_it(then: object, now: dict[str, object], same: bool) -> None:
    pinned = Round(source="numerai", number=1343, history={}, live={"live": Pin.model_validate(now)})
    assert slots.are_of(then, pinned) is same
