"""What makes TensorFlow train on processors faster than Keras has it do by itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def allow_bfloat16() -> Iterator[None]:
    """Let graphs that are traced inside a ``with`` block convolve in bfloat16.

    TensorFlow rewrites them only where the processor multiplies such numbers itself (AMX or
    AVX-512 BF16), which saves time; elsewhere nothing changes. Weights, their gradients and means
    stay float32 (Micikevicius et al., *Mixed precision training*, ICLR 2018).
    """
    import tensorflow as tf

    option = "auto_mixed_precision_onednn_bfloat16"
    before = tf.config.optimizer.get_experimental_options().get(option, False)
    tf.config.optimizer.set_experimental_options({option: True})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({option: before})


@contextmanager
def fuse_batch_normalisation(model: Any) -> Iterator[None]:
    """Let a model that is traced inside a ``with`` block normalise batches by one kernel a layer.

    Keras 3 composes batch normalisation of some fifteen operations, each of which goes through
    memory.

    Args:
        model: a Keras model of channels-last layers; it is left as it was.
    """
    import keras

    layers = [it for it in model.layers if isinstance(it, keras.layers.BatchNormalization)]
    for layer in layers:
        layer.call = _build_fused_call(layer)
    try:
        yield
    finally:
        for layer in layers:
            del layer.call


def _build_fused_call(layer: Any) -> Any:
    """Build what normalises a batch as a Keras layer does, and updates its moving statistics."""
    import tensorflow as tf

    def normalise(inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        del training, mask
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=layer.gamma.value,
            offset=layer.beta.value,
            mean=tf.constant([], tf.float32),
            variance=tf.constant([], tf.float32),
            epsilon=layer.epsilon,
            exponential_avg_factor=1.0,
            is_training=True,
        )
        for moving, value in ((layer.moving_mean, mean), (layer.moving_variance, variance)):
            moving.assign(moving * layer.momentum + value * (1 - layer.momentum))
        return outputs

    return normalise
