"""What `fetch` noted beside its files: where a note is broken, the data are refused in a sentence."""

import json

import pytest

from numerai_rounds.base.errors import DataError
from numerai_rounds.base.params import Pin, Round
from numerai_rounds.io.files import paths
from numerai_rounds.io.history import fetched, pinned_files

PIN = Pin(name="live.parquet", size=None, identity="etag:1")


@pytest.mark.parametrize("claim", [None, "live", ["pin"], 7, {}, {"pin": None}])
def test_a_claim_that_is_none_is_of_another_file(claim: object) -> None:
    paths.LIVE.mkdir(parents=True)
    manifest = paths.LIVE / fetched.MANIFEST
    manifest.write_text(json.dumps({"files": {"live": claim}}))
    opened = Round.model_construct(source="numerai", number=1400, live={"live": PIN}, history={})
    with pytest.raises(DataError, match=r"data/raw/live is not of what conf/round\.yaml pins for round 1400"):
        pinned_files.refuse_other("live", opened)
    manifest.write_text(json.dumps({"files": {"live": {"pin": PIN.known}}}))
    pinned_files.refuse_other("live", opened)
