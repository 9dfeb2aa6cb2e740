"""Requests that end: with timeouts, with further attempts where they may help, and only over TLS or on this machine."""

import ipaddress
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
import tenacity
import urllib3

from numerai_rounds.base.errors import ForbiddenError, GoneError, ServiceError, TransientError
from numerai_rounds.base.limits import JSON_BYTES
from numerai_rounds.io import console

Answer = TypeVar("Answer")

PIECE_BYTES = 1 << 20
UNCHANGED = {"Accept-Encoding": "identity"}
"""Headers that ask for bytes as they are stored, so that they can be counted."""


@dataclass(frozen=True)
class Limits:
    """How much patience a request deserves; times in seconds."""

    connect: float = 10.0
    silence: float = 60.0
    """Longest wait for the next byte."""
    window: float = 60.0
    slowest: float = 1_000.0
    """Bytes per second, over a window, below which a connection counts as stalled."""
    attempts: int = 8
    """Attempts in a row that bring nothing."""
    first_wait: float = 1.0
    longest_wait: float = 60.0
    progress: int = 1 << 20
    """Bytes that make an attempt worth its while: the count of attempts starts again."""
    sleep: Callable[[float], None] = time.sleep


SIGNATURES = 3
"""Fresh signatures in a row that storage refuses before what they are for counts as gone."""

PATIENCE = Limits()
"""Of every request that is not given limits of its own."""


class Session(requests.Session):
    """A session that speaks plain http with this machine alone, also after a redirect.

    Proxies and certificates follow the environment; credentials do not: an entry in ~/.netrc would take the
    place of a token, and a signed address with a second signature is refused.
    """

    def __init__(self) -> None:
        """Begin without credentials."""
        super().__init__()
        self.auth = lambda request: request

    def rebuild_auth(
        self,
        prepared_request: requests.PreparedRequest,
        response: requests.Response,  # noqa: ARG002 - as requests has it
    ) -> None:
        """Follow a redirect without credentials."""
        prepared_request.headers.pop("Authorization", None)

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Send a request, or raise a ServiceError for an address that is not safe."""
        url = request.url or ""
        if not is_safe(url):
            raise ServiceError(f"{host(url)} would have to be asked without TLS, so nothing was sent to it.")
        return super().send(request, **options)


def is_safe(url: str) -> bool:
    """Whether an address is https, or http on this machine."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # a ValueError for what is none
    except ValueError:
        return False
    if parts.scheme == "http":
        return parts.hostname == "localhost" or _is_loopback(parts.hostname)
    return parts.scheme == "https" and bool(parts.hostname)


def host(url: str) -> str:
    """The part of an address that may be shown: it holds neither a password nor a signature."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2] or "the server"
    except ValueError:
        return "the server"


def patiently(act: Callable[[], Answer], what: str, limits: Limits, advice: str) -> Answer:
    """Call `act` until it raises no TransientError, waiting longer each time, or as long as the server asks.

    `what` is shown before each wait. The ServiceError of giving up holds the last failure and `advice`. Storage answers
    403 both to an expired signature and for what is not there: if fresh ones do not help, that is a GoneError, soon.
    """
    backoff = tenacity.wait_random_exponential(multiplier=limits.first_wait, max=limits.longest_wait)

    def wait(state: tenacity.RetryCallState) -> float:
        return max(backoff(state), min(_failure(state).wait, limits.longest_wait))

    def tell(state: tenacity.RetryCallState) -> None:
        seconds = round(state.upcoming_sleep)
        console.complain(f"{what}: {_failure(state)}; trying again {f'in {seconds} s' if seconds else 'at once'}")

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(TransientError),
        stop=tenacity.stop_after_attempt(limits.attempts),
        wait=wait,
        before_sleep=tell,
        sleep=limits.sleep,
        reraise=True,
    )
    try:
        return retrying(_counting_signatures(act, what))
    except TransientError as error:
        raise ServiceError(f"{what}: {error}; given up after {limits.attempts} attempts. {advice}") from None


def _counting_signatures(act: Callable[[], Answer], what: str) -> Callable[[], Answer]:
    """`act`, with a GoneError once storage has refused `SIGNATURES` fresh signatures in a row."""
    refused = 0

    def attempt() -> Answer:
        nonlocal refused
        try:
            return act()
        except ForbiddenError as error:
            refused += 1
            if refused == SIGNATURES:
                raise GoneError(
                    f"{what}: {error} to {SIGNATURES} fresh signatures in a row, so it is not there (any more), "
                    f"unless a proxy refuses it. {error.remedy}"
                ) from None
            raise
        except TransientError:
            refused = 0
            raise

    return attempt


def send(session: Session, method: str, url: str, limits: Limits, **options: Any) -> requests.Response:
    """The head of an answer that is neither an outage nor a plea to wait; its body is read with `pieces`.

    Raises TransientError where another attempt may help, ServiceError where none will.
    """
    try:
        response = session.request(method, url, stream=True, timeout=(limits.connect, limits.silence), **options)
    except requests.exceptions.SSLError:
        raise ServiceError(
            f"the TLS certificate of {host(url)} cannot be trusted, so nothing was exchanged with it. "
            "Check this machine's clock, and whether a proxy stands between."
        ) from None
    except requests.Timeout:
        raise TransientError(f"{host(url)} gave no answer in time") from None
    except requests.ConnectionError as error:
        raise TransientError(f"{host(url)} could not be reached, or hung up ({_reason(error)})") from None
    except requests.RequestException as error:
        raise ServiceError(f"{host(url)} cannot be asked ({type(error).__name__}). Check its address.") from None
    if response.status_code in (408, 425, 429) or response.status_code >= 500:
        response.close()
        raise TransientError(answered(response), _asked_wait(response))
    return response


def answered(response: requests.Response) -> str:
    """`api.example.org answered 404 Not Found`."""
    return f"{host(response.url)} answered {response.status_code} {response.reason or ''}".rstrip()


def date(response: requests.Response) -> datetime | None:
    """The server's own clock when it answered; None where it does not say."""
    try:
        told = parsedate_to_datetime(response.headers.get("Date", ""))
        return told.astimezone(UTC) if told.tzinfo else told.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def whole(response: requests.Response, limits: Limits, most: int = JSON_BYTES) -> bytes:
    """The body, undecoded, of `most` bytes; a ServiceError where more comes, a TransientError as `pieces`."""
    content = bytearray()
    for piece in pieces(response, limits):
        content += piece
        if len(content) > most:
            raise ServiceError(f"{answered(response)} with more than {most:,} bytes, which no answer has.")
    return bytes(content)


def pieces(response: requests.Response, limits: Limits) -> Iterator[bytes]:
    """The body as it arrives, undecoded; a TransientError where it breaks off or only trickles."""
    since, received = time.monotonic(), 0
    while piece := _piece(response):
        yield piece
        received += len(piece)
        elapsed = time.monotonic() - since
        if elapsed >= limits.window:
            if received < limits.slowest * elapsed:
                raise TransientError(f"{host(response.url)} sends only {received / elapsed:,.0f} bytes a second")
            since, received = time.monotonic(), 0


def _piece(response: requests.Response) -> bytes:
    try:
        return bytes(response.raw.read1(PIECE_BYTES, decode_content=False))
    except urllib3.exceptions.TimeoutError:
        raise TransientError(f"{host(response.url)} fell silent") from None
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise TransientError(f"the connection to {host(response.url)} broke off ({_reason(error)})") from None


def _is_loopback(address: str | None) -> bool:
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False


def _failure(state: tenacity.RetryCallState) -> TransientError:
    error = state.outcome.exception() if state.outcome else None
    return error if isinstance(error, TransientError) else TransientError("no answer")


def _reason(error: BaseException) -> str:
    """What the operating system said at the root of an error: messages further up may hold signed addresses."""
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return getattr(error, "strerror", None) or type(error).__name__


def _asked_wait(response: requests.Response) -> float:
    try:
        return urllib3.Retry().get_retry_after(response.raw) or 0.0
    except urllib3.exceptions.InvalidHeader:
        return 0.0
