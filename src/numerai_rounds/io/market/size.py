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

LACKS_META_MODEL, META_MODEL_ERAS = 85, 52
"""Percent of the resolved eras that the meta model lacks, the oldest; it covers a year of them at least."""

FEWEST, MOST = 20, 10_000
"""Features of a market."""

FIRST_ERA = 34
"""Percent of a late era's rows that the first has: 2,314 of 6,700 in v5.3."""

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
    """Rows of a late era. The first has a third of them, and the number grows over two thirds of the train eras."""
    first_round: Annotated[int, Field(ge=1)]
    features_json: str | None = None
    """A features.json whose names, sets and targets the market has, relative to the root or absolute; null: its own."""

    @property
    def last_round(self) -> int:
        """The last round of the market."""
        return self.first_round + ROUNDS_PER_ERA * WEEKS - 1

    @property
    def first_meta_model_era(self) -> int:
        """The first era that the meta model covers, in every round.

        It has the newest 15 % of the eras that are resolved in the first round, as the real one does, and at least a
        year of them: fewer of a 60-day target are too few for an interval. A shorter validation is covered whole.
        """
        resolved = self.validation_eras
        return self.train_eras + max(0, min(resolved * LACKS_META_MODEL // 100, resolved - META_MODEL_ERAS)) + 1

    def rows(self, era: int) -> int:
        """Number of rows of an era."""
        grown = max(1, 2 * self.train_eras // 3)
        return self.rows_per_era * (FIRST_ERA * grown + (100 - FIRST_ERA) * min(grown, era - 1)) // (100 * grown)

    def newest(self, number: int) -> int:
        """The newest era of the validation file in a round."""
        weeks = (number - self.first_round) // ROUNDS_PER_ERA
        return self.train_eras + self.validation_eras + self.test_eras + weeks

    def live(self, number: int) -> "Era":
        """The live era of a round: the next era of history in every fifth round, an era of its own in the others."""
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
