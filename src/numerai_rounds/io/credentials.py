"""Secrets: from the environment or .env, both halves or none, never shown."""

import os

from dotenv import dotenv_values

from numerai_rounds.base.errors import ConfigurationError
from numerai_rounds.io import paths

KEYS = ("NUMERAI_PUBLIC_ID", "NUMERAI_SECRET_KEY")
WEBHOOK = "NUMERAI_ROUNDS_WEBHOOK"


def token() -> tuple[str, str] | None:
    """Numerai's two API keys, the public one first; None where neither is given.

    Raises ConfigurationError where one is missing, or where either cannot be a key.
    """
    known = _known()
    given = [key for key in KEYS if (known.get(key) or "").strip()]
    if not given:
        return None
    if len(given) < len(KEYS):
        raise ConfigurationError(
            f"only {given[0]} is set; set both of {' and '.join(KEYS)} in the environment or .env, or neither."
        )
    public, secret = (str(known[key]).strip() for key in KEYS)
    for key, value in zip(KEYS, (public, secret), strict=True):
        if not (value.isascii() and value.isprintable() and " " not in value and "$" not in value):
            raise ConfigurationError(f"{key} holds spaces or letters that no key has. Copy it again.")
    return public, secret


def required_token() -> tuple[str, str]:
    """Numerai's two API keys; ConfigurationError where they are not given."""
    found = token()
    if found is None:
        raise ConfigurationError(
            f"this needs API keys: set {' and '.join(KEYS)} in the environment or in .env. "
            "Make them on numer.ai, Account settings, with the scopes to upload and read submissions."
        )
    return found


def webhook() -> str:
    """The address that messages go to; ConfigurationError where it is not given."""
    address = _known().get(WEBHOOK)
    if not address:
        raise ConfigurationError(f"--notify needs an address: set {WEBHOOK} in the environment or in .env.")
    return address


def _known() -> dict[str, str | None]:
    """What .env says, overruled by the environment."""
    try:
        return {**dotenv_values(paths.ENV, interpolate=False), **os.environ}
    except (UnicodeDecodeError, IsADirectoryError):
        raise ConfigurationError(".env is not UTF-8 text. Write it again.") from None
