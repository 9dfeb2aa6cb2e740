"""Where data comes from. One file is one source, found by its name: see `Source`.

Every stage loads the source in use to check its parameters, so what is heavy is imported where it is needed.
"""

from pathlib import Path
from typing import Protocol, TypeVar

from numerai_rounds.base.eras import CadenceName
from numerai_rounds.base.params import DataSection, Payout, Pin, Round

P = TypeVar("P", bound=DataSection)


class Source(Protocol[P]):
    """What each module here defines.

    `pinned` is the round in conf/round.yaml, None where there is none of this source; in `pins` and `live_pins` it may
    be left out. Files are named by their role (`base.roles`).
    """

    Params: type[P]
    """With `kind: Literal["<its name>"]`."""

    def current_round(self, params: P, pinned: Round | None) -> int | None:
        """The number of the round that is on; None if a source has no rounds, a ClosedError between them."""

    def is_open(self, params: P, number: int | None) -> bool:
        """Whether submissions to a round are taken."""

    def pins(self, params: P, number: int | None, pinned: Round | None = None) -> tuple[dict[str, Pin], dict[str, Pin]]:
        """The files of the history and of the live era as they are now; one that is the pinned one keeps its pin."""

    def live_pins(self, params: P, number: int | None, pinned: Round | None = None) -> dict[str, Pin]:
        """The live part of `pins`."""

    def payout(self, params: P, number: int | None) -> Payout | None:
        """How a round pays; None if nobody pays, or in a way that is not known."""

    def cadence(self, params: P) -> CadenceName:
        """How far apart eras are."""

    def check_pins(self, params: P, pinned: Round) -> None:
        """Refuse pins of other parameters with a ConfigurationError."""

    def fetch(self, params: P, number: int | None, role: str, pin: Pin, destination: Path) -> None:
        """Write the pinned file and no other at `destination`, whole or not at all."""
