"""A features.json that the market follows: names of features, named sets and targets, such as the real ones."""

from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from numerai_rounds.base.columns import FEATURE_PREFIX, is_feature
from numerai_rounds.base.errors import ConfigurationError, DataError, some
from numerai_rounds.io.files import atomic
from numerai_rounds.io.history import features_file
from numerai_rounds.io.market.size import FEWEST, MOST, Market
from numerai_rounds.io.market.targets import TARGETS

KEY = "data.features_json"


@dataclass(frozen=True)
class Listing:
    """What a features.json names."""

    features: list[str]
    """Of all sets, sorted."""
    sets: dict[str, list[str]]
    targets: list[str]


def given(market: Market) -> Listing | None:
    """What the market's features.json names, None without one; ConfigurationError for one that no market fits."""
    if market.features_json is None:
        return None
    where = f"{KEY} ({market.features_json})"
    try:
        listed = features_file.read(_path(market.features_json), where)
    except DataError as error:
        raise ConfigurationError(str(error)) from None
    found = Listing(sorted(set(chain(*listed.feature_sets.values()))), listed.feature_sets, listed.targets)
    _check(found, market, where)
    return found


def digest(name: str) -> str:
    """The SHA-256 of a features.json; ConfigurationError for a file that is not there."""
    return atomic.sha256(_path(name))


def _path(name: str) -> Path:
    path = Path(name).expanduser()
    if not path.is_file():
        raise ConfigurationError(
            f"{KEY} is {name!r}, and there is no such file. Name a features.json, or set {KEY}=null for the sample's "
            "own names."
        )
    return path


def _check(found: Listing, market: Market, where: str) -> None:
    foreign = [repr(name) for name in found.features if not is_feature(name)]
    if foreign:
        raise ConfigurationError(
            f"{where}: the name of a feature begins with {FEATURE_PREFIX!r} (got {some(foreign)}). "
            "Take the features.json of a version from v4 on."
        )
    count = len(found.features)
    if not FEWEST <= count <= MOST:
        raise ConfigurationError(
            f"{where}: its sets name {count:,} features, and a market has {FEWEST} to {MOST:,}. Give a file with "
            f"{'more' if count < FEWEST else 'fewer'}."
        )
    if market.features not in (None, count):
        raise ConfigurationError(
            f"data.features is {market.features}, but {where} names {count:,}. Set data.features=null to follow the "
            "file."
        )
    unknown = [name for name in found.targets if name not in TARGETS]
    if unknown or not found.targets:
        raise ConfigurationError(
            f"{where}: the market has the targets of v5.2 and v5.3 alone, such as {some(TARGETS[:2])} "
            f"(got {some(unknown) or 'none'}). Leave the others out of the file's `targets`."
        )
