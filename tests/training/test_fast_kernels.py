"""Fused and bfloat16 kernels: the same training, and nothing left behind."""

import numpy as np
import pytest

from batchdigits.training.loop.fast_kernels import allow_bfloat16, fuse_batch_normalisation

pytestmark = pytest.mark.integration
OPTION = "auto_mixed_precision_onednn_bfloat16"


def test_a_fused_normalisation_learns_what_keras_does() -> None:
    import keras
    import tensorflow as tf

    images = np.random.default_rng(1).normal(3, 2, (64, 6, 6, 3)).astype(np.float32)

    def train(is_fused: bool) -> list[np.ndarray]:
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

    for fused, plain in zip(train(True), train(False), strict=True):
        assert np.abs(fused - plain).max() < 2e-3 * max(np.abs(plain).max(), 1e-3)


def test_bfloat16_is_allowed_for_a_while_only() -> None:
    import tensorflow as tf

    def is_allowed() -> bool:
        return bool(tf.config.optimizer.get_experimental_options().get(OPTION, False))

    assert not is_allowed()
    with pytest.raises(ValueError, match="on the way"), allow_bfloat16():
        assert is_allowed()
        raise ValueError("on the way")
    assert not is_allowed()
