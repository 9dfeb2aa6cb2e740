import re
from pathlib import Path

import pytest

from numerai_rounds.base.errors import ConfigurationError
from numerai_rounds.io.service import credentials

PUBLIC, SECRET = credentials.KEYS


def test_none_is_needed_until_it_is() -> None:
    assert credentials.token() is None
    with pytest.raises(ConfigurationError, match=r"this needs API keys: set NUMERAI_PUBLIC_ID and NUMERAI_SECRET_KEY"):
        credentials.required_token()


def test_the_environment_overrules_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text(f"{PUBLIC}=filed\n{SECRET}=hidden\n")
    assert credentials.token() == ("filed", "hidden")
    monkeypatch.setenv(PUBLIC, "given")
    assert credentials.token() == ("given", "hidden")


@pytest.mark.parametrize("name", credentials.KEYS)
def test_half_a_credential_is_an_error_that_shows_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "halfakey")
    with pytest.raises(ConfigurationError, match=f"only {name} is set") as stopped:
        credentials.token()
    assert "halfakey" not in str(stopped.value)


def test_blank_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PUBLIC, " ")
    monkeypatch.setenv(SECRET, "")
    assert credentials.token() is None
    monkeypatch.setenv(SECRET, "halfakey")
    with pytest.raises(ConfigurationError, match=f"only {SECRET} is set"):
        credentials.token()


@pytest.mark.parametrize("value", ["two words", "ümlaut", "a$b", "line\nbreak"])
def test_what_cannot_be_a_key_is_refused_unshown(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PUBLIC, "public")
    monkeypatch.setenv(SECRET, value)
    with pytest.raises(ConfigurationError, match=f"{SECRET} holds spaces or letters that no key has") as stopped:
        credentials.token()
    assert value not in str(stopped.value)


def test_a_file_that_is_no_text_is_told() -> None:
    Path(".env").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match=re.escape(".env is not UTF-8 text")):
        credentials.token()


def test_a_webhook_has_to_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="NUMERAI_ROUNDS_WEBHOOK"):
        credentials.webhook()
    monkeypatch.setenv("NUMERAI_ROUNDS_WEBHOOK", "https://example.org/hook")
    assert credentials.webhook() == "https://example.org/hook"
