"""fetch: bring exactly the pinned files, checked; `fetch history` and `fetch live` are apart."""

import sys
from pathlib import Path

from numerai_rounds.base.errors import ConfigurationError
from numerai_rounds.base.params import Pin
from numerai_rounds.conf import params, plugins
from numerai_rounds.conf.pinned_source import check_source
from numerai_rounds.io import console
from numerai_rounds.io.fetch import staged
from numerai_rounds.io.files import paths
from numerai_rounds.io.machine import process


def main() -> None:
    """Fetch the part named on the command line, check it, and put it in place."""
    part = _part()
    parameters = params.load()
    pinned = parameters.round
    check_source(pinned.source, parameters.data.kind)
    source = plugins.source(parameters.data.kind)
    source.check_pins(parameters.data, pinned)
    pins = pinned.history if part == "history" else pinned.live

    def fetch(role: str, pin: Pin, path: Path) -> None:
        source.fetch(parameters.data, pinned.number, role, pin, path)

    staged.bring(part, pins, parameters.data, fetch, accept_changes=pinned.accept_changes)
    rows = [(role, f"{_size(paths.raw(part, role)):,}", pin.identity[:24]) for role, pin in sorted(pins.items())]
    console.table(f"{part} of {parameters.data.kind}", ["role", "bytes", "identity"], rows)


def _size(path: Path) -> int:
    return sum(file.stat().st_size for file in [path, *path.rglob("*")] if file.is_file())


def _part() -> str:
    match sys.argv[1:]:
        case ["history" | "live" as part]:
            return part
    raise ConfigurationError("say which part of the data to fetch: `fetch history` or `fetch live`.")


if __name__ == "__main__":
    process.stage(main)
