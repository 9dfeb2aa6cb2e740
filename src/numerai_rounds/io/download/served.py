"""What the head of an answer tells of a served file: whether it is one, its size, and its identity."""

import re

import requests

from numerai_rounds.base.errors import ForbiddenError, GoneError, ServiceError, TransientError
from numerai_rounds.io.service import http

ETAG, LAST_MODIFIED = "etag:", "last-modified:"
"""What the identities of served files begin with."""


def check(head: requests.Response, name: str, advice: str) -> None:
    """Refuse what is no file: another status, or a page of text in place of the file.

    `advice` is what to do if the file is not there.
    """
    if head.status_code == requests.codes.forbidden:
        raise ForbiddenError(http.answered(head), advice)
    if head.status_code in (requests.codes.not_found, requests.codes.gone):
        raise GoneError(f"{name}: the service no longer serves it ({http.answered(head)}). {advice}")
    if head.status_code not in (requests.codes.ok, requests.codes.partial_content):
        raise ServiceError(f"{name}: {http.answered(head)}. {advice}")
    kind = head.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if re.search(r"html|xml", kind) or ("json" in kind and not name.endswith(".json")):
        raise TransientError(f"{http.answered(head)}, but with {kind} in place of the file")
    if head.headers.get("Content-Encoding", "identity") != "identity":
        raise ServiceError(f"{name}: {http.answered(head)}, but compressed, which was not asked for. {advice}")


def total(head: requests.Response) -> int | None:
    """Bytes of the whole file; None where the answer does not say."""
    partial = head.status_code == requests.codes.partial_content
    found = head.headers.get("Content-Range" if partial else "Content-Length", "").rpartition("/")[2]
    return int(found) if re.fullmatch("[0-9]+", found) else None


def begins_at(head: requests.Response, start: int) -> bool:
    """Whether a part of the file begins where it was asked to."""
    return head.headers.get("Content-Range", "").startswith(f"bytes {start}-")


def is_weak(head: requests.Response) -> bool:
    """Whether the ETag only says that the content means the same, not that its bytes are the same."""
    return head.headers.get("ETag", "").startswith("W/")


def identity(head: requests.Response, name: str) -> str:
    """The file's ETag, a weak one like a strong one; its date where it has none; else a ServiceError."""
    if etag := head.headers.get("ETag", "").removeprefix("W/").strip('"'):
        return ETAG + etag
    if date := head.headers.get("Last-Modified"):
        return LAST_MODIFIED + date
    raise ServiceError(
        f"{name}: {http.answered(head)} with neither ETag nor Last-Modified, so nothing could prove that the file "
        "is the same another day. Check NUMERAI_API_URL, and whether a proxy stands between."
    )
