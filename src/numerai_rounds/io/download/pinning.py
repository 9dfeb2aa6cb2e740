"""Pins of served files, which last while the content does: a new ETag alone makes no other file."""

from collections.abc import Callable

from numerai_rounds.base.params import Pin
from numerai_rounds.io import console
from numerai_rounds.io.download import proofs, transfer
from numerai_rounds.io.service.http import Limits


def pin(name: str, address: Callable[[], str], before: Pin | None, limits: Limits | None = None) -> Pin:
    """The pin of the file that is served as `name` now: that of `before`, if it is the same file.

    It is the same under the same identity, and under another one if size and proof are equal. A pin without a proof
    gets one while its identity still holds. ServiceError where the service does not answer.
    """
    now = transfer.identify(name, address, limits)
    if before is not None and before.known == now.known and before.proof:
        return before
    is_moved = before is not None and before.name == name and before.size == now.size and before.proof is not None
    now = now.model_copy(update={"proof": proofs.of_served(now, address, limits)})
    if before is None or not is_moved or now.proof is None:
        return now
    if now.proof != before.proof:
        console.say(f"{name} holds something else than what was pinned.")
        return now
    console.say(f"{name} is the file that was pinned, under a new identity: the pin stays.")
    return before
