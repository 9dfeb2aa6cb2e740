"""The schema of params.yaml: typed, frozen and closed. Every stage checks all of it."""

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
)
from pydantic_core import PydanticCustomError

from numerai_rounds.base import roles
from numerai_rounds.base.columns import TARGET_PREFIX
from numerai_rounds.base.eras import CADENCES, WEEKLY, Cadence, CadenceName
from numerai_rounds.base.limits import LARGEST


class Section(BaseModel):
    """A typed record, such as a part of params.yaml: unknown keys and values of another type are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Pin(Section):
    """The identity of one file of a source.

    `identity` is `etag:...`, `last-modified:...`, `sha256:...` or `seed:...`; `size` is in bytes, null where
    the file is made rather than served. `proof` is what the same content is recognised by if the service gives it
    another identity (`io.proofs`); it is left out where there is none.
    """

    name: str
    size: Annotated[int, Field(ge=0)] | None
    identity: str
    proof: Annotated[str, Field(pattern="^(whole|sampled):[0-9a-f]{64}$")] | None = None

    @property
    def known(self) -> dict[str, Any]:
        """Name, size and identity: which file this is, however it may be recognised later."""
        return self.model_dump(exclude={"proof"})

    @model_serializer(mode="wrap")
    def _without_nothing(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        dumped: dict[str, Any] = serialize(self)
        return {key: value for key, value in dumped.items() if key != "proof" or value is not None}


RESTORE = (
    "`dvc checkout` restores it from this machine's cache, `dvc pull` from your DVC remote; "
    "`rounds open` pins what there is now."
)
"""What to do about a pinned file that its source no longer has."""


def _once(entries: list[Any]) -> list[Any]:
    twice = next((entry for place, entry in enumerate(entries) if entry in entries[:place]), None)
    if twice is not None:
        raise PydanticCustomError("once", "must name each once, and {twice} is there twice", {"twice": repr(twice)})
    return entries


ONCE = AfterValidator(_once)
"""Of a list: an entry that is there twice is a slip."""


def _one_of(allowed: tuple[str, ...]) -> AfterValidator:
    def check(role: str) -> str:
        if role not in allowed:
            raise PydanticCustomError("role", "must be a role: {roles}", {"roles": ", ".join(allowed)})
        return role

    return AfterValidator(check)


HistoryRole = Annotated[str, _one_of(roles.HISTORY + roles.HISTORY_EXTRAS)]
LiveRole = Annotated[str, _one_of(roles.LIVE + roles.LIVE_EXTRAS)]


TargetName = Annotated[str, Field(pattern=f"^{TARGET_PREFIX}(_.+)?$")]


MULTIPLIER = 1_000.0
"""Of a score, at most: a stake won so many times over is a mistake. The highest so far was 20."""

Multiplier = Annotated[float, Field(ge=-MULTIPLIER, le=MULTIPLIER)]


class Payout(Section):
    """How a round pays: the stake times clip(factor * (corr * CORR + mmc * MMC), -clip, clip)."""

    target: TargetName
    """What CORR and MMC are scored on."""
    corr: Multiplier
    mmc: Multiplier
    clip: Annotated[float, Field(gt=0, le=MULTIPLIER)]
    """Of what a stake can win or lose, as a share of it."""
    factor: Annotated[float, Field(ge=0, le=MULTIPLIER)]


class Round(Section):
    """The round being played: its number and every file it needs, as `rounds open` found them."""

    source: str
    number: Annotated[int, Field(ge=1)] | None
    eras: CadenceName = WEEKLY.name
    """How far apart the eras of its history are, as the source says."""
    payout: Payout | None = None
    """Null where nobody pays for the round, or in a way that is not known here."""
    accept_changes: bool = False
    """Take a history in which eras that were here before are not what they were."""
    history: dict[HistoryRole, Pin]
    live: dict[LiveRole, Pin]

    @property
    def cadence(self) -> Cadence:
        """What follows from how far apart its eras are."""
        return CADENCES[self.eras]

    @property
    def title(self) -> str:
        """What people call it: `round 1343 of sample`; a folder of files has no number."""
        return f"round {self.number} of {self.source}" if self.number is not None else f"the files of {self.source}"


class DataSection(Section):
    """What every kind of `data` shares."""

    kind: str
    keep_downloads: bool = False
    """Keep train and validation as they came in data/downloads, and bring them again if they are not there.

    Nothing reads them. `fetch` looks whenever it runs, as it does once this is set.
    """

    def way_to(self, role: str) -> str:
        """How a file that may be absent can be had from this source: the end of a sentence about it."""
        known = type(self).model_fields
        if "extra_files" in known:
            return f"data.extra_files can name {role}"
        if "path" in known:
            return f"a folder in the v5 layout can hold {roles.file_name(role)}, which `rounds open` then pins"
        return f"the source {self.kind!r} has none"


class SplitSection(Section):
    """What every kind of `split` shares."""

    kind: str
    horizon_days: Literal[20, 60] | None
    """Business days that the target looks ahead; needed only if neither its name nor monthly eras (20) tell."""


class ScoreSection(Section):
    """What predictions are judged by."""

    target: TargetName | None = None
    """What headlines are on; null for the target that the round pays for, or the model's own where nobody pays."""
    targets: Annotated[list[TargetName], ONCE]
    """Targets to score on beside that one, the one that the model learns and the one that the round pays for."""
    benchmark: str | None
    """The benchmark model that BMC is measured against; null for none."""
    neutral_sets: Annotated[list[str], ONCE]
    """Feature sets that FNC neutralises to."""
    interval: Annotated[float, Field(ge=0.01, le=0.999)]
    """Share of all outcomes that the intervals of means and Sharpe ratios are to cover."""
    draws: Annotated[int, Field(ge=100, le=100_000)]
    """Simulated series behind the intervals."""
    stake: Annotated[float, Field(gt=0, le=LARGEST)]
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
