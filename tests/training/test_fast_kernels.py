"""Fused and bfloat16 kernels: the same training, and nothing left behind."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

from batchdigits.training.loop.fast_kernels import allow_bfloat16, fuse_batch_normalisation

pytestmark = pytest.mark.integration
OPTION = "auto_mixed_precision_onednn_bfloat16"


def train_once(is_fused: bool) -> list[np.ndarray]:
    """What one step gives: outputs, gradients, moving statistics, and outputs after it."""
    import keras
    import tensorflow as tf

    images = np.random.default_rng(1).normal(3, 2, (64, 6, 6, 3)).astype(np.float32)
    keras.utils.set_random_seed(1)
    inputs = keras.Input((6, 6, 3))
    x = keras.layers.Conv2D(4, 3, use_bias=False)(inputs)
    x = keras.layers.BatchNormalization()(x)
    model = keras.Model(inputs, keras.layers.Flatten()(keras.layers.ReLU()(x)))
    with tf.GradientTape() as tape:
        if is_fused:
            with fuse_batch_normalisation(model):
                outputs = model(images, training=True)
        else:
            outputs = model(images, training=True)
        loss = tf.reduce_mean((outputs - 0.3) ** 2)
    gradients = tape.gradient(loss, model.trainable_variables)
    moving = [model.layers[2].moving_mean, model.layers[2].moving_variance]
    # Outside of the block the layer is Keras' own again.
    after = model(images, training=False)
    return [np.asarray(it) for it in (outputs, *gradients, *moving, after)]


def watch_the_option() -> list[bool]:
    """Whether bfloat16 is allowed before, inside of, and after a block that fails."""
    import tensorflow as tf

    def is_allowed() -> bool:
        return bool(tf.config.optimizer.get_experimental_options().get(OPTION, False))

    seen = [is_allowed()]
    try:
        with allow_bfloat16():
            seen.append(is_allowed())
            raise ValueError("on the way")
    except ValueError:
        seen.append(is_allowed())
    return seen


@pytest.mark.long
def test_a_fused_normalisation_learns_what_keras_does_and_leaves_nothing_behind() -> None:
    # In a process of its own: TensorFlow's memory would count against all that fork later.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        fused, plain = (process.submit(train_once, it).result() for it in (True, False))
        allowed = process.submit(watch_the_option).result()
    for one, other in zip(fused, plain, strict=True):
        assert np.abs(one - other).max() < 2e-3 * max(np.abs(other).max(), 1e-3)
    assert allowed == [False, True, False]
