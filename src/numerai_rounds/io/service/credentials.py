"""Secrets: from the environment or .env, both halves or none, never shown."""

import os
import stat
from io import StringIO

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from numerai_rounds.base.errors import ConfigurationError
from numerai_rounds.io import console
from numerai_rounds.io.files import paths

KEYS = ("NUMERAI_PUBLIC_ID", "NUMERAI_SECRET_KEY")
WEBHOOK = "NUMERAI_ROUNDS_WEBHOOK"

LARGEST = 1 << 20
"""Bytes of .env."""


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
    if told := exposed():
        console.complain(told)
    return found


def webhook() -> str:
    """The address that messages go to; ConfigurationError where it is not given."""
    address = _known().get(WEBHOOK)
    if not address:
        raise ConfigurationError(f"--notify needs an address: set {WEBHOOK} in the environment or in .env.")
    return address


def exposed() -> str | None:
    """A sentence where others on this machine may read the keys in .env; None where they may not."""
    try:
        mode = paths.ENV.stat().st_mode
    except OSError:
        return None
    others = [who for who, bit in (("its group", stat.S_IRGRP), ("everybody", stat.S_IROTH)) if mode & bit]
    return f"{' and '.join(others)} on this machine may read .env. Run `chmod 600 .env`." if others else None


def _known() -> dict[str, str | None]:
    """What .env says, overruled by the environment."""
    return {**_filed(), **os.environ}


def _filed() -> dict[str, str | None]:
    """What .env says; a ConfigurationError where it is no file, or could be read in two ways."""
    try:
        about = paths.ENV.stat()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigurationError(f".env cannot be looked at ({error.strerror}). Write it again.") from None
    if not stat.S_ISREG(about.st_mode):
        kind = "a folder" if stat.S_ISDIR(about.st_mode) else "no file, but a pipe or a device"
        raise ConfigurationError(f".env is {kind}. Write the keys to a file, or give them in the environment.")
    if about.st_size > LARGEST:
        raise ConfigurationError(f".env has {about.st_size:,} bytes, and keys take 100. Write it again.")
    try:
        text = paths.ENV.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ConfigurationError(".env is not UTF-8 text. Write it again.") from None
    except OSError as error:
        raise ConfigurationError(f".env cannot be read ({error.strerror}). Check its permissions.") from None
    given = [binding.key for binding in parse_stream(StringIO(text)) if binding.key in (*KEYS, WEBHOOK)]
    twice = next((key for key in given if given.count(key) > 1), None)
    if twice is not None:
        raise ConfigurationError(f".env gives {twice} twice. Leave out the one that is not meant.")
    return dotenv_values(stream=StringIO(text), interpolate=False)
