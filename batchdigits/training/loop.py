"""Train a network: reads from top to bottom."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from batchdigits.inference.calibration import log_loss
from batchdigits.inference.input_format import logits_from_outputs as logits_of_answers
from batchdigits.inference.model_card import OutputKind
from batchdigits.training.checkpoint import Checkpoint
from batchdigits.training.history import Epoch, best_of, gives_up
from batchdigits.training.recipe import Recipe
from batchdigits.training.simulator.augment import Batch
from batchdigits.training.trainer import Teacher

#: Images shown between two words to the listener.
PIECE = 6400
#: Images predicted in one call.
PREDICTED = 512

#: The images and digits of each of some epochs.
Lessons = Callable[[range], Iterator[Batch]]


class Listener(Protocol):
    """Whoever wants to know how training goes on."""

    def begun(self, epoch: int, images: int) -> None:
        """Told the number of an epoch, from 1, and how many images it has."""

    def advanced(self, images: int, loss: float, accuracy: float) -> None:
        """Told how many images of the epoch were shown, and how they were read."""

    def ended(self, number: int, epoch: Epoch) -> None:
        """Told what became of an epoch."""


def train(
    model: Any,
    lessons: Lessons,
    shown: int,
    held_back: Batch,
    recipe: Recipe,
    checkpoint: Checkpoint,
    listener: Listener,
) -> list[Epoch]:
    """Train ``model``, which is left with the weights to use.

    Args:
        model: a Keras model, ``(n, 28, 28, 1)`` levels 0-255 in.
        lessons: gives the images of each epoch.
        shown: images in one epoch.
        held_back: looked at after each epoch; chooses it where training may end early.
        recipe: everything else.
        checkpoint: kept up to date, and gone on with where it holds epochs.
        listener: told how it goes.

    Returns:
        What became of each epoch.
    """
    import keras
    import tensorflow as tf

    # Same seed and machine: same weights.
    tf.config.experimental.enable_op_determinism()
    history = checkpoint.history
    for number, (cycle, share) in enumerate(_cycles(recipe)):
        if len(history) > cycle.stop:
            continue
        keras.utils.set_random_seed(recipe.seed + number)
        steps = len(cycle) * max(shown // recipe.batch_size, 1)
        teacher = Teacher(model, recipe, steps, share)
        if len(history) > cycle.start:
            checkpoint.restore(teacher)
        for batch in lessons(range(len(history), cycle.stop)):
            if gives_up(history, recipe.patience):
                break
            random = np.random.default_rng([recipe.seed, len(history)])
            listener.begun(len(history) + 1, len(batch[0]))
            loss, accuracy = _one_epoch(teacher, batch, random, recipe.batch_size, listener)
            with teacher.best():
                history.append(Epoch(loss, accuracy, *how_well(model, held_back, recipe)))
                if recipe.patience and best_of(history) == len(history) - 1:
                    checkpoint.best = [each.numpy() for each in model.variables]
            checkpoint.save(teacher)
            listener.ended(len(history), history[-1])
        teacher.settle()
    for variable, value in zip(model.variables, checkpoint.best, strict=False):
        variable.assign(value)
    return history


def _cycles(recipe: Recipe) -> list[tuple[range, float]]:
    """Each with its share of the learning rate; the second is a warm restart."""
    first = range(recipe.epochs), 1.0
    return [first, (range(recipe.epochs, recipe.rounds), 0.5)] if recipe.refine else [first]


def _one_epoch(
    teacher: Teacher, batch: Batch, random: np.random.Generator, size: int, listener: Listener
) -> tuple[float, float]:
    """Show every image once; mean loss and accuracy while it was learned from."""
    images, digits = batch
    order = random.permutation(len(images))
    lost, right = 0.0, 0
    piece = max(PIECE // size, 1) * size
    for start in range(0, len(images), piece):
        chosen = order[start : start + piece]
        loss, found = teacher.learn(images[chosen], digits[chosen])
        lost, right = lost + loss, right + found
        done = start + len(chosen)
        listener.advanced(done, lost / done, right / done)
    return lost / len(images), right / len(images)


def how_well(model: Any, batch: Batch, recipe: Recipe) -> tuple[float, float]:
    """Log-loss and accuracy of a model over images that it does not learn from."""
    images, digits = batch
    scores = logits_of(model, images, recipe).astype(np.float64)
    return log_loss(scores, digits), float((scores[:, :10].argmax(1) == digits).mean())


def logits_of(model: Any, images: NDArray[np.uint8], recipe: Recipe) -> NDArray[np.float32]:
    """``(n, 10 or 11) float32`` logits of a Keras model for ``(n, 28, 28) uint8`` images."""
    parts = range(0, len(images), PREDICTED)
    outputs = np.concatenate(
        [
            np.asarray(model(images[start : start + PREDICTED, ..., None], training=False))
            for start in parts
        ]
    )
    return logits_of_answers(
        outputs, OutputKind.LOGITS if recipe.varied else OutputKind(recipe.output)
    )
