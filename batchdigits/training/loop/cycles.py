"""The training loop: shows epochs to a network, keeps a checkpoint, and tells a listener."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from batchdigits.inference.calibration import log_loss
from batchdigits.inference.input_format import logits_from_outputs
from batchdigits.inference.model_card import OutputKind
from batchdigits.training.epoch_data import EpochData
from batchdigits.training.loop.checkpoint import Checkpoint
from batchdigits.training.loop.fast_kernels import allow_bfloat16
from batchdigits.training.loop.history import EpochMetrics, find_best_epoch, should_stop_early
from batchdigits.training.loop.trainer import Trainer
from batchdigits.training.recipe import Recipe
from batchdigits.training.simulator.augment import Batch

#: Images shown between two calls of ``on_progress``.
PROGRESS_INTERVAL = 6400
#: Images predicted in one call.
PREDICTION_BATCH_SIZE = 512


class TrainingListener(Protocol):
    """Whoever wants to know how a training goes on."""

    def on_message(self, message: str) -> None:
        """Take a sentence on what is done next."""

    def on_epoch_begin(self, epoch: int, images: int) -> None:
        """Take the number of an epoch, from 1, and how many images it has."""

    def on_progress(self, images: int, loss: float, accuracy: float) -> None:
        """Take how many images of the epoch were shown so far, and how they were read."""

    def on_epoch_end(self, epoch: int, metrics: EpochMetrics) -> None:
        """Take what became of an epoch."""


def train_network(
    model: Any,
    data: EpochData,
    validation_batch: Batch,
    recipe: Recipe,
    checkpoint: Checkpoint,
    listener: TrainingListener,
) -> list[EpochMetrics]:
    """Train ``model``, which is left with the weights to use.

    Args:
        model: a Keras model, ``(n, 28, 28, 1)`` levels 0-255 in.
        data: the images of each epoch.
        validation_batch: predicted after each epoch; where training may end early, it chooses the
            epoch whose weights are taken.
        recipe: everything else.
        checkpoint: saved after each epoch; where it holds epochs, they are not trained again.
        listener: told how training goes on.

    Returns:
        What became of each epoch, those of the checkpoint among them.
    """
    import keras
    import tensorflow as tf

    # Same seed and machine: same weights.
    tf.config.experimental.enable_op_determinism()
    history = checkpoint.history
    for number, (cycle, rate_factor) in enumerate(_plan_cycles(recipe)):
        if len(history) > cycle.stop:
            continue
        keras.utils.set_random_seed(recipe.seed + number)
        steps = len(cycle) * max(data.epoch_size // recipe.batch_size, 1)
        trainer = Trainer(model, recipe, steps, rate_factor)
        if len(history) > cycle.start:
            checkpoint.restore(trainer)
        epochs = range(len(history), cycle.stop)
        for batch in data.load_epochs(epochs, recipe.seed) if epochs else ():
            if should_stop_early(history, recipe.patience):
                break
            random = np.random.default_rng([recipe.seed, len(history)])
            listener.on_epoch_begin(len(history) + 1, len(batch[0]))
            with allow_bfloat16():
                loss, accuracy = _train_epoch(trainer, batch, random, recipe.batch_size, listener)
            with trainer.use_mean_weights():
                history.append(
                    EpochMetrics(loss, accuracy, *evaluate_batch(model, validation_batch, recipe))
                )
                if recipe.patience and find_best_epoch(history) == len(history) - 1:
                    checkpoint.best_weights = [weights.numpy() for weights in model.variables]
            checkpoint.save(trainer)
            listener.on_epoch_end(len(history), history[-1])
        trainer.finish_cycle()
    for variable, value in zip(model.variables, checkpoint.best_weights, strict=False):
        variable.assign(value)
    return history


def _plan_cycles(recipe: Recipe) -> list[tuple[range, float]]:
    """Plan the epochs of each cycle, and the factor of its learning rate.

    The second cycle, if there is one, is a warm restart.
    """
    first = range(recipe.epochs), 1.0
    return [first, (range(recipe.epochs, recipe.total_epochs), 0.5)] if recipe.refine else [first]


def _train_epoch(
    trainer: Trainer,
    batch: Batch,
    random: np.random.Generator,
    batch_size: int,
    listener: TrainingListener,
) -> tuple[float, float]:
    """Show every image once; returns mean loss and accuracy while it was learned from."""
    images, digits = batch
    order = random.permutation(len(images))
    total_loss, right_count = 0.0, 0
    interval = max(PROGRESS_INTERVAL // batch_size, 1) * batch_size
    for start in range(0, len(images), interval):
        chosen = order[start : start + interval]
        loss, right = trainer.train(images[chosen], digits[chosen])
        total_loss, right_count = total_loss + loss, right_count + right
        shown = start + len(chosen)
        listener.on_progress(shown, total_loss / shown, right_count / shown)
    return total_loss / len(images), right_count / len(images)


def evaluate_batch(model: Any, batch: Batch, recipe: Recipe) -> tuple[float, float]:
    """Compute log-loss and accuracy of a model over images that it does not learn from."""
    images, digits = batch
    logits = predict_logits(model, images, recipe).astype(np.float64)
    return log_loss(logits, digits), float((logits[:, :10].argmax(1) == digits).mean())


def predict_logits(model: Any, images: NDArray[np.uint8], recipe: Recipe) -> NDArray[np.float32]:
    """Predict ``(n, 10 or 11) float32`` logits of ``(n, 28, 28) uint8`` images by a Keras model."""
    outputs = [
        np.asarray(model(images[start : start + PREDICTION_BATCH_SIZE, ..., None], training=False))
        for start in range(0, len(images), PREDICTION_BATCH_SIZE)
    ]
    output_kind = OutputKind.LOGITS if recipe.is_augmented else OutputKind(recipe.output)
    return logits_from_outputs(np.concatenate(outputs), output_kind)
