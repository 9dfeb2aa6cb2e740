"""Every error that a user can meet, and the exit code of the process that ends with it.

RoundsError              1
├── ConfigurationError   2   conf/, params.yaml or an override is wrong: change it
│   └── BarredError          the service refuses until a person changes something there
│       └── KeysError            the API keys, or what they allow
├── DataError            3   the data breaks the tournament's rules: do not use it
│   ├── StaleError           the submission is not of the live data served now: predict again
│   └── DamagedError         a file is not what its stage wrote: `rounds mend` puts it right
├── ServiceError         4   the service did not answer as it should: try again
│   ├── TransientError       another attempt may help; raised and caught inside one request
│   │   └── ForbiddenError       the signature has expired, or what was asked for is gone
│   ├── GoneError            what is pinned is not served any more: restore it, or pin what is
│   └── RefusedError         the service said why it will not answer
├── MachineError         5   this machine lacks disk, memory or a permission
├── ClosedError          6   the round is not open: there is nothing to do before the next one
└── BusyError            7   another run, or DVC, is at work in this repository: wait for it

A message says what was found, where, what was expected, and what to do about it.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class RoundsError(Exception):
    """Base of all errors that are shown as one sentence, without a traceback."""

    exit_code = 1


class ConfigurationError(RoundsError):
    """The configuration cannot be used as it is."""

    exit_code = 2


class BarredError(ConfigurationError):
    """The service refuses until a person changes something there: neither another attempt nor another file helps."""


class KeysError(BarredError):
    """The service refuses the API keys, or what they allow."""


class DataError(RoundsError):
    """Data breaks the schema or the rules of the tournament."""

    exit_code = 3


class StaleError(DataError):
    """The submission was made from other live data than what is served now."""


class DamagedError(DataError):
    """A file is not what its stage wrote."""


class ServiceError(RoundsError):
    """The service is unreachable, refused, or answered with something else."""

    exit_code = 4


class TransientError(ServiceError):
    """A failure that another attempt may mend; it never ends a command."""

    def __init__(self, message: str, wait: float = 0.0) -> None:
        """`wait` is the number of seconds that the server asked for."""
        super().__init__(message)
        self.wait = wait


class ForbiddenError(TransientError):
    """Storage refused a signed address: its signature has expired, or nothing is there any more."""

    def __init__(self, message: str, remedy: str) -> None:
        """`remedy` is what to do if fresh signatures do not help."""
        super().__init__(message)
        self.remedy = remedy


class GoneError(ServiceError):
    """What is pinned, or was listed, is not served any more."""


class RefusedError(ServiceError, ValueError):
    """The service understood a query and refused it; a ValueError because numerapi's own methods expect one."""

    def __init__(self, message: str, words: str | None = None, *, partly: bool = False) -> None:
        """`words` are the service's own in `message`, all of it without any; `partly`: it did, or told, something."""
        super().__init__(message)
        self.words = message if words is None else words
        self.partly = partly


class MachineError(RoundsError):
    """The machine cannot do what was asked: no disk space, no permission."""

    exit_code = 5


class ClosedError(RoundsError):
    """The service does not take submissions for the round now."""

    exit_code = 6


class BusyError(RoundsError):
    """Another process works on this repository."""

    exit_code = 7


def one_of(found: object, allowed: Iterable[object]) -> str:
    """The end of a sentence about a wrong name: the nearest allowed one, the first few, or that there is none.

    `allowed` must hold what the refusing check takes and nothing else. What was found is never suggested: it was
    refused, whatever `allowed` says.
    """
    names = {str(name) for name in allowed} - {str(found)}
    near = nearest(found, names)
    return f"did you mean {near!r}?" if near is not None else there_are(names)


def there_are(names: Iterable[str]) -> str:
    """The end of a sentence about what can be chosen: the first few, in order of name, or that there is none."""
    every = sorted(names)
    if not every:
        return "there is none to choose."
    return f"there are: {', '.join(every[:10])}{', ...' if len(every) > 10 else '.'}"


def nearest(found: object, allowed: Iterable[object]) -> str | None:
    """The allowed name that is most like what was found, letters of either case alike; None where none is."""
    wrong = str(found)
    folded = {name.casefold(): name for name in sorted(map(str, allowed)) if name != wrong}
    near = get_close_matches(wrong.casefold(), folded, n=1)
    return folded[near[0]] if near else None


def some(items: Iterable[object], limit: int = 3) -> str:
    """`a, b, c and 7 more`: examples of what is wrong, never all of it."""
    every = [str(item) for item in items]
    shown = ", ".join(every[:limit])
    return shown if len(every) <= limit else f"{shown} and {len(every) - limit:,} more"
