"""Tables that a person reads at the end of a stage."""

from collections.abc import Mapping

from numerai_rounds.base.params import Params
from numerai_rounds.io import console

COUNTS = ("eras", "eras_unscored", "rows")


def show_scores(scores: Mapping[str, float], parameters: Params) -> None:
    """Print the headline scores of the validation eras."""
    title = (
        f"{parameters.target}, {parameters.round.title}: "
        f"{scores['eras']:,} validation eras, {scores['rows']:,} rows"
        + (f", {scores['eras_unscored']:,} of them without a score" if scores["eras_unscored"] else "")
    )
    rows = [(name, f"{value:.4f}") for name, value in sorted(scores.items()) if name not in COUNTS]
    console.table(title, ["score", "value"], rows)
