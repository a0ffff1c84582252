"""Train the bundled network: reads from top to bottom."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchdigits.training.architecture import build_cnn
from batchdigits.training.augment import Batch, plain, start_epoch
from batchdigits.training.data import Labelled


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything besides the data that decides the weights."""

    epochs: int = 30
    batch_size: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    label_smoothing: float = 0.02
    seed: int = 1


def train(
    data: Labelled, held_back: Labelled, recipe: Recipe, say: Callable[[str], None] = print
) -> Any:
    """Train on variations of ``data``; ``held_back`` is only looked at, never trained on.

    Returns the Keras model: ``(n, 28, 28, 1)`` levels 0-255 in, ``(n, 10)`` logits out.

    Same seed and machine: same weights. Variations are made by two processes ahead of time.
    """
    import keras
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()
    model = build_cnn(recipe.seed)
    steps = recipe.epochs * (len(data) // recipe.batch_size)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, steps, warmup_target=recipe.learning_rate, warmup_steps=steps // 20, alpha=0.0
    )
    model.compile(
        keras.optimizers.AdamW(schedule, weight_decay=recipe.weight_decay),
        # Smoothed, since a few labels of every set are wrong.
        keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=recipe.label_smoothing
        ),
    )
    check = plain(held_back)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        coming = start_epoch(data, recipe.seed, 0, pool)
        for epoch in range(recipe.epochs):
            chunks = [chunk.result() for chunk in coming]
            if epoch + 1 < recipe.epochs:
                coming = start_epoch(data, recipe.seed, epoch + 1, pool)
            images, digits = (np.concatenate(part) for part in zip(*chunks, strict=True))
            loss = _one_epoch(model, (images, digits), recipe)
            say(
                f"epoch {epoch + 1}/{recipe.epochs}: loss {loss:.4f}, "
                f"held back {_accuracy(model, check):.2%}"
            )
    return model


def _one_epoch(model: Any, batch: Batch, recipe: Recipe) -> float:
    images, digits = batch
    whole = len(images) // recipe.batch_size * recipe.batch_size
    labels = np.eye(10, dtype=np.float32)[digits[:whole]]
    history = model.fit(
        images[:whole, ..., None], labels, recipe.batch_size, shuffle=False, verbose=0
    )
    return float(history.history["loss"][-1])


def logits_of(model: Any, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """``(n, 10) float32`` logits of a Keras model for ``(n, 28, 28) uint8`` images."""
    return np.asarray(model.predict(images[..., None], batch_size=512, verbose=0), np.float32)


def _accuracy(model: Any, batch: Batch) -> float:
    return float((logits_of(model, batch[0]).argmax(1) == batch[1]).mean())


def fit_temperature(logits: NDArray[np.float32], digits: NDArray[np.int64]) -> float:
    """The temperature that minimises log-loss (Guo et al., ICML 2017), found on a fine grid."""
    grid = np.geomspace(0.2, 5.0, 200)
    return float(grid[np.argmin([log_loss(logits / t, digits) for t in grid])])


def log_loss(logits: NDArray[np.float32], digits: NDArray[np.int64]) -> float:
    """Mean negative log-likelihood of the true digits."""
    shifted = logits - logits.max(1, keepdims=True)
    normaliser = np.log(np.exp(shifted).sum(1))
    return float((normaliser - shifted[np.arange(len(digits)), digits]).mean())
