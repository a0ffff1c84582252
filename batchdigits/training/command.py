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
from batchdigits.training.calibrate import HeldBack, calibrate
from batchdigits.training.card_fields import description
from batchdigits.training.checkpoint import Checkpoint
from batchdigits.training.curves import curves_png
from batchdigits.training.export import card_fields, to_tflite, write_model
from batchdigits.training.history import Epoch
from batchdigits.training.loop import Lessons, train
from batchdigits.training.loop import Listener as TrainListener
from batchdigits.training.networks import build_cnn, build_mlp
from batchdigits.training.recipe import Recipe
from batchdigits.training.request import CHECKPOINT, ENDINGS, Order
from batchdigits.training.simulator.augment import Material, make, plain
from batchdigits.training.simulator.epochs import varied
from batchdigits.training.simulator.fonts import load_fonts
from batchdigits.training.test_metrics import Tested, tested

#: Images from which the ranges of 8-bit activations are taken.
SAMPLES = 4096
#: Digits held back, or tested with, fewer than which say little.
FEW = 100


@dataclass(frozen=True, slots=True)
class Trained:
    """A model on disk, what became of each epoch, and how it reads what it never saw."""

    path: Path
    history: list[Epoch]
    tested: Tested


class Listener(TrainListener, Protocol):
    """Whoever wants to know how training goes on."""

    def said(self, sentence: str) -> None:
        """Told what is done next."""


def train_command(order: Order, listener: Listener) -> Trained:
    """Train, convert, calibrate, test, and write the model with its card.

    Raises:
        DataError: data that cannot be used.
        UsageError: the name cannot be used, or there is nothing to go on with.
        OutboxError: the folder cannot be written.
    """
    try:
        return _train(order, listener)
    except OSError as error:
        place = error.filename or order.into
        raise OutboxError(f"Cannot write to {place}: {error.strerror}.") from error


def _train(order: Order, listener: Listener) -> Trained:
    _prepare(order)
    recipe = order.recipe
    try:
        parts = load_data_split(order.data, recipe.seed)
    except OSError as error:
        raise DataError(
            f"{error.filename or 'The data'} cannot be read: {error.strerror}."
        ) from error
    held_back = HeldBack.of(concatenate(parts.validation), recipe.seed, recipe.varied)
    model = _network(order)
    if order.start:
        from batchdigits.training.fine_tune import recipe_as_built

        recipe = recipe_as_built(recipe, model)
        order = replace(order, recipe=recipe)
    checkpoint = Checkpoint(order.path(CHECKPOINT), recipe, f"{parts.fingerprint()} {order.start}")
    if order.resume:
        checkpoint.load()
    _warn(parts)
    listener.said(
        f"Training on {parts.train_count:,} digits, watching {len(held_back.real[1]):,} others."
    )
    lessons, shown, material = _lessons(parts, order)
    history = train(model, lessons, shown, held_back.real, recipe, checkpoint, listener)
    listener.said("Converting, calibrating and testing.")
    model.save(order.path(".keras"))
    content = _converted(model, material, recipe)
    about = description(order, parts, material, model.count_params())
    about |= card_fields(order.name, content)
    about |= calibrate(engine_from_bytes(content, card_from_fields(about)), held_back)
    engine = engine_from_bytes(content, card_from_fields(about))
    found = tested(engine, *plain(concatenate(parts.test)))
    told = {"test": found.told(), "history": [asdict(epoch) for epoch in history]}
    path = write_model(order.into, order.name, content, about | told)
    write_bytes(order.path(".png"), curves_png(history, found, order.name))
    checkpoint.remove()
    return Trained(path, history, found)


def _warn(parts: DataSplit) -> None:
    """Tell what makes the figures mean little."""
    known = {int(each) for part, _ in parts.train for each in set(part.digits.tolist())}
    if missing := sorted(set(range(10)) - known):
        LOG.warning(
            "There is no %s among the data: it will not be read.", ", no ".join(map(str, missing))
        )
    tests = sum(map(len, parts.test))
    if min(tests, sum(map(len, parts.validation))) < FEW:
        LOG.warning(
            "Only %d digits are held back and %d tested with: figures and threshold mean little.",
            *(sum(map(len, parts.validation)), tests),
        )


def _prepare(order: Order) -> None:
    """Find out before the hours of training, not after them, whether the model can be written."""
    name = order.name
    if os.path.basename(name) != name or name[:1] in ("", ".") or not name.isprintable():
        raise UsageError(f"{order.name!r} is no name for a model: it becomes a file's name.")
    if order.name == DEFAULT_MODEL and not (order.overwrite or order.resume):
        raise UsageError(
            f"{order.name} is the name of the shipped model: choose another --name, "
            "or say --overwrite."
        )
    order.into.mkdir(parents=True, exist_ok=True)
    if not (order.overwrite or order.resume):
        if order.path(CHECKPOINT).exists():
            raise UsageError(
                f"{order.path(CHECKPOINT)} is of a training that was stopped: go on with it by "
                "--resume, or begin anew with --overwrite."
            )
        for ending in ENDINGS:
            if os.path.lexists(order.path(ending)):
                raise UsageError(
                    f"{order.path(ending)} is there already: choose another --name, "
                    "or say --overwrite."
                )
    probe = order.path(f"{CHECKPOINT}.tmp")
    probe.touch()
    probe.unlink()


def _network(order: Order) -> Any:
    recipe = order.recipe
    if order.start:
        import keras

        from batchdigits.training.fine_tune import begin_with

        # A network that is loaded draws the seeds of its dropout.
        keras.utils.set_random_seed(recipe.seed)
        return begin_with(order.start, recipe.arch)
    if recipe.arch is Arch.CNN:
        return build_cnn(recipe.seed)
    return build_mlp(recipe.hidden, recipe.output, recipe.seed)


def _lessons(parts: DataSplit, order: Order) -> tuple[Lessons, int, Material | None]:
    """The images of each epoch, how many they are, and what they are made from."""
    recipe = order.recipe
    if not recipe.varied:
        batch = plain(concatenate([part for part, _ in parts.train]))
        return lambda epochs: (batch for _ in epochs), len(batch[0]), None
    typed = load_fonts(order.data.fonts) if order.data.fonts else None
    material = Material.of(parts.train, typed)
    shown = min(recipe.images, 4 * len(material.data))
    return lambda epochs: varied(material, recipe.seed, epochs, shown), shown, material


def _converted(model: Any, material: Material | None, recipe: Recipe) -> bytes:
    if material is None:
        drop_last_activation(model)
        return to_float_tflite(model, (28, 28, 1))
    number = min(SAMPLES, 4 * len(material.data))
    samples, _ = make(material, number, [recipe.seed, -1 % 2**32])
    return to_tflite(model, samples)
