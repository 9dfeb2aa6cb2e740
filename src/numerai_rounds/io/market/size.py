"""How large the market is and how its eras lie in time."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from numerai_rounds.base.columns import TEST, TRAIN, VALIDATION
from numerai_rounds.base.params import Section

ROUNDS_PER_ERA = 5
"""A round opens on each business day; every fifth one begins a new era."""

WEEKS = 520
"""Ten years: as long as the market goes on. Each week adds an era, and every round makes all of them."""

RESOLVES_AFTER_20 = 5
"""Eras until a target of 20 business days is known. One of 60 days is known after `test_eras`."""

FEATURES = 400
"""Of a market that is not told how many."""

FEWEST, MOST = 20, 10_000
"""Features of a market."""

ROWS_AT = (33, 70, 79, 100)
"""Percent of the newest eras' rows: in the first era, after a quarter of the train eras, after all of them, and in the
newest era of the first round. In v5.3: 2,314, 5,000, 5,600 and 7,100."""

META_SHARE, META_ERAS = 15, 52
"""The meta model covers so many percent of the resolved validation eras of the first round, a year of them at least."""

BETWEEN_ERAS = 2**31
"""Draws of a live era that never becomes history are keyed from here on, far from every era's number."""


class Market(Section):
    """Parameters of the synthetic market; everything in it follows from them."""

    seed: Annotated[int, Field(ge=0, lt=2**31)]
    features: Annotated[int, Field(ge=FEWEST, le=MOST)] | None
    """Null: 400, or as many as `features_json` names."""
    train_eras: Annotated[int, Field(ge=5, le=4_000)]
    validation_eras: Annotated[int, Field(ge=1, le=4_000)]
    """Resolved eras of the validation file in the first round."""
    test_eras: Annotated[int, Field(ge=RESOLVES_AFTER_20, le=100)]
    """Newest eras of the validation file, not yet resolved."""
    rows_per_era: Annotated[int, Field(ge=20, le=1_000_000)]
    """Rows of the newest eras. The first has a third of them; the number grows fast at first, then slowly."""
    first_round: Annotated[int, Field(ge=1)]
    features_json: str | None = None
    """A features.json whose names, sets and targets the market has, relative to the root or absolute; null: its own."""

    @property
    def last_round(self) -> int:
        """The last round of the market."""
        return self.first_round + ROUNDS_PER_ERA * WEEKS - 1

    @property
    def first_meta_model_era(self) -> int:
        """The first era that the meta model covers."""
        left_out = max(0, self.validation_eras - max(META_ERAS, self.validation_eras * META_SHARE // 100))
        return self.train_eras + left_out + 1

    def rows(self, era: int) -> int:
        """Number of rows of an era."""
        newest = self.newest(self.first_round)
        places = (1, max(2, self.train_eras // 4), self.train_eras, newest)
        if era >= newest:
            return self.rows_per_era
        part = max(place for place in range(3) if places[place] <= era)
        (start, end), (low, high) = places[part : part + 2], ROWS_AT[part : part + 2]
        span = max(1, end - start)
        return self.rows_per_era * (low * span + (high - low) * (era - start)) // (100 * span)

    def newest(self, number: int) -> int:
        """The newest era of the validation file in a round."""
        weeks = (number - self.first_round) // ROUNDS_PER_ERA
        return self.train_eras + self.validation_eras + self.test_eras + weeks

    def live(self, number: int) -> "Era":
        """The live era of a round: the next era of history in every fifth round, another draw of it in the others."""
        becomes_history = (number - self.first_round) % ROUNDS_PER_ERA == 0
        era = self.newest(number) + 1
        return Era(era, self.rows(era), key=era if becomes_history else BETWEEN_ERAS + number)

    def eras(self, first: int, last: int) -> list["Era"]:
        """Eras of history from `first` to `last`, both included."""
        return [Era(era, self.rows(era), key=era) for era in range(first, last + 1)]

    def data_type(self, era: int, newest: int) -> str:
        """`train`, `validation`, or `test` while not yet resolved."""
        if era <= self.train_eras:
            return TRAIN
        return TEST if era > newest - self.test_eras else VALIDATION

    def resolved(self, era: int, newest: int, horizon: int) -> bool:
        """Whether a target that looks 20 or 60 business days ahead is known."""
        return era <= newest - (RESOLVES_AFTER_20 if horizon == 20 else self.test_eras)


@dataclass(frozen=True)
class Era:
    """One cross-section of the market: its place in time, its size, and the key of its draws."""

    number: int
    rows: int
    key: int

    @property
    def label(self) -> str:
        """The era as the files of history spell it: `0575`."""
        return f"{self.number:04d}"
