"""The training from beginning to end: labelled data in; out come a model, its card and curves."""

from dataclasses import replace
from typing import Any

from batchdigits.config import Arch
from batchdigits.datasets.labelled import concatenate
from batchdigits.datasets.split import DataSplit, load_data_split
from batchdigits.errors import DataError, OutboxError
from batchdigits.system.extras import is_installed, require_extra
from batchdigits.system.logs import LOG
from batchdigits.training.calibrate import ValidationSet
from batchdigits.training.committee import train_committee
from batchdigits.training.epoch_data import EpochData, TrainingData
from batchdigits.training.fine_tune import load_base_model, recipe_from_model
from batchdigits.training.loop.checkpoint import Checkpoint
from batchdigits.training.loop.cycles import TrainingListener, train_network
from batchdigits.training.networks import build_cnn, build_mlp
from batchdigits.training.request import TrainingRequest
from batchdigits.training.trained_model import TrainingResult, write_trained_model

#: Digits held back, or tested with, fewer than which say little.
MIN_RELIABLE_COUNT = 100


def train_model(request: TrainingRequest, listener: TrainingListener) -> TrainingResult:
    """Train a network, convert, calibrate and test it, and write the model with its card.

    Learning curves are drawn where Matplotlib is installed.

    Raises:
        MissingExtraError: TensorFlow is not installed.
        DataError: the data cannot be used.
        ModelError: the model to begin with cannot be trained further.
        UsageError: the name cannot be used, or there is no training to resume.
        OutboxError: the folder cannot be written.
    """
    require_extra("tensorflow", "train", "Training a model")
    try:
        return _train_and_export(request, listener)
    except OSError as error:
        path = error.filename or request.files.folder
        raise OutboxError(f"Cannot write to {path}: {error.strerror}.") from error


def _train_and_export(request: TrainingRequest, listener: TrainingListener) -> TrainingResult:
    files = request.files
    files.prepare(request.overwrite, request.resume)
    split = _load_split(request)
    validation_set = ValidationSet.from_data(
        concatenate(split.validation),
        request.recipe.seed,
        request.recipe.is_augmented,
        split.validation_non_digits,
    )
    network = _build_network(request)
    if request.base_model:
        request = replace(request, recipe=recipe_from_model(request.recipe, network))
    recipe = request.recipe
    checkpoint = Checkpoint(files.checkpoint, recipe, f"{split.fingerprint()} {request.base_model}")
    if request.resume:
        checkpoint.load()
    _warn_of_scarce_data(split)
    validation_batch = validation_set.real
    if not is_installed("matplotlib"):
        listener.on_message(
            "No learning curves will be drawn: "
            "matplotlib comes with pip install 'batchdigits[charts]'."
        )
    listener.on_message(
        f"Training on {split.train_count:,} digits, "
        f"validating on {len(validation_batch[1]):,} others."
    )
    epochs = EpochData.from_split(split, request.data.fonts, recipe)
    data = TrainingData(split, validation_set, epochs)
    if not request.resume:
        files.remove_checkpoints()
    history = train_network(network, epochs, validation_batch, recipe, checkpoint, listener)
    committee = train_committee(request, data, listener) if request.committee else []
    listener.on_message("Converting, calibrating and testing.")
    result = write_trained_model(request, data, network, history, committee)
    files.remove_checkpoints()
    return result


def _load_split(request: TrainingRequest) -> DataSplit:
    try:
        return load_data_split(request.data, request.recipe.seed)
    except OSError as error:
        raise DataError(
            f"{error.filename or 'The data'} cannot be read: {error.strerror}."
        ) from error


def _build_network(request: TrainingRequest) -> Any:
    """Build an untrained Keras model, or load the one to begin with."""
    recipe = request.recipe
    if request.base_model:
        import keras

        # A network that is loaded draws the seeds of its dropout.
        keras.utils.set_random_seed(recipe.seed)
        return load_base_model(request.base_model, recipe.arch)
    if recipe.arch is Arch.CNN:
        return build_cnn(recipe.seed)
    return build_mlp(recipe.hidden, recipe.output, recipe.seed)


def _warn_of_scarce_data(split: DataSplit) -> None:
    """Warn of what makes the figures mean little."""
    learned = {digit for data, _ in split.train for digit in data.digits.tolist()}
    if missing := sorted(set(range(10)) - learned):
        LOG.warning(
            "There is no %s in the data: it will not be read.", ", no ".join(map(str, missing))
        )
    validation_count, test_count = sum(map(len, split.validation)), sum(map(len, split.test))
    if min(validation_count, test_count) < MIN_RELIABLE_COUNT:
        LOG.warning(
            "Only %d digits are held back and %d tested: figures and threshold mean little.",
            validation_count,
            test_count,
        )
