"""``batchdigits train``: data in; out come a model with its card, learning curves and figures."""

import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from batchdigits.config import Arch
from batchdigits.datasets.labelled import concatenate
from batchdigits.datasets.split import DataSplit, load_data_split
from batchdigits.errors import DataError, OutboxError, UsageError
from batchdigits.inference.engine import DEFAULT_MODEL, engine_from_bytes
from batchdigits.inference.importing.convert import drop_last_activation, to_float_tflite
from batchdigits.inference.model_card import card_from_fields
from batchdigits.system.atomic_files import write_bytes
from batchdigits.system.logs import LOG
from batchdigits.training.calibrate import ValidationSet, calibrate
from batchdigits.training.card_fields import build_training_fields
from batchdigits.training.checkpoint import Checkpoint
from batchdigits.training.curves import plot_learning_curves
from batchdigits.training.export import build_file_fields, to_tflite, write_model
from batchdigits.training.history import EpochMetrics
from batchdigits.training.loop import EpochLoader, TrainingListener, train
from batchdigits.training.networks import build_cnn, build_mlp
from batchdigits.training.recipe import Recipe
from batchdigits.training.request import CHECKPOINT_ENDING, OUTPUT_ENDINGS, TrainingRequest
from batchdigits.training.simulator.augment import SourceDigits, batch_from_data, make_batch
from batchdigits.training.simulator.epochs import augment_epochs
from batchdigits.training.simulator.fonts import load_fonts
from batchdigits.training.test_metrics import TestMetrics, compute_test_metrics

#: Images from which the ranges of 8-bit activations are taken.
REPRESENTATIVE_IMAGES = 4096
#: Digits held back, or tested with, fewer than which say little.
MIN_RELIABLE_COUNT = 100


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """A model on disk, what became of each epoch, and how it reads what it never saw."""

    path: Path
    history: list[EpochMetrics]
    test_metrics: TestMetrics


class TrainCommandListener(TrainingListener, Protocol):
    """Whoever wants to know how training goes on."""

    def on_message(self, message: str) -> None:
        """Told what is done next."""


def train_model(request: TrainingRequest, listener: TrainCommandListener) -> TrainingResult:
    """Train, convert, calibrate, test, and write the model with its card.

    Raises:
        DataError: data that cannot be used.
        UsageError: the name cannot be used, or there is nothing to go on with.
        OutboxError: the folder cannot be written.
    """
    try:
        return _train_and_export(request, listener)
    except OSError as error:
        place = error.filename or request.folder
        raise OutboxError(f"Cannot write to {place}: {error.strerror}.") from error


def _train_and_export(request: TrainingRequest, listener: TrainCommandListener) -> TrainingResult:
    _check_output(request)
    recipe = request.recipe
    try:
        parts = load_data_split(request.data, recipe.seed)
    except OSError as error:
        raise DataError(
            f"{error.filename or 'The data'} cannot be read: {error.strerror}."
        ) from error
    held_back = ValidationSet.from_data(
        concatenate(parts.validation), recipe.seed, recipe.is_augmented
    )
    model = _build_network(request)
    if request.base_model:
        from batchdigits.training.fine_tune import recipe_from_model

        recipe = recipe_from_model(recipe, model)
        request = replace(request, recipe=recipe)
    checkpoint = Checkpoint(
        request.get_path(CHECKPOINT_ENDING), recipe, f"{parts.fingerprint()} {request.base_model}"
    )
    if request.resume:
        checkpoint.load()
    _warn_of_scarce_data(parts)
    listener.on_message(
        f"Training on {parts.train_count:,} digits, watching {len(held_back.real[1]):,} others."
    )
    lessons, shown, material = _build_epoch_loader(parts, request)
    history = train(model, lessons, shown, held_back.real, recipe, checkpoint, listener)
    listener.on_message("Converting, calibrating and testing.")
    model.save(request.get_path(".keras"))
    content = _convert_model(model, material, recipe)
    about = build_training_fields(request, parts, material, model.count_params())
    about |= build_file_fields(request.name, content)
    about |= calibrate(engine_from_bytes(content, card_from_fields(about)), held_back)
    engine = engine_from_bytes(content, card_from_fields(about))
    found = compute_test_metrics(engine, *batch_from_data(concatenate(parts.test)))
    told = {"test": found.to_dict(), "history": [asdict(epoch) for epoch in history]}
    path = write_model(request.folder, request.name, content, about | told)
    write_bytes(request.get_path(".png"), plot_learning_curves(history, found, request.name))
    checkpoint.remove()
    return TrainingResult(path, history, found)


def _warn_of_scarce_data(parts: DataSplit) -> None:
    """Tell what makes the figures mean little."""
    known = {int(each) for part, _ in parts.train for each in set(part.digits.tolist())}
    if missing := sorted(set(range(10)) - known):
        LOG.warning(
            "There is no %s among the data: it will not be read.", ", no ".join(map(str, missing))
        )
    tests = sum(map(len, parts.test))
    if min(tests, sum(map(len, parts.validation))) < MIN_RELIABLE_COUNT:
        LOG.warning(
            "Only %d digits are held back and %d tested with: figures and threshold mean little.",
            *(sum(map(len, parts.validation)), tests),
        )


def _check_output(request: TrainingRequest) -> None:
    """Find out before the hours of training, not after them, whether the model can be written."""
    name = request.name
    if os.path.basename(name) != name or name[:1] in ("", ".") or not name.isprintable():
        raise UsageError(f"{request.name!r} is no name for a model: it becomes a file's name.")
    if request.name == DEFAULT_MODEL and not (request.overwrite or request.resume):
        raise UsageError(
            f"{request.name} is the name of the shipped model: choose another --name, "
            "or say --overwrite."
        )
    request.folder.mkdir(parents=True, exist_ok=True)
    if not (request.overwrite or request.resume):
        if request.get_path(CHECKPOINT_ENDING).exists():
            raise UsageError(
                f"{request.get_path(CHECKPOINT_ENDING)} is of a training that was stopped: go on "
                "with it by --resume, or begin anew with --overwrite."
            )
        for ending in OUTPUT_ENDINGS:
            if os.path.lexists(request.get_path(ending)):
                raise UsageError(
                    f"{request.get_path(ending)} is there already: choose another --name, "
                    "or say --overwrite."
                )
    probe = request.get_path(f"{CHECKPOINT_ENDING}.tmp")
    probe.touch()
    probe.unlink()


def _build_network(request: TrainingRequest) -> Any:
    recipe = request.recipe
    if request.base_model:
        import keras

        from batchdigits.training.fine_tune import load_base_model

        # A network that is loaded draws the seeds of its dropout.
        keras.utils.set_random_seed(recipe.seed)
        return load_base_model(request.base_model, recipe.arch)
    if recipe.arch is Arch.CNN:
        return build_cnn(recipe.seed)
    return build_mlp(recipe.hidden, recipe.output, recipe.seed)


def _build_epoch_loader(
    parts: DataSplit, request: TrainingRequest
) -> tuple[EpochLoader, int, SourceDigits | None]:
    """The images of each epoch, how many they are, and what they are made from."""
    recipe = request.recipe
    if not recipe.is_augmented:
        batch = batch_from_data(concatenate([part for part, _ in parts.train]))
        return lambda epochs: (batch for _ in epochs), len(batch[0]), None
    typed = load_fonts(request.data.fonts) if request.data.fonts else None
    material = SourceDigits.from_parts(parts.train, typed)
    shown = min(recipe.images, 4 * len(material.data))
    return lambda epochs: augment_epochs(material, recipe.seed, epochs, shown), shown, material


def _convert_model(model: Any, source_digits: SourceDigits | None, recipe: Recipe) -> bytes:
    if source_digits is None:
        drop_last_activation(model)
        return to_float_tflite(model, (28, 28, 1))
    number = min(REPRESENTATIVE_IMAGES, 4 * len(source_digits.data))
    samples, _ = make_batch(source_digits, number, [recipe.seed, -1 % 2**32])
    return to_tflite(model, samples)
