"""fetch: bring exactly the pinned files, checked; `fetch history` and `fetch live` are apart."""

import sys

from numerai_rounds.base import plugins
from numerai_rounds.base.errors import ConfigurationError
from numerai_rounds.io import console, fetching, params, paths, process


def main() -> None:
    """Fetch the part named on the command line, check it, and put it in place."""
    part = sys.argv[1]
    parameters = params.load()
    source = plugins.load("data", parameters.data.kind)
    pins = parameters.round.history if part == "history" else parameters.round.live
    if parameters.round.source != parameters.data.kind or not pins:
        raise ConfigurationError(
            f"conf/round.yaml pins files of the source {parameters.round.source!r}, but data.kind is "
            f"{parameters.data.kind!r}. Run `rounds open` to pin what this source serves."
        )
    with fetching.staged(part, pins) as staging:
        for role, pin in staging.missing():
            source.fetch(parameters.data, parameters.round.number, pin, staging.path(role))
            staging.keep(role)
    rows = [
        (role, f"{paths.raw(part, role).stat().st_size:,}", pin.identity[:24]) for role, pin in sorted(pins.items())
    ]
    console.table(f"{part} of {parameters.data.kind}", ["file", "bytes", "identity"], rows)


if __name__ == "__main__":
    process.run(main)
