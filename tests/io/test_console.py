"""What a person sees is what was said, whatever letters it holds."""

import sys

import pytest

from numerai_rounds.io import console

ODD = "feature_[bold]red[/bold] [/x] :smile:"


def test_brackets_are_no_markup(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    console.say(ODD)
    console.table(ODD, [ODD, "score"], [(ODD, "1")])
    assert capsys.readouterr().out.count(ODD) == 4
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with console.progress(ODD, 1, "values") as advance:
        advance(1)
