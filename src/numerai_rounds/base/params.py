"""The schema of params.yaml: typed, frozen and closed. Every stage checks all of it."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic_core import PydanticCustomError

from numerai_rounds.base import plugins, roles
from numerai_rounds.base.columns import TARGET_PREFIX
from numerai_rounds.base.errors import ConfigurationError, one_of


class Section(BaseModel):
    """A typed record, such as a part of params.yaml: unknown keys and values of another type are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Pin(Section):
    """The identity of one file of a source.

    `identity` is `etag:...`, `last-modified:...`, `sha256:...` or `seed:...`; `size` is in bytes, null where
    the file is made rather than served.
    """

    name: str
    size: Annotated[int, Field(ge=0)] | None
    identity: str


RESTORE = (
    "`dvc checkout` restores it from this machine's cache, `dvc pull` from your DVC remote; "
    "`rounds open` pins what there is now."
)
"""What to do about a pinned file that its source no longer has."""


def _one_of(allowed: tuple[str, ...]) -> AfterValidator:
    def check(role: str) -> str:
        if role not in allowed:
            raise PydanticCustomError("role", "must be a role: {roles}", {"roles": ", ".join(allowed)})
        return role

    return AfterValidator(check)


HistoryRole = Annotated[str, _one_of(roles.HISTORY + roles.HISTORY_EXTRAS)]
LiveRole = Annotated[str, _one_of(roles.LIVE + roles.LIVE_EXTRAS)]


TargetName = Annotated[str, Field(pattern=f"^{TARGET_PREFIX}(_.+)?$")]


class Payout(Section):
    """How a round pays: the stake times clip(factor * (corr * CORR + mmc * MMC), -clip, clip)."""

    target: TargetName
    """What CORR and MMC are scored on."""
    corr: float
    mmc: float
    clip: Annotated[float, Field(gt=0)]
    """Of what a stake can win or lose, as a share of it."""
    factor: Annotated[float, Field(ge=0)]


class Round(Section):
    """The round being played: its number and every file it needs, as `rounds open` found them."""

    source: str
    number: Annotated[int, Field(ge=1)] | None
    payout: Payout | None = None
    """Null where nobody pays for the round, or in a way that is not known here."""
    accept_changes: bool = False
    """Take a history in which eras that were here before are not what they were."""
    history: dict[HistoryRole, Pin]
    live: dict[LiveRole, Pin]

    @property
    def title(self) -> str:
        """What people call it: `round 1343 of sample`; a folder of files has no number."""
        return f"round {self.number} of {self.source}" if self.number is not None else f"the files of {self.source}"


class DataSection(Section):
    """What every kind of `data` shares."""

    kind: str
    keep_downloads: bool = False
    """Keep the files that the history was made from, in data/downloads; nothing reads them."""


class SplitSection(Section):
    """What every kind of `split` shares."""

    kind: str
    horizon_days: Literal[20, 60] | None
    """Business days that the target looks ahead; needed only where its name does not tell."""


class ScoreSection(Section):
    """What predictions are judged by."""

    target: TargetName | None = None
    """What headlines are on; null for the target that the round pays for, or the model's own where nobody pays."""
    targets: list[TargetName]
    """Targets to score on beside that one, the one that the model learns and the one that the round pays for."""
    benchmark: str | None
    """The benchmark model that BMC is measured against; null for none."""
    neutral_sets: list[str]
    """Feature sets that FNC neutralises to."""
    interval: Annotated[float, Field(gt=0, lt=1)]
    """Share of all outcomes that the intervals of means and Sharpe ratios are to cover."""
    draws: Annotated[int, Field(ge=100, le=100_000)]
    """Of the bootstrap behind the intervals."""
    stake: Annotated[float, Field(gt=0)]
    """NMR that the simulated payout starts with."""


class Params(Section):
    """The whole of params.yaml, whatever kinds it names."""

    target: TargetName
    seed: Annotated[int, Field(ge=0, lt=2**31)]
    threads: Annotated[int, Field(ge=0, le=1024)]
    """0 uses every core. Results do not depend on it."""
    missing_features: Literal["middle", "refuse"]
    """NaN features become the middle level 2, or stop the stage that meets them."""
    round: Round
    score: ScoreSection
    data: DataSection
    split: SplitSection
    select: Any
    model: Any


def parse(raw: dict[str, Any]) -> Params:
    """Check a composed configuration as a whole; a ConfigurationError lists everything that is wrong."""
    kinds = {section: _kind(raw, section) for section in plugins.FAMILIES}
    sections: Any = {section: (plugins.load(section, kind).Params, ...) for section, kind in kinds.items()}
    schema = create_model("Params", __base__=Params, **sections)
    try:
        return schema.model_validate(raw)
    except ValidationError as error:
        problems = "\n".join(f"  {line}" for line in _sentences(error, raw))
        raise ConfigurationError(f"the configuration does not fit its schema:\n{problems}") from None


def _kind(raw: dict[str, Any], section: str) -> str:
    part = raw.get(section)
    if not isinstance(part, dict) or not isinstance(part.get("kind"), str):
        raise ConfigurationError(
            f"`{section}` has no `kind`. Its preset in conf/{section}/ must name one; `rounds compose` then writes "
            "params.yaml again."
        )
    return str(part["kind"])


def _sentences(error: ValidationError, raw: dict[str, Any]) -> list[str]:
    return [_sentence(problem, raw) for problem in error.errors(include_url=False)]


def _sentence(problem: Any, raw: dict[str, Any]) -> str:
    path = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"{path}: there is no such key; {one_of(str(problem['loc'][-1]), _siblings(problem['loc'], raw))}"
    if problem["type"] == "missing":
        return f"{path}: missing."
    if problem["input"] == "???":
        return f"{path}: must be given (it is ???)."
    found = problem["input"]
    return f"{path}: {problem['msg'][0].lower()}{problem['msg'][1:]} (got {found!r})."


def _siblings(location: tuple[str | int, ...], raw: dict[str, Any]) -> list[str]:
    if len(location) == 1:
        return list(Params.model_fields)
    section = str(location[0])
    if section not in plugins.FAMILIES:
        return list(Round.model_fields) if len(location) == 2 else list(Pin.model_fields)
    fields = plugins.load(section, str(raw[section]["kind"])).Params.model_fields
    for part in location[1:-1]:
        fields = getattr(fields[part].annotation, "model_fields", fields) if part in fields else fields
    return list(fields)
