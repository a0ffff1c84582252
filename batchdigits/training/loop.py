"""Train a network: reads from top to bottom."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from batchdigits.inference.calibration import log_loss
from batchdigits.inference.input_format import logits_from_outputs
from batchdigits.inference.model_card import OutputKind
from batchdigits.training.checkpoint import Checkpoint
from batchdigits.training.history import EpochMetrics, find_best_epoch, should_stop_early
from batchdigits.training.recipe import Recipe
from batchdigits.training.simulator.augment import Batch
from batchdigits.training.trainer import Trainer

#: Images shown between two words to the listener.
PROGRESS_INTERVAL = 6400
#: Images predicted in one call.
PREDICTION_BATCH_SIZE = 512

#: The images and digits of each of some epochs.
EpochLoader = Callable[[range], Iterator[Batch]]


class TrainingListener(Protocol):
    """Whoever wants to know how training goes on."""

    def on_epoch_begin(self, epoch: int, images: int) -> None:
        """Told the number of an epoch, from 1, and how many images it has."""

    def on_progress(self, images: int, loss: float, accuracy: float) -> None:
        """Told how many images of the epoch were shown, and how they were read."""

    def on_epoch_end(self, epoch: int, metrics: EpochMetrics) -> None:
        """Told what became of an epoch."""


def train(
    model: Any,
    load_epochs: EpochLoader,
    epoch_size: int,
    validation_batch: Batch,
    recipe: Recipe,
    checkpoint: Checkpoint,
    listener: TrainingListener,
) -> list[EpochMetrics]:
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
    for number, (cycle, share) in enumerate(_plan_cycles(recipe)):
        if len(history) > cycle.stop:
            continue
        keras.utils.set_random_seed(recipe.seed + number)
        steps = len(cycle) * max(epoch_size // recipe.batch_size, 1)
        teacher = Trainer(model, recipe, steps, share)
        if len(history) > cycle.start:
            checkpoint.restore(teacher)
        for batch in load_epochs(range(len(history), cycle.stop)):
            if should_stop_early(history, recipe.patience):
                break
            random = np.random.default_rng([recipe.seed, len(history)])
            listener.on_epoch_begin(len(history) + 1, len(batch[0]))
            loss, accuracy = _train_epoch(teacher, batch, random, recipe.batch_size, listener)
            with teacher.use_mean_weights():
                history.append(
                    EpochMetrics(loss, accuracy, *evaluate_batch(model, validation_batch, recipe))
                )
                if recipe.patience and find_best_epoch(history) == len(history) - 1:
                    checkpoint.best_weights = [each.numpy() for each in model.variables]
            checkpoint.save(teacher)
            listener.on_epoch_end(len(history), history[-1])
        teacher.finish_cycle()
    for variable, value in zip(model.variables, checkpoint.best_weights, strict=False):
        variable.assign(value)
    return history


def _plan_cycles(recipe: Recipe) -> list[tuple[range, float]]:
    """Each with its share of the learning rate; the second is a warm restart."""
    first = range(recipe.epochs), 1.0
    return [first, (range(recipe.epochs, recipe.total_epochs), 0.5)] if recipe.refine else [first]


def _train_epoch(
    trainer: Trainer,
    batch: Batch,
    random: np.random.Generator,
    batch_size: int,
    listener: TrainingListener,
) -> tuple[float, float]:
    """Show every image once; mean loss and accuracy while it was learned from."""
    images, digits = batch
    order = random.permutation(len(images))
    lost, right = 0.0, 0
    piece = max(PROGRESS_INTERVAL // batch_size, 1) * batch_size
    for start in range(0, len(images), piece):
        chosen = order[start : start + piece]
        loss, found = trainer.train(images[chosen], digits[chosen])
        lost, right = lost + loss, right + found
        done = start + len(chosen)
        listener.on_progress(done, lost / done, right / done)
    return lost / len(images), right / len(images)


def evaluate_batch(model: Any, batch: Batch, recipe: Recipe) -> tuple[float, float]:
    """Log-loss and accuracy of a model over images that it does not learn from."""
    images, digits = batch
    scores = predict_logits(model, images, recipe).astype(np.float64)
    return log_loss(scores, digits), float((scores[:, :10].argmax(1) == digits).mean())


def predict_logits(model: Any, images: NDArray[np.uint8], recipe: Recipe) -> NDArray[np.float32]:
    """``(n, 10 or 11) float32`` logits of a Keras model for ``(n, 28, 28) uint8`` images."""
    parts = range(0, len(images), PREDICTION_BATCH_SIZE)
    outputs = np.concatenate(
        [
            np.asarray(
                model(images[start : start + PREDICTION_BATCH_SIZE, ..., None], training=False)
            )
            for start in parts
        ]
    )
    return logits_from_outputs(
        outputs, OutputKind.LOGITS if recipe.is_augmented else OutputKind(recipe.output)
    )
