"""docs/torture.md: what is tried, what counts as survived, and what came of it."""

from collections.abc import Sequence

from tests.torture import trying
from tests.torture.outcome import Outcome, rows

INTRODUCTION = """# Torture

`make torture` tries every fault that it knows on a whole round of a tiny season: with real processes, signals, git and DVC repositories, and a server that stands in
for the service. `make test` tries a few of each kind. `python -m tests.torture --help` lists what else can be asked for: a part, a number of cases, another seed, one case again.

| part | is | survived is |
| --- | --- | --- |
| kills | a SIGKILL at each write of `rounds run --upload --push`, of the run, of DVC, of a stage, of git: just before it, with the file empty, with the file cut off at a random place. Several kills hit one round after the other, each further on; where it ends badly, each is tried alone | the same command, started again, ends with 0; dvc.lock, the commit's tree and the submission are those of an undisturbed run; one submission was sent, and is accepted; data, commit and tag are pushed; nothing temporary is left |
| rot | one bit flipped in a file, with and without a new time of change: for each stage and command that reads it, and for a whole round (there in up to three files at once, each alone where it ends badly) | a refusal in one sentence with a documented exit code, whose advice, when followed, leads to the undisturbed result; or that result itself; after damage to conf/round.yaml one round from end to end with the same submission, since what is pinned no more is pinned anew |
| pairs | two commands that write, started at once with a random offset; up to five pairs one after the other, then the round | each ends with 0, or a code that README.md explains; the next run gives one round from end to end: commit, pins, tag, receipt and submission agree |
| disk | a stage, or a command that writes, on a disk with little room | it ends with 5 and one sentence, or fits; nothing is half-written; with room again the same command makes the undisturbed bytes |
"""


def text(outcomes: Sequence[Outcome], seed: int, known: int) -> str:
    """The page; `known` is the number of cases that there are."""
    size = "every case" if len(outcomes) == known else f"{len(outcomes)} of {known:,} cases"
    lines = [f"| {' | '.join(row)} |" for row in rows(outcomes, trying.TITLES)]
    table = "\n".join(["| part | what | tried | survived |", "| --- | --- | ---: | ---: |", *lines])
    lost = [f"- `{outcome.case.name}`: {outcome.flaw}" for outcome in outcomes if outcome.flaw is not None]
    told = "\n## Not survived\n\n" + "\n".join(lost) + "\n" if lost else ""
    return f"{INTRODUCTION}\n## What came of it\n\nWith `--seed {seed}`, {size}:\n\n{table}\n{told}"
