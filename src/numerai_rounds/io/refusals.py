"""What the service's words are about when it refuses something: the keys, the file, the time, or none of these."""

import re

ABOUT_KEYS = re.compile(
    r"authenti|authori[sz]|unauth|\bscopes?\b|permission|permitted|forbidden|access denied|credential|revoked"
    r"|\b(your|user|no|invalid|expired) (session|token|keys?)\b|\b(session|token|key) (is|has|was|lacks|does|not)\b"
    r"|\b(api|access|auth|secret|public)[ _-]?(keys?|id|token)\b|\b(logg?(ed)?|sign(ed)?)[ _-]?in\b",
    re.IGNORECASE,
)
"""What the service's words about keys hold: trying again does not help."""

PASSING = re.compile(r"rate.?limit|too many|throttl|temporar|unavailable|maintenance|internal", re.IGNORECASE)
"""What words about the service itself hold, whatever else is in them."""

ABOUT_FILE = re.compile(r"invalid[_ ](submission|predictions?)\b|invalid_submission_", re.IGNORECASE)
"""What the service's words about a file hold: `invalid_submission_ids`, `_values`, `_headers`."""

CLOSED = re.compile(r"\bround\b.*\b(not open|closed)\b", re.IGNORECASE)
"""What the service's words hold where no round takes submissions."""


def is_about_file(words: str) -> bool:
    """Whether the service's words reject a file."""
    return ABOUT_FILE.search(words) is not None


def is_about_keys(words: str) -> bool:
    """Whether the service's words refuse the keys, or what they allow."""
    return not is_about_file(words) and not PASSING.search(words) and ABOUT_KEYS.search(words) is not None


def is_about_time(words: str) -> bool:
    """Whether the service's words say that no round takes submissions now."""
    return CLOSED.search(words) is not None
