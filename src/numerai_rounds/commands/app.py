"""The `rounds` command: each subcommand is one line over a function of the same name.

Help is text, not docstrings: Python may have been told to leave those out.
"""

import sys
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from numerai_rounds.base.errors import ConfigurationError, DataError, MachineError
from numerai_rounds.io import console
from numerai_rounds.io.machine import dvc_locks, process, root


def examples(*lines: str) -> str:
    """The end of a command's help: each example on a line of its own."""
    return "\n".join(["Examples:" if len(lines) > 1 else "Example:", *lines])


app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:  # noqa: FBT001 - the value of an option
    if asked:
        typer.echo(f"numerai-rounds {metadata.version('numerai-rounds')}")
        raise typer.Exit


@app.callback(help="Play the Numerai tournament with a pipeline that can be reproduced bit for bit.")
def rounds(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """`rounds` itself."""


@app.command(
    help="Write params.yaml from conf/; overrides are kept in conf/ first.",
    epilog=examples("rounds compose", "rounds compose model=ridge", "rounds compose select.k=200 seed=1"),
)
def compose(
    overrides: Annotated[list[str] | None, typer.Argument(help="Hydra overrides to keep in conf/: key=value.")] = None,
) -> None:
    """`rounds compose`."""
    from numerai_rounds.commands import configure

    configure.compose(overrides or [])


@app.command(
    help="Make an experiment's parameters the default: conf/ is changed to compose to them.",
    epilog=examples("dvc exp apply NAME && rounds promote", "rounds promote NAME"),
)
def promote(
    experiment: Annotated[
        str | None, typer.Argument(help="A DVC experiment; without it, params.yaml as it is.")
    ] = None,
) -> None:
    """`rounds promote`."""
    from numerai_rounds.commands import configure

    configure.promote(experiment)


@app.command(
    "open",
    help="Pin the round and the exact files it needs in conf/round.yaml.",
    epilog=examples("rounds open", "rounds open --next", "rounds open --round 1350"),
)
def open_round(
    number: Annotated[
        int | None, typer.Option("--round", min=1, help="Round to open instead of the current one.")
    ] = None,
    following: Annotated[bool, typer.Option("--next", help="Open the round after the pinned one.")] = False,
    accept_changes: Annotated[
        bool, typer.Option("--accept-changes", help="Let `fetch` replace eras of the history that changed upstream.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Fetch what has a new ETag again, even if it looks like the same file.")
    ] = False,
) -> None:
    """`rounds open`."""
    from numerai_rounds.play import opening

    opening.open_round(number, following=following, accept_changes=accept_changes, verify=verify)


@app.command(
    help="Play the whole round: open, predict, commit, upload, tag, push. Started again, it goes on where it stopped.",
    epilog=examples(
        "rounds run",
        "rounds run --wait --upload --push --notify",
        "rounds run --upload --model mine --model other=medium_set",
    ),
)
def run(
    wait: Annotated[bool, typer.Option("--wait", help="Wait for a round to open.")] = False,
    send: Annotated[bool, typer.Option("--upload", help="Send the submission and read it back.")] = False,
    push: Annotated[bool, typer.Option("--push", help="Push data with DVC, then commits and tags with git.")] = False,
    notify: Annotated[
        bool, typer.Option("--notify", help="Send the last line to the webhook in NUMERAI_ROUNDS_WEBHOOK.")
    ] = False,
    model: Annotated[
        list[str] | None,
        typer.Option(metavar="MODEL[=EXPERIMENT]", help="Slot to send to; EXPERIMENT is a preset of conf/experiment."),
    ] = None,
    late: Annotated[bool, typer.Option("--late", help="Also after the round has closed: for the next one.")] = False,
    every: Annotated[float, typer.Option(min=1, help="Seconds between questions while waiting.")] = 30,
    patience: Annotated[float, typer.Option(min=0, help="Minutes to wait at most.")] = 90,
) -> None:
    """`rounds run`."""
    from numerai_rounds.play import running, uploading

    plan = running.Plan(
        upload=send,
        push=push,
        wait=wait,
        every=every,
        patience=patience,
        options=uploading.Options(models=model or [], late=late),
    )
    running.run(plan, notifies=notify)


@app.command(
    help="Send the submission of the pinned round, read it back, and keep a receipt.",
    epilog=examples(
        "rounds upload --dry-run", "rounds upload --model mine", "rounds upload --model mine --model other=slower"
    ),
)
def upload(
    model: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODEL[=EXPERIMENT]",
            help="Slot to send to, and the experiment whose submission it gets; may be repeated.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, send nothing.")] = False,
    late: Annotated[bool, typer.Option("--late", help="Also after the round has closed: for the next one.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Also what was sent before.")] = False,
) -> None:
    """`rounds upload`."""
    from numerai_rounds.play import uploading

    uploading.upload(uploading.Options(models=model or [], late=late, again=again), dry_run=dry_run)


@app.command(
    help="Score any predictions on the resolved validation eras that they cover.",
    epilog=examples(
        "rounds score mine.csv",
        "rounds score mine.parquet --target target_ender_20",
        "rounds score many.parquet --column a --column b --output scores/",
    ),
)
def score(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="PREDICTIONS", help="CSV or parquet file with `id` and predictions.", callback=root.given
        ),
    ],
    column: Annotated[
        list[str] | None, typer.Option(help="Column of the file; all numbers but features and targets.")
    ] = None,
    target: Annotated[
        list[str] | None, typer.Option(help="Instead of those of params.yaml, headlines on the first; may be repeated.")
    ] = None,
    number: Annotated[
        int | None, typer.Option("--round", help="Payout of this round, headlines on its target.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Folder to write the tables to.", callback=root.given)] = None,
) -> None:
    """`rounds score`."""
    from numerai_rounds.commands import scoring

    scoring.score(file, columns=column or [], targets=target or [], round_number=number, output=output)


@app.command(
    help="Write the model as one file that Numerai can run by itself.",
    epilog=examples("rounds package", "rounds package --no-check", "rounds package --upload --model mine"),
)
def package(
    check: Annotated[bool, typer.Option("--check/--no-check", help="Try it in an environment like Numerai's.")] = True,
    send: Annotated[bool, typer.Option("--upload", help="Send it to a model slot.")] = False,
    model: Annotated[str | None, typer.Option(metavar="MODEL", help="Slot to send to.")] = None,
) -> None:
    """`rounds package`."""
    from numerai_rounds.commands import packaging

    packaging.package(check=check, send=send, model=model)


@app.command(
    help="Fetch the live scores of past rounds and compare them with validation's.",
    epilog=examples("rounds scores", "rounds scores --model mine --no-commit"),
)
def scores(
    model: Annotated[list[str] | None, typer.Option(help="Instead of all with a receipt; may be repeated.")] = None,
    commit: Annotated[bool, typer.Option("--commit/--no-commit", help="Commit metrics/live_scores.csv.")] = True,
) -> None:
    """`rounds scores`."""
    from numerai_rounds.commands import live_scores

    live_scores.scores(model or [], commit=commit)


@app.command(
    "list",
    help="Show the rounds that were played here, the newest first.",
    epilog=examples("rounds list", "rounds list --last 60"),
)
def list_rounds(last: Annotated[int, typer.Option(min=1, help="Rounds to show.")] = 20) -> None:
    """`rounds list`."""
    from numerai_rounds.commands import listing

    listing.list_rounds(last)


@app.command(help="Show the scores of the last run and where its submission is.", epilog=examples("rounds report"))
def report() -> None:
    """`rounds report`."""
    from numerai_rounds.commands import reporting

    reporting.report()


@app.command(
    help="Compare every file of the pipeline with dvc.lock; restore what is damaged from DVC's cache, remote or git.",
    epilog=examples("rounds mend"),
)
def mend() -> None:
    """`rounds mend`."""
    from numerai_rounds.commands import mending

    mending.mend()


@app.command(
    help="Say what is missing or wrong on this machine, or what the service says today, in plain words.",
    epilog=examples("rounds doctor", "rounds doctor --service"),
)
def doctor(
    service: Annotated[
        bool, typer.Option("--service", help="Ask the service instead: keys, round, files, clock. Nothing is sent.")
    ] = False,
) -> None:
    """`rounds doctor`."""
    from numerai_rounds.commands import doctor as diagnosis
    from numerai_rounds.commands import service_report

    if service:
        service_report.report()
    else:
        diagnosis.doctor()


@app.command(
    help="Free disk: bins and predictions of the past and other things that can be made again, and nothing else.",
    epilog=examples("rounds clean --dry-run", "rounds clean"),
)
def clean(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be freed, free nothing.")] = False,
) -> None:
    """`rounds clean`."""
    from numerai_rounds.commands import cleaning

    cleaning.clean(dry_run=dry_run)


ANYWHERE = {"--help", "--version"}
"""What is answered outside a repository as well."""


def main() -> None:
    """Entry point of the command line: works in the root of the repository, with its own code."""
    process.run(_main)


def _main() -> None:
    arguments = sys.argv[1:]
    if arguments and not ANYWHERE.intersection(arguments):
        root.enter()
        if arguments[0] != "doctor":  # it says more than that
            process.check_package()
    try:
        app()
    except (ConfigurationError, DataError):
        if (at_work := dvc_locks.told()) is not None:
            console.complain(f"{at_work} It changes files meanwhile, which may be why:")
        raise
    except SystemExit as done:
        if done.code or (lost := console.lost()) is None:
            raise
        raise MachineError(
            f"all was done, but what there was to say could not be written ({lost.strerror}). Check where the output "
            "goes."
        ) from None
