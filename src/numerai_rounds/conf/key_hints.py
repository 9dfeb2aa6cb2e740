"""What to write in place of a key that conf/ does not have: only what can be written there."""

from collections.abc import Mapping, Sequence
from typing import Any

from numerai_rounds.base.errors import ConfigurationError, nearest, there_are
from numerai_rounds.conf.params import keys

ROUND = "round"
KIND = ".kind"


def to_change(key: str, here: Mapping[str, Any], present: Sequence[str], groups: Sequence[str]) -> str:
    """A sentence about a key that cannot be changed, because the composition `here` does not have it.

    `present` are the dotted keys of `here` that have a value, `groups` those that choose a preset.
    """
    free = [name for name in present if _is_free(name)]
    spare = [name for name in _possible(here) if _is_free(name) and name not in free]
    if key in spare:
        return f"there is no key {key!r} in the preset, which leaves it at its default; a plus adds it: +{key}=..."
    return _sentence(key, here, {**{name: f"+{name}" for name in spare}, **{name: name for name in free}}, groups)


def to_delete(key: str, here: Mapping[str, Any], present: Sequence[str]) -> str:
    """A sentence about a key that cannot be deleted, as `to_change`."""
    return _sentence(key, here, {name: name for name in present if _is_free(name)}, ())


def _sentence(key: str, here: Mapping[str, Any], written: Mapping[str, str], groups: Sequence[str]) -> str:
    """`written`: dotted keys as they are written in an override."""
    section, _, rest = key.partition(".")
    if section == ROUND:
        return f"there is no key {key!r}, and `rounds open` alone writes what is in {ROUND}."
    beside = {name.removeprefix(f"{section}."): name for name in written if name.startswith(f"{section}.")}
    top = [*(name for name in written if "." not in name), *groups]
    near = nearest(rest, beside)
    found = beside[near] if near is not None else _elsewhere(key, written, top)
    if found is not None:
        return f"there is no key {key!r}; did you mean {written.get(found, found)!r}?"
    shown = [name for name in beside.values() if written[name] == name] or top
    return f"there is no key {key!r}{_preset(section, here)}; {there_are(shown)}"


def _possible(here: Mapping[str, Any]) -> list[str]:
    """Dotted keys that the schema knows."""
    try:
        return keys(here)
    except ConfigurationError:
        return []


def _is_free(key: str) -> bool:
    """Whether a person may set a key: a kind follows from the preset, and `rounds open` writes the round."""
    return not key.endswith(KIND) and key.partition(".")[0] != ROUND


def _preset(section: str, here: Mapping[str, Any]) -> str:
    """` with model.kind ridge`, for a section that has kinds."""
    part = here.get(section)
    kind = part.get("kind") if isinstance(part, dict) else None
    return f" with {section}.kind {kind}" if isinstance(kind, str) else ""


def _elsewhere(key: str, written: Mapping[str, str], top: Sequence[str]) -> str | None:
    """A key of the same last name in another section, or one outside of sections that is spelled almost alike."""
    section, dot, _ = key.partition(".")
    same = [name for name in written if name != key and name.rpartition(".")[2] == key.rpartition(".")[2]]
    if same:
        return next((name for name in same if written[name] == name), same[0])
    if not dot:
        return nearest(key, [*top, *written])
    return section if section in written else None
