"""The training from beginning to end: labelled data in; out come a model, its card and curves."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from batchdigits.config import Arch
from batchdigits.datasets.labelled import concatenate
from batchdigits.datasets.split import DataSplit, load_data_split
from batchdigits.errors import DataError, OutboxError
from batchdigits.inference.engine import engine_from_bytes
from batchdigits.inference.importing.convert import drop_last_activation, to_float_tflite
from batchdigits.inference.model_card import card_from_fields
from batchdigits.system.atomic_files import write_bytes
from batchdigits.system.extras import is_installed, require_extra
from batchdigits.system.logs import LOG
from batchdigits.training.calibrate import ValidationSet, calibrate
from batchdigits.training.card_fields import build_training_fields
from batchdigits.training.checkpoint import Checkpoint
from batchdigits.training.curves import plot_learning_curves
from batchdigits.training.epoch_data import EpochData
from batchdigits.training.export import build_file_fields, to_tflite, write_model
from batchdigits.training.fine_tune import load_base_model, recipe_from_model
from batchdigits.training.history import EpochMetrics
from batchdigits.training.loop import TrainingListener, train_network
from batchdigits.training.networks import build_cnn, build_mlp
from batchdigits.training.recipe import Recipe
from batchdigits.training.request import TrainingRequest
from batchdigits.training.simulator.augment import batch_from_data, make_batch
from batchdigits.training.simulator.source_digits import SourceDigits
from batchdigits.training.test_metrics import TestMetrics, compute_test_metrics

#: Images from which the ranges of 8-bit activations are taken, and what their seed has in place of
#: an epoch's number.
REPRESENTATIVE_IMAGES, _REPRESENTATIVE_SEED = 4096, 2**32 - 1
#: Digits held back, or tested with, fewer than which say little.
MIN_RELIABLE_COUNT = 100


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """A model on disk.

    Attributes:
        path: the ``.tflite`` file.
        history: what became of each epoch.
        test_metrics: how the model reads digits that nothing was learned from.
    """

    path: Path
    history: list[EpochMetrics]
    test_metrics: TestMetrics


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
    draws_curves = is_installed("matplotlib")
    if not draws_curves:
        listener.on_message(
            "No learning curves will be drawn: "
            "matplotlib comes with pip install 'batchdigits[charts]'."
        )
    listener.on_message(
        f"Training on {split.train_count:,} digits, watching {len(validation_batch[1]):,} others."
    )
    data = EpochData.from_split(split, request.data.fonts, recipe)
    history = train_network(network, data, validation_batch, recipe, checkpoint, listener)
    listener.on_message("Converting, calibrating and testing.")
    network.save(files.keras)
    content = _convert_network(network, data.source_digits, recipe)
    fields = build_training_fields(request, split, data.source_digits, network.count_params())
    fields |= build_file_fields(files, content)
    fields |= calibrate(engine_from_bytes(content, card_from_fields(fields)), validation_set)
    engine = engine_from_bytes(content, card_from_fields(fields))
    test_metrics = compute_test_metrics(engine, *batch_from_data(concatenate(split.test)))
    fields["test"] = test_metrics.to_dict()
    fields["history"] = [asdict(epoch) for epoch in history]
    write_model(files, content, fields)
    if draws_curves:
        write_bytes(files.curves, plot_learning_curves(history, test_metrics, files.name))
    else:
        # That of a model which this one takes the place of.
        files.curves.unlink(missing_ok=True)
    checkpoint.remove()
    return TrainingResult(files.tflite, history, test_metrics)


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
            "Only %d digits are held back and %d tested with: figures and threshold mean little.",
            validation_count,
            test_count,
        )


def _convert_network(network: Any, source_digits: SourceDigits | None, recipe: Recipe) -> bytes:
    """Convert a Keras model to TensorFlow Lite: to 8-bit integers where images were simulated."""
    if source_digits is None:
        drop_last_activation(network)
        return to_float_tflite(network, (28, 28, 1))
    count = min(REPRESENTATIVE_IMAGES, 4 * len(source_digits.data))
    samples, _ = make_batch(source_digits, count, [recipe.seed, _REPRESENTATIVE_SEED])
    return to_tflite(network, samples)
