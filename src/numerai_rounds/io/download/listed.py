"""Files that the service lists, by name: `v5.3/train.parquet`."""

import re
from collections.abc import Sequence

from numerai_rounds.base import roles
from numerai_rounds.base.errors import ConfigurationError, one_of


def check(name: str, listed: Sequence[str]) -> str:
    """A name that is listed; a ConfigurationError names the same file of the data version that is most alike."""
    if name not in listed:
        version, _, file = name.partition("/")
        same = [other for other in listed if re.fullmatch(rf"v5\.\d+/{re.escape(file)}", other)]
        ways = ["data.version chooses the folder"] if same else []
        if file.partition(".")[0] in roles.HISTORY_EXTRAS + roles.LIVE_EXTRAS:
            ways.append("data.extra_files can leave it out")
        way = f" {', and '.join(ways)}." if ways else ""
        hint = one_of(name, same) if same else f"no other data version than {version} has it either."
        raise ConfigurationError(f"the configuration needs {name}, which is not served; {hint}{way}")
    return name
