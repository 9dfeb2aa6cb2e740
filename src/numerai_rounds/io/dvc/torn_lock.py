"""A dvc.lock that DVC was killed while writing, which it does in place: found, told of, and mended.

What is left is the beginning of the newer file: no YAML, YAML that DVC refuses, or sound but without the last stages.
A byte that a disk lost in it, and DVC cannot read over, is mended alike.
"""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from numerai_rounds.base.errors import ConfigurationError, some
from numerai_rounds.io import console
from numerai_rounds.io.files import atomic, dvc_cache, paths
from numerai_rounds.io.files.yaml_files import read_yaml
from numerai_rounds.io.repository import git

HEADER = "schema: '2.0'\nstages:\n"
"""How DVC begins the file."""

STAGE = re.compile(r"^  (?=[^ #\n])(.+):\n", re.MULTILINE)
"""Where a stage begins, with its name."""

NO_TEXT = "\N{REPLACEMENT CHARACTER}"
"""In place of bytes that are no UTF-8; DVC itself never writes it there."""

RECORDED = {"path", "hash", "md5", "size"}
"""What DVC keeps of every output."""

REMEDY = (
    "`rounds run` mends it. Without it, `git checkout HEAD -- dvc.lock` brings that of the last commit, or delete the "
    "file if no commit has one; then `dvc repro`."
)


def problem() -> str | None:
    """What is wrong with dvc.lock, and what to do; None where it is as a whole run of DVC leaves it."""
    text, committed = _text(), git.show("HEAD", paths.LOCK)
    if text is None or text == committed:
        return None
    if not _is_accepted(text):
        return f"{paths.LOCK} was not written to its end, and DVC cannot read it. {REMEDY}"
    names = _lost(text, committed)
    return _incomplete(names) if names else None


def refuse_lost() -> None:
    """ConfigurationError where dvc.lock can be read, and lacks what the last commit's has."""
    text, committed = _text(), git.show("HEAD", paths.LOCK)
    if text is not None and text != committed and (names := _lost(text, committed)):
        raise ConfigurationError(_incomplete(names))


def mend() -> None:
    """Make a dvc.lock that was cut off whole: each newer stage that is whole stays, the others are HEAD's."""
    text, committed = _text(), git.show("HEAD", paths.LOCK)
    if text is None or text == committed:
        return
    is_accepted = _is_accepted(text)
    names = _lost(text, committed)
    if is_accepted and not names:
        return
    declared = _declared()
    kept = {name: block for name, block in _blocks(text).items() if name not in names and _is_sound(block)}
    former = {
        name: block
        for name, block in _blocks(committed or "").items()
        if name not in kept and _base(name) in declared and _is_sound(block)
    }
    told = f"{some(former)} {'is' if len(former) == 1 else 'are'} taken from the last commit" if former else "mended"
    console.complain(f"{paths.LOCK} was not written to its end: {told}.")
    if kept or former:
        blocks = {**dict.fromkeys(_blocks(text), ""), **former, **kept}
        atomic.write_text(paths.LOCK, HEADER + "".join(blocks.values()))
    else:
        paths.LOCK.unlink()


def _incomplete(names: list[str]) -> str:
    return f"{paths.LOCK} was not written to its end: it lacks all or some of {some(names)}. {REMEDY}"


def _text() -> str | None:
    try:
        return paths.LOCK.read_bytes().decode("utf-8", "replace")
    except FileNotFoundError:
        return None


def _is_accepted(text: str) -> bool:
    """Whether DVC takes a dvc.lock: by its own parser and schema, and by UTF-8, of which `_text` marks what is none."""
    from dvc.schema import COMPILED_LOCKFILE_SCHEMA
    from dvc.utils.serialize import ParseError, parse_yaml
    from voluptuous import Invalid

    if NO_TEXT in text:
        return False
    try:
        content = parse_yaml(text, str(paths.LOCK))
        COMPILED_LOCKFILE_SCHEMA(content)
    except (ParseError, Invalid, ValueError):
        return False
    return bool(content.get("stages"))


def _is_sound(block: str) -> bool:
    return _is_accepted(HEADER + block)


def _blocks(text: str) -> dict[str, str]:
    """The text of each stage, by its name; the last one may be cut off. A line that is cut off is left out."""
    _, _, stages = text[: text.rfind("\n") + 1].partition("\nstages:\n")
    _, *parts = STAGE.split(stages)
    return {name: f"  {name}:\n{body}" for name, body in zip(parts[::2], parts[1::2], strict=True)}


def _lost(text: str, committed: str | None) -> list[str]:
    """Stages that the last commit's dvc.lock and dvc.yaml have and a text lacks, and its last one where it is cut."""
    blocks, declared = _blocks(text), _declared()
    lost = [name for name in _blocks(committed or "") if name not in blocks and _base(name) in declared]
    last = next(reversed(blocks), None)
    if last is not None and not _is_whole(blocks[last], declared.get(_base(last))):
        return [last, *lost]
    return lost


def _base(stage: str) -> str:
    """The name that dvc.yaml has for a stage: `fetch` for `fetch@live`."""
    return stage.partition("@")[0]


def _declared() -> dict[str, Any]:
    """The stages of dvc.yaml."""
    return dict(read_yaml(paths.STAGES).get("stages", {})) if paths.STAGES.exists() else {}


def _is_whole(block: str, declared: Mapping[str, Any] | None) -> bool:
    """Whether a stage is there to its end: DVC writes its outputs last, each with all that it keeps of it."""
    if declared is None:
        return True
    try:
        (stage,) = yaml.safe_load(block).values()
        outputs = stage.get("outs", [])
        complete = all(set(out) >= RECORDED | ({"nfiles"} if _is_folder(out) else set()) for out in outputs)
    except (yaml.YAMLError, AttributeError, TypeError, ValueError):
        return False
    expected = sum(len(declared.get(kind, [])) for kind in ("outs", "metrics", "plots"))
    return complete and len(outputs) >= expected


def _is_folder(output: Mapping[str, Any]) -> bool:
    return str(output.get("md5", "")).endswith(dvc_cache.FOLDER)
