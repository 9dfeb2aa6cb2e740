"""What the service's words are about when it refuses something: the file, itself, the time, a pickle, or the keys.

Words that could be about several are about the first of these; about none, and another attempt is worth its while.
"""

import re
from typing import Literal

Subject = Literal["service", "file", "time", "pickle", "keys"]

PASSING = re.compile(
    r"rate.?limit|too many|throttl|temporar|unavailable|maintenance|internal|overload|try again|bad gateway"
    r"|\b(request|query|statement|connection|upstream|gateway|operation|server)s?\b.*\btim(ed|e).?out",
    re.IGNORECASE,
)
"""Of the service itself: what was asked for may or may not have been done."""

ABOUT_FILE = re.compile(r"invalid[_ ](submission|predictions?)\b|invalid_submission_", re.IGNORECASE)
"""`invalid_submission_ids`, `_values`, `_headers`."""

CLOSED = re.compile(
    r"\bround\b.*\b(not (yet |currently )?(open|active)|closed|over|ended)\b|\bno (open |active |current )?rounds?\b"
    r"|\bsubmissions? (is|are) (not (yet |currently )?open|closed)\b|\bdeadline\b|\btoo late\b",
    re.IGNORECASE,
)
"""No round takes submissions."""

ABOUT_PICKLE = re.compile(
    r"\bpickles?\b|\bcompute[ _]uploads?\b|\b(active|assigned|disable|uses?|has) (an? |the |your )?model[ _]upload\b",
    re.IGNORECASE,
)
"""An uploaded model plays for the slot."""

KEY = r"(session|token|jwt|(api[ _-]?)?keys?)"
ABOUT_KEYS = re.compile(
    r"authenti|authori[sz]|unauth|\bscopes?\b|permission|permitted|privilege|forbidden|access denied|credential|revoked"
    rf"|\b(your|user|no|invalid|expired) {KEY}\b|\b{KEY} (is|has|was|lacks|does|not|expired|invalid|disabled|unknown)\b"
    r"|\b(api|access|auth|secret|public)[ _-]?(keys?|id|token)\b|\b(logg?(ed)?|sign(ed)?)[ _-]?in\b"
    r"|^not allowed\b|\bnot allowed to\b|\b(have|has|without|need) (no |not )?access\b"
    r"|\baccount (is |has been |was )?(suspended|disabled|locked|blocked|deactivated)",
    re.IGNORECASE,
)
"""The keys, or what they allow: neither another attempt nor another file helps."""


def subject(words: str) -> Subject | None:
    """What words are about; None where they do not say."""
    if ABOUT_FILE.search(words):
        return "file"
    if PASSING.search(words):
        return "service"
    kinds: dict[Subject, re.Pattern[str]] = {"time": CLOSED, "pickle": ABOUT_PICKLE, "keys": ABOUT_KEYS}
    return next((kind for kind, pattern in kinds.items() if pattern.search(words)), None)
