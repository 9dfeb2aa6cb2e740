"""The `rounds` command: each subcommand is one line over a function of the same name."""

from pathlib import Path
from typing import Annotated

import typer

from numerai_rounds.io import process

app = typer.Typer(
    help="Play the Numerai tournament with a pipeline that can be reproduced bit for bit.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command(
    epilog="Examples:  rounds compose   |   rounds compose model=ridge   |   rounds compose select.k=200 seed=1"
)
def compose(
    overrides: Annotated[list[str] | None, typer.Argument(help="Hydra overrides to keep in conf/: key=value.")] = None,
) -> None:
    """Write params.yaml from conf/; overrides are kept in conf/ first."""
    from numerai_rounds.commands import configure

    configure.compose(overrides or [])


@app.command(epilog="Examples:  dvc exp apply NAME && rounds promote   |   rounds promote NAME")
def promote(
    experiment: Annotated[
        str | None, typer.Argument(help="A DVC experiment; without it, params.yaml as it is.")
    ] = None,
) -> None:
    """Make an experiment's parameters the default: conf/ is changed to compose to them."""
    from numerai_rounds.commands import configure

    configure.promote(experiment)


@app.command("open", epilog="Examples:  rounds open   |   rounds open --next   |   rounds open --round 1350")
def open_round(
    number: Annotated[int | None, typer.Option("--round", help="Round to open instead of the current one.")] = None,
    following: Annotated[bool, typer.Option("--next", help="Open the round after the pinned one.")] = False,  # noqa: FBT002
    accept_changes: Annotated[  # noqa: FBT002
        bool, typer.Option("--accept-changes", help="Let `fetch` replace eras of the history that changed upstream.")
    ] = False,
) -> None:
    """Pin the round and the exact files it needs in conf/round.yaml."""
    from numerai_rounds.commands import opening

    opening.open_round(number, following=following, accept_changes=accept_changes)


@app.command(
    epilog="Examples:  rounds score mine.csv   |   rounds score mine.parquet --target target_ender_20   |   "
    "rounds score many.parquet --column a --column b --output scores/"
)
def score(
    file: Annotated[Path, typer.Argument(metavar="PREDICTIONS", help="CSV or parquet file with `id` and predictions.")],
    column: Annotated[
        list[str] | None, typer.Option(help="Column of the file; all numbers but features and targets.")
    ] = None,
    target: Annotated[list[str] | None, typer.Option(help="Instead of those of params.yaml; may be repeated.")] = None,
    number: Annotated[int | None, typer.Option("--round", help="Simulate the payout of this round's policy.")] = None,
    output: Annotated[Path | None, typer.Option(help="Folder to write the tables to.")] = None,
) -> None:
    """Score any predictions on the resolved validation eras that they cover."""
    from numerai_rounds.commands import scoring

    scoring.score(file, columns=column or [], targets=target or [], round_number=number, output=output)


@app.command(epilog="Example:  rounds report")
def report() -> None:
    """Show the scores of the last run and where its submission is."""
    from numerai_rounds.commands import reporting

    reporting.report()


@app.command(epilog="Example:  rounds doctor")
def doctor() -> None:
    """Say what is missing or wrong on this machine, in plain words."""
    from numerai_rounds.commands import doctor as diagnosis

    diagnosis.doctor()


def main() -> None:
    """Entry point of the command line."""
    process.run(app)
