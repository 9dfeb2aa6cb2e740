"""Which source a round's files were pinned for."""

from numerai_rounds.base.errors import ConfigurationError


def check_source(source: object, kind: object) -> None:
    """Refuse to work on files that were pinned for another kind of source."""
    if source != kind:
        raise ConfigurationError(
            f"conf/round.yaml pins files of the source {source!r}, but data.kind is {kind!r}. Run `rounds open` to pin "
            "what this source serves."
        )
