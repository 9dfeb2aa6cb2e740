"""What a dvc.lock says of the stages that ran: what they wrote, and the parameters that they ran with.

It is taken as it is, and what is no entry of DVC is passed over: whether a run of DVC left it so, `io.dvc.torn_lock`
says. Stages read theirs with no more than this.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from numerai_rounds.io.files import paths

SUBMIT = "submit"
"""The only stage that depends on the round's number."""

NUMBER = "round.number"
PREDICTED = re.compile(rf"^\s+{re.escape(NUMBER)}: (\d+)$", re.MULTILINE)

ABSENT = object()
"""In place of a value that is not there."""


class Output(NamedTuple):
    """An output of a stage."""

    path: str
    md5: str
    """Ends in `.dir` if it is a folder."""
    size: int | None


@dataclass(frozen=True)
class DvcLock:
    """The content of a dvc.lock."""

    content: Any

    @property
    def stages(self) -> dict[str, Mapping[str, Any]]:
        """What each stage ran with and wrote, by its name."""
        stages = self.content.get("stages") if isinstance(self.content, dict) else None
        listed = stages.items() if isinstance(stages, dict) else ()
        return {str(name): stage for name, stage in listed if isinstance(stage, dict)}

    def outputs(self) -> Iterator[tuple[str, Output]]:
        """Stage and output; those that git keeps are among them."""
        for name, stage in self.stages.items():
            for entry in stage.get("outs") or []:
                if isinstance(entry, dict) and "path" in entry and "md5" in entry:
                    yield name, Output(str(entry["path"]), str(entry["md5"]), entry.get("size"))

    def output(self, stage: str, path: str) -> str | None:
        """The md5 of an output of a stage; None if it has none."""
        return next((output.md5 for name, output in self.outputs() if (name, output.path) == (stage, path)), None)

    def param(self, stage: str, key: str) -> Any:
        """The value of a parameter that a stage ran with; None if it has none."""
        return _params(self.stages.get(stage, {})).get(key)

    @property
    def predicted(self) -> Any:
        """The number of the round that was predicted; None if none was, or it has no number."""
        return self.param(SUBMIT, NUMBER)

    def changed_params(self, now: Mapping[str, Any]) -> list[str]:
        """Keys whose values in a params.yaml are others than those that some stage ran with; sorted."""
        recorded = {key: value for stage in self.stages.values() for key, value in _params(stage).items()}
        return sorted(key for key, value in recorded.items() if _value(now, key) != value)


def predicted_in(text: str) -> int | None:
    """The number of the round that was predicted, from the text of a dvc.lock: thousands are looked at in a moment."""
    found = PREDICTED.search(text)
    return int(found[1]) if found else None


def _params(stage: Mapping[str, Any]) -> Mapping[str, Any]:
    params: Mapping[str, Any] = (stage.get("params") or {}).get(str(paths.PARAMS)) or {}
    return params


def _value(tree: Mapping[str, Any], key: str) -> Any:
    node: Any = tree
    for part in key.split("."):
        node = node.get(part, ABSENT) if isinstance(node, Mapping) else ABSENT
    return node
