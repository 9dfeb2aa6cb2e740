"""`rounds doctor --service`: what the service says today, in plain lines that can be sent to anybody.

One request for each question, and nothing is changed or uploaded. A question without an answer is a line like the
others. No key and no signed address is in any line.
"""

import platform
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from importlib import metadata

from numerai_rounds.base.errors import ClosedError, ConfigurationError, RefusedError, RoundsError, ServiceError, some
from numerai_rounds.base.params import DataSection, Params
from numerai_rounds.commands.doctor import NOTE, SOUND, WRONG
from numerai_rounds.commands.service_files import compared, needed
from numerai_rounds.conf.params import load
from numerai_rounds.io import console
from numerai_rounds.io.repository import git
from numerai_rounds.io.service import credentials, http, refusals
from numerai_rounds.io.service.account import KEY_INFO, SCOPES, TO_SUBMIT
from numerai_rounds.io.service.client import Client
from numerai_rounds.io.service.told import UNREADABLE

CLOCK_SECONDS = 30.0
"""How far this machine's clock may be off without a word."""

ENOUGH = 3
"""Questions without an answer after which a service that never answered is asked nothing else."""

MODELS = "query { account { models { name tournament computePickleUpload { id } } } }"

Line = tuple[str, str, str]
"""State, what was asked, and what was found."""


def report() -> None:
    """Print what the service says. Works without keys: what needs them is then not asked.

    At the end a ConfigurationError where something is to mend, keys that are refused too; or else a ServiceError where
    a question stayed without an answer.
    """
    told = _Report()
    for state, about, found in told.lines():
        console.say(f"{state:<6} {about:<14} {_without_secrets(found)}")
    count = f"{told.unanswered} question{'s' if told.unanswered > 1 else ''}"
    silent = f"{count} stayed without an answer: run the same command again later."
    if told.wrong:
        mend = f"{len(told.wrong)} to mend: {', '.join(told.wrong)}."
        raise ConfigurationError(f"{mend} {silent}" if told.unanswered else mend)
    if told.unanswered:
        raise ServiceError(silent)


class _Report:
    """The lines, and how the questions behind them ended."""

    def __init__(self) -> None:
        self.answered = self.unanswered = 0
        self.wrong: list[str] = []
        self._told = ""
        """What was said last of a question without an answer."""

    def lines(self) -> Iterator[Line]:
        """Ask one question after the other."""
        yield SOUND, "versions", _versions()
        try:
            token = credentials.token()
        except ConfigurationError as error:
            token = None
            yield self._failed("Numerai keys", error)
        try:
            client = Client(token, replace(http.PATIENCE, attempts=2))
        except ConfigurationError as error:
            yield self._failed("service", error)
            return
        parameters = _parameters()
        questions = [
            ("service", _clock(client)),
            ("listing", needed(client, parameters)),
            ("round", _round(client, parameters)),
            ("Numerai keys", _keys(client)),
            ("models", _models(client)),
            *compared(client, parameters),
        ]
        for about, lines in questions:
            yield from self._asked(about, lines)
            if not self.answered and self.unanswered == ENOUGH:
                yield NOTE, "service", "nothing else is asked"
                return

    def _asked(self, about: str, lines: Iterator[tuple[str, str]]) -> Iterator[Line]:
        """The lines of one question; its failure is one too, and ends nothing else."""
        try:
            for state, found in lines:
                if state == WRONG:
                    self._to_mend(about)
                yield state, about, found
            self.answered += 1
        except RoundsError as error:
            yield self._failed(about, error)

    def _failed(self, about: str, error: RoundsError) -> Line:
        if isinstance(error, RefusedError) and refusals.subject(error.words) == "keys":
            self.answered += 1
            self._to_mend(about)
            return (
                WRONG,
                about,
                f"{str(error).rstrip('.')}. Check both keys, and on numer.ai whether they are still there",
            )
        if not isinstance(error, ServiceError):
            self._to_mend(about)
            return WRONG, about, str(error)
        self.unanswered += 1
        before, self._told = self._told, str(error)
        return WRONG, about, "no answer either" if before == self._told else self._told

    def _to_mend(self, about: str) -> None:
        if about not in self.wrong:
            self.wrong.append(about)


def _versions() -> str:
    names = ("numerai-rounds", "numerapi", "dvc", "pyarrow")
    found = ", ".join(f"{name} {metadata.version(name)}" for name in names)
    with suppress(ConfigurationError):
        found += f", commit {git.head()[:12]}"
    return f"{found}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"


def _parameters() -> Params | None:
    """What is configured here; None where it cannot be read: the service can be asked all the same."""
    with suppress(RoundsError):
        return load()
    return None


def _clock(client: Client) -> Iterator[tuple[str, str]]:
    asked = datetime.now(UTC)
    client.files()
    ours = asked + (datetime.now(UTC) - asked) / 2
    apart = (ours - client.now).total_seconds()
    text = f"{client.host} answers; its clock {client.now:%Y-%m-%d %H:%M:%S} UTC, ours {ours:%H:%M:%S}"
    if abs(apart) <= CLOCK_SECONDS:
        yield SOUND, text
    else:
        yield NOTE, f"{text}: {abs(apart):,.0f} s {'ahead' if apart > 0 else 'behind'}. The service's decides."


def _keys(client: Client) -> Iterator[tuple[str, str]]:
    if client.token is None:
        yield NOTE, "none given: their scopes and the models are not asked"
        return
    answer = client.raw_query(KEY_INFO, authorization=True)["data"].get("apiTokenInfo")
    scopes = answer.get("scopes") if isinstance(answer, dict) else None
    if not isinstance(scopes, list):
        raise ServiceError(f"{client.host} does not tell the scopes of the key.")
    listed = f"scopes: {', '.join(sorted(map(str, scopes))) or 'none'}"
    missing = [scope for scope in SCOPES if scope not in scopes]
    if missing:
        yield (
            WRONG if set(missing).intersection(TO_SUBMIT) else NOTE,
            f"{listed}; missing for `rounds upload`: {', '.join(missing)}. Make another key: none can be added.",
        )
    else:
        yield SOUND, listed


def _models(client: Client) -> Iterator[tuple[str, str]]:
    if client.token is None:
        return
    account = client.raw_query(MODELS, authorization=True)["data"].get("account")
    try:
        models = [model for model in account["models"] if model["tournament"] == client.tournament_id]
        blocked = [str(model["name"]) for model in models if model.get("computePickleUpload")]
        names = sorted(str(model["name"]) for model in models)
    except UNREADABLE:
        raise ServiceError(f"{client.host} does not tell the models of the account.") from None
    yield (SOUND if names else NOTE), some(names, 20) or "none: make one on numer.ai"
    if blocked:
        yield NOTE, f"{some(blocked, 20)}: a pickle plays, and no submission is taken until it is disabled on numer.ai"


def _round(client: Client, parameters: Params | None) -> Iterator[tuple[str, str]]:
    data = parameters.data if parameters is not None else DataSection(kind="")
    pinned = parameters.round.number if parameters is not None and parameters.round.source == data.kind else None
    here = f"; pinned here: round {pinned} of {data.kind}" if pinned is not None else ""
    try:
        number = client.current_round()
    except ClosedError as error:
        yield NOTE, f"{str(error).rstrip('.')}{here}"
        return
    yield SOUND, f"{number} is the current one{here}"
    window = client.window(number)
    state = "open" if window.is_open else "not open"
    yield SOUND, f"{state}: from {window.opens:%Y-%m-%d %H:%M:%S} to {window.closes:%Y-%m-%d %H:%M:%S} UTC"
    target, scores = client.terms(number)
    paid = [
        f"{score.default_multiplier:g} x {score.name}" if score.default_multiplier is not None else score.name
        for score in scores
    ]
    on = f" on {target}" if target else ""
    yield (SOUND if paid else NOTE), f"pays {' + '.join(paid) or 'for nothing that is told'}{on}"


def _without_secrets(text: str) -> str:
    """The same without keys, and without what signs an address, should either ever be in it."""
    with suppress(ConfigurationError):
        for key in credentials.token() or ():
            text = text.replace(key, "***")
    return re.sub(r"\?[^\s,;]*(signature|credential|token)[^\s,;]*", "?***", text, flags=re.IGNORECASE)
