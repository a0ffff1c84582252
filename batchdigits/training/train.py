"""Train the bundled network: reads from top to bottom."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.errors import DataError
from batchdigits.training.architecture import CLASSES, build_cnn
from batchdigits.training.augment import Batch, Material, make
from batchdigits.training.averaging import RunningMean

#: Images made by one call of a helper process.
CHUNK = 2000
#: Every image made is shown this often, in epochs that follow each other: making one costs
#: as much as learning from it ("data echoing", Choi et al., arXiv 1907.05550, 2019). The first
#: epochs' are shown more often, the last ones' less.
ECHO = 3
#: Images predicted in one call.
PREDICTED = 512


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything besides the data that decides the weights.

    ``epochs`` from nothing, then ``refine`` more that begin at half the ``learning_rate``.
    ``images`` are shown in one epoch, one in ``ECHO`` of them new, or four of each digit where
    those are fewer. The weights that come out are a running mean over the last steps
    (``averaging``; Polyak and Juditsky, 1992).
    """

    epochs: int = 52
    refine: int = 34
    images: int = 64_000
    batch_size: int = 128
    learning_rate: float = 2.5e-3
    weight_decay: float = 2e-2
    label_smoothing: float = 0.01
    averaging: float = 0.999
    seed: int = 1


def train(
    material: Material,
    check: Callable[[Any], str],
    recipe: Recipe,
    keep: Path,
    say: Callable[[str], None] = print,
    resume: bool = False,
) -> Any:
    """Train on variations of ``material``.

    Args:
        material: what the images are made from.
        check: tells in words how a model does on what was held back; only looked at.
        recipe: everything else.
        keep: ``.keras`` file that holds the model after each cycle.
        say: takes a line about each epoch.
        resume: whether the model in ``keep`` has been through the first cycle already.

    Returns:
        The Keras model: ``(n, 28, 28, 1)`` levels 0-255 in, ``(n, 11)`` logits out.

    Raises:
        DataError: there is no model to resume with.
    """
    import keras
    import tensorflow as tf

    # Same seed and machine: same weights.
    tf.config.experimental.enable_op_determinism()
    model = build_cnn(recipe.seed)
    if resume:
        try:
            model.load_weights(keep)
        except (OSError, ValueError) as error:
            raise DataError(f"{keep} holds no network to go on with: {error}") from error
    else:
        _cycle(model, range(recipe.epochs), recipe.learning_rate, material, check, recipe, say)
        model.save(keep)
    if recipe.refine:
        # A warm restart from the averaged weights (Loshchilov and Hutter, ICLR 2017).
        keras.utils.set_random_seed(recipe.seed + 1)
        epochs = range(recipe.epochs, recipe.epochs + recipe.refine)
        _cycle(model, epochs, recipe.learning_rate / 2, material, check, recipe, say)
        model.save(keep)
    return model


def _cycle(
    model: Any,
    epochs: range,
    learning_rate: float,
    material: Material,
    check: Callable[[Any], str],
    recipe: Recipe,
    say: Callable[[str], None],
) -> None:
    """Epochs at a learning rate that falls to nothing; leaves the averaged weights in the model."""
    import keras

    shown = min(recipe.images, 4 * len(material.data))
    steps = len(epochs) * max(shown // recipe.batch_size, 1)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, steps, warmup_target=learning_rate, warmup_steps=steps // 30, alpha=0.0
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=recipe.weight_decay)
    # Smoothed, since a few labels of every set are wrong.
    loss = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=recipe.label_smoothing
    )
    model.compile(optimizer, loss)
    random = np.random.default_rng([recipe.seed, epochs.start])
    mean = RunningMean(model, recipe.averaging)
    batches = _epochs(material, recipe.seed, epochs, shown // ECHO)
    for epoch, batch in zip(epochs, batches, strict=True):
        found = _one_epoch(model, batch, recipe, random, mean)
        said = ""
        if epoch % 5 == 4 or epoch + 1 == epochs.stop:
            with mean.shown():
                said = check(model)
        say(f"epoch {epoch + 1}/{recipe.epochs + recipe.refine}: loss {found:.4f} {said}")
    mean.settle()


def _epochs(material: Material, seed: int, epochs: range, fresh: int) -> Iterator[Batch]:
    """The images of each epoch, so many of them new, made by other processes ahead of time."""
    chunks = -(-fresh // CHUNK)
    with ProcessPoolExecutor(
        min(2, os.cpu_count() or 1), get_context("spawn"), _begin, (material,)
    ) as pool:

        def order(epoch: int) -> list[Future[Batch]]:
            if epoch not in epochs:
                return []
            return [pool.submit(_make, fresh // chunks, [seed, epoch, i]) for i in range(chunks)]

        coming = [order(epochs.start), order(epochs.start + 1)]
        parts: list[Batch] = []
        for epoch in epochs:
            parts.append(_joined([chunk.result() for chunk in coming.pop(0)]))
            coming.append(order(epoch + 2))
            parts = parts[-ECHO:]
            # The first epochs have too little to repeat, and repeat that the more often.
            yield _joined((parts * ECHO)[:ECHO])


_material: list[Material] = []


def _begin(material: Material) -> None:
    cv2.setNumThreads(1)
    _material[:] = [material]


def _make(number: int, seed: list[int]) -> Batch:
    return make(_material[0], number, seed)


def _joined(parts: list[Batch]) -> Batch:
    images, labels = (np.concatenate(part) for part in zip(*parts, strict=True))
    return images, labels


def _one_epoch(
    model: Any, batch: Batch, recipe: Recipe, random: np.random.Generator, mean: RunningMean
) -> float:
    """Show every image once; returns the mean loss."""
    images, labels = batch
    order = random.permutation(len(images))
    one_hot = np.eye(CLASSES, dtype=np.float32)
    losses = []
    # Keras' ``fit`` now and then waits for half a minute for threads of its own on two cores.
    for chosen in np.array_split(order, max(len(images) // recipe.batch_size, 1)):
        pixels = images[chosen, ..., None].astype(np.float32)
        losses.append(float(model.train_on_batch(pixels, one_hot[labels[chosen]])))
        mean.add()
    return float(np.mean(losses))


def logits_of(model: Any, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """``(n, 11) float32`` logits of a Keras model for ``(n, 28, 28) uint8`` images."""
    parts = range(0, len(images), PREDICTED)
    return np.concatenate(
        [
            np.asarray(model(images[start : start + PREDICTED, ..., None], training=False))
            for start in parts
        ]
    )
