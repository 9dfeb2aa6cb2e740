"""`rounds package`: the model as one file that Numerai can run by itself, tried out as Numerai would run it."""

from io import BytesIO
from typing import NamedTuple

import numpy as np
import pandas as pd

from numerai_rounds.base.columns import ID, PREDICTION
from numerai_rounds.base.errors import ConfigurationError, DataError
from numerai_rounds.base.params import Params
from numerai_rounds.conf.params import load
from numerai_rounds.io import console
from numerai_rounds.io.files import atomic, paths, vouched
from numerai_rounds.io.machine import exclusive
from numerai_rounds.io.package import images, pickled, tryout
from numerai_rounds.io.package.tryout import Trial
from numerai_rounds.io.service.model_upload import Destination, ModelUploads
from numerai_rounds.play import slots
from numerai_rounds.steps.predicting import Predictor

NUMERAI = "numerai"
TRAIN = "train"
"""The stage that makes the model."""


class _Upload(NamedTuple):
    """Where the package goes, once it is there."""

    client: ModelUploads
    destination: Destination


def package(*, check: bool, send: bool = False, model: str | None = None) -> None:
    """Write the package, try it out in an environment like Numerai's, and `send` it to a model slot.

    What is sent is followed until Numerai has validated it, and assigned. Raises ConfigurationError where the pipeline
    has not run with these parameters, DataError where the package does not predict what the pipeline does, breaks a
    limit, or fails Numerai's own trial.
    """
    with exclusive.only_one("rounds package"):
        parameters = load()
        if send != (model is not None):
            raise ConfigurationError("--upload and --model MODEL go together: one says to send, the other where to.")
        if send and not check:
            raise ConfigurationError("a model that was not tried out is not uploaded: leave out --no-check.")
        submission = slots.own(parameters.round.number)
        text = _model()
        upload = _upload(parameters, model) if model else None
        predictor = Predictor.of(parameters, text)
        pickled.write(predictor.portable(), paths.PACKAGE)
        if check:
            image = images.name()
            trial = tryout.run(paths.PACKAGE, images.interpreter(), image)
            _show(trial, image, compare(trial.predictions, submission, image))
        console.say(f"{parameters.model.kind} on {len(predictor.features):,} features: {paths.PACKAGE}")
        if upload:
            made = upload.client.upload(paths.PACKAGE, upload.destination)
            console.say(f"uploaded to {model} as {made}; Numerai tries it out, which takes some minutes.")
            upload.client.follow(made, upload.destination.model)
            console.say(
                f"{model}: validated and assigned. Numerai submits for it from now on, and takes no other submission "
                "for it until the model upload is disabled on its page on numer.ai."
            )


def compare(predictions: "pd.Series[float]", submission: bytes, image: str) -> float:
    """The largest difference between a package's predictions and the pipeline's own: 0, or a DataError.

    Both are ranks, whole numbers divided by the same one: ranks that differ at all differ by half a place or more.
    """
    ours = pd.read_csv(BytesIO(submission), dtype={ID: str}, keep_default_na=False)
    if list(ours[ID]) != list(predictions.index):
        raise DataError(
            f"the packaged model predicts other ids than the pipeline in the image {image}: {len(predictions):,} rows "
            f"in place of {len(ours):,}, or in another order."
        )
    differences = np.abs(predictions.to_numpy() - ours[PREDICTION].to_numpy())
    largest = float(differences.max())
    if largest != 0:
        raise DataError(
            f"the packaged model predicts otherwise than the pipeline in the image {image}: "
            f"{np.count_nonzero(differences):,} of {len(ours):,} predictions differ, by up to {largest:.3g}."
        )
    return largest


def _model() -> str:
    """The text of the model; ConfigurationError where there is none, DamagedError where `train` did not write it."""
    if not paths.MODEL.exists():
        raise ConfigurationError(f"{paths.MODEL} is not here: run `dvc repro` first.")
    return vouched.text(paths.MODEL)


def _upload(parameters: Params, model: str) -> _Upload:
    """What an upload needs, asked for before anything takes time."""
    if parameters.data.kind != NUMERAI:
        raise ConfigurationError(
            f"{parameters.round.title} is not one that Numerai plays: only a model of data=numerai can be uploaded."
        )
    client = ModelUploads()
    return _Upload(client, client.destination(model, images.name(), str(getattr(parameters.data, "version", ""))))


def _show(trial: Trial, image: str, largest: float) -> None:
    console.table(
        "the packaged model, tried out as Numerai runs it",
        ["image", "seconds", "peak memory", "rows", "largest difference", "bytes", "sha256"],
        [
            (
                image,
                f"{trial.seconds:.1f}",
                f"{trial.peak_bytes / 2**30:.2f} GB",
                f"{len(trial.predictions):,}",
                f"{largest:g}",
                f"{paths.PACKAGE.stat().st_size:,}",
                atomic.sha256(paths.PACKAGE)[:16],
            )
        ],
    )
