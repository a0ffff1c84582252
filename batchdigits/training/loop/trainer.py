"""The steps of a training: a model learns from batches, and the mean of its weights is kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchdigits.training.loop.fast_kernels import fuse_batch_normalisation
from batchdigits.training.recipe import Recipe

Images = NDArray[np.uint8]
Digits = NDArray[np.int64]


class Trainer:
    """Shows images to a model for one cycle, and keeps a running mean of its weights.

    The steps of many batches are one TensorFlow graph, as calling TensorFlow from Python for each
    of them takes longer than a small network needs to learn. (Keras' ``fit`` does that, and now and
    then waits for half a minute for threads of its own on two cores.)

    Args:
        model: a Keras model, ``(n, 28, 28, 1)`` levels 0-255 in.
        recipe: how it learns.
        steps: batches in this cycle.
        rate_factor: multiplies the recipe's learning rate.
    """

    def __init__(self, model: Any, recipe: Recipe, steps: int, rate_factor: float = 1.0) -> None:
        import keras

        self.model = model
        rate: Any = recipe.learning_rate * rate_factor
        if recipe.anneal:
            rate = keras.optimizers.schedules.CosineDecay(
                0.0, steps, warmup_target=rate, warmup_steps=steps // 30, alpha=0.0
            )
        if recipe.weight_decay:
            self.optimizer = keras.optimizers.AdamW(rate, weight_decay=recipe.weight_decay)
        else:
            self.optimizer = keras.optimizers.Adam(rate)
        self.optimizer.build(model.trainable_variables)
        self.mean = RunningMean(model, recipe.averaging) if recipe.averaging else None
        self._train_compiled = self._compile(recipe)

    def train(self, images: Images, digits: Digits) -> tuple[float, int]:
        """Show every image once, in this order, and learn from them batch by batch.

        Args:
            images: ``(n, 28, 28) uint8``.
            digits: ``(n,) int64``.

        Returns:
            The sum of the images' losses, and how many were read right.
        """
        loss, right_count = self._train_compiled(images, digits)
        return float(loss), int(right_count)

    def _compile(self, recipe: Recipe) -> Any:
        """Compile the steps of many batches to one TensorFlow function."""
        import tensorflow as tf

        compute_loss = build_loss(recipe)

        def train_step(images: Any, digits: Any) -> tuple[Any, Any]:
            pixels = tf.cast(images[..., None], tf.float32)
            with tf.GradientTape() as tape:
                with fuse_batch_normalisation(self.model):
                    outputs = self.model(pixels, training=True)
                loss = compute_loss(digits, outputs)
            weights = self.model.trainable_variables
            self.optimizer.apply(tape.gradient(loss, weights), weights)
            if self.mean:
                self.mean.update()
            right_count = tf.reduce_sum(tf.cast(tf.argmax(outputs, 1) == digits, tf.int32))
            return loss * tf.cast(len(images), tf.float32), right_count

        def train_steps(images: Any, digits: Any) -> tuple[Any, Any]:
            total_loss, total_right = tf.constant(0.0), tf.constant(0)
            for start in tf.range(0, len(images), recipe.batch_size):
                batch = slice(start, start + recipe.batch_size)
                loss, right_count = train_step(images[batch], digits[batch])
                total_loss, total_right = total_loss + loss, total_right + right_count
            return total_loss, total_right

        signature = tf.TensorSpec((None, 28, 28), tf.uint8), tf.TensorSpec((None,), tf.int64)
        return tf.function(train_steps, input_signature=signature)

    @contextmanager
    def use_mean_weights(self) -> Iterator[None]:
        """Give the model, inside a ``with`` block, the weights that it would end with now."""
        if self.mean is None:
            yield
            return
        weights = [variable.numpy() for variable in self.model.trainable_variables]
        self.mean.copy_to_model()
        try:
            yield
        finally:
            for variable, value in zip(self.model.trainable_variables, weights, strict=True):
                variable.assign(value)

    def finish_cycle(self) -> None:
        """Make the mean the model's weights, if a mean is kept."""
        if self.mean:
            self.mean.copy_to_model()

    @property
    def variables(self) -> list[Any]:
        """All variables that a step changes: weights, optimizer, random generators, mean."""
        means = self.mean.variables if self.mean else []
        return [*self.model.variables, *self.optimizer.variables, *means]


class RunningMean:
    """The mean of a model's weights over its last steps, older ones counting exponentially less.

    Such weights read better than those of the last step (Polyak and Juditsky, 1992).

    Args:
        model: a Keras model.
        momentum: share of the mean that each step leaves as it is, 0-1.
    """

    def __init__(self, model: Any, momentum: float) -> None:
        import tensorflow as tf

        self._weights = model.trainable_variables
        self._momentum = momentum
        self._steps = tf.Variable(0.0)
        self._means = [tf.Variable(weight.numpy()) for weight in self._weights]

    def update(self) -> None:
        """Take in the weights as they are now; becomes part of a TensorFlow graph."""
        import tensorflow as tf

        self._steps.assign_add(1.0)
        # At the beginning, the mean is of all steps there are.
        share = 1 - tf.minimum(self._momentum, self._steps / (self._steps + 10))
        for mean, weight in zip(self._means, self._weights, strict=True):
            mean.assign_add(share * (weight.value - mean))

    def copy_to_model(self) -> None:
        """Put the mean into the model."""
        for mean, weight in zip(self._means, self._weights, strict=True):
            weight.assign(mean)

    @property
    def variables(self) -> list[Any]:
        """The number of steps in the mean, and the mean."""
        return [self._steps, *self._means]


def build_loss(recipe: Recipe) -> Any:
    """Build the cross-entropy, a function ``(digits, outputs) -> mean loss``."""
    import keras
    import tensorflow as tf

    if not recipe.is_augmented:
        return keras.losses.SparseCategoricalCrossentropy()
    cross_entropy = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=recipe.label_smoothing
    )
    return lambda digits, outputs: cross_entropy(tf.one_hot(digits, outputs.shape[1]), outputs)
