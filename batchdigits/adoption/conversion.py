"""Anything that TensorFlow computes to a TensorFlow Lite file, which runs without TensorFlow."""

from collections.abc import Callable
from typing import Any

from batchdigits.runners import BATCH


def to_float_tflite(call: Callable[[Any], Any], shape: tuple[int, ...]) -> bytes:
    """Convert a function of one tensor, such as a Keras model, with its numbers as they are.

    Variables are frozen before: straight from a function they stay variables, nothing is fused, and
    everything runs several times slower.

    Args:
        call: ``(n, *shape) float32`` to ``(n, k) float32``.
        shape: of one image.
    """
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2,
    )

    def predict(images: Any) -> Any:
        return tf.cast(call(images), tf.float32)

    graph = tf.function(predict).get_concrete_function(tf.TensorSpec((BATCH, *shape), tf.float32))
    frozen = convert_variables_to_constants_v2(graph)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen])
    return bytes(converter.convert())
