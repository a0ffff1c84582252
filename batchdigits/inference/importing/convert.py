"""Anything that TensorFlow computes to a TensorFlow Lite file, which runs without TensorFlow."""

from collections.abc import Callable
from typing import Any

import numpy as np

from batchdigits.inference.backends import BATCH_SIZE
from batchdigits.inference.engine import softmax


def to_float_tflite(call: Callable[[Any], Any], shape: tuple[int, ...]) -> bytes:
    """Convert a function of one tensor, such as a Keras model, with its numbers as they are.

    Variables are frozen before: straight from a function they stay variables, nothing is fused, and
    everything runs several times slower.

    Args:
        call: ``(n, *shape) float32`` to ``(n, k) float32``.
        shape: of one image.
    """
    import tensorflow as tf
    from absl import logging
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2,
    )

    def predict(images: Any) -> Any:
        return tf.cast(call(images), tf.float32)

    graph = tf.function(predict).get_concrete_function(
        tf.TensorSpec((BATCH_SIZE, *shape), tf.float32)
    )
    frozen = convert_variables_to_constants_v2(graph)
    logging.set_verbosity(logging.ERROR)  # it advises programmers
    converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen])
    return bytes(converter.convert())


def drop_last_activation(model: Any) -> str:
    """Have a Keras model give logits where it ends in a softmax or a sigmoid.

    Both round what is sure to 1, and a sigmoid does so for several digits at once.

    Returns:
        ``"softmax"``, ``"sigmoid"``, or nothing where the model was left as it is.
    """
    layers = getattr(model, "layers", None)
    if not layers:
        return ""
    last = layers[-1]
    kind = getattr(getattr(last, "activation", None), "__name__", "")
    if kind not in _ACTIVATIONS or type(last).__name__ not in ("Dense", "Activation"):
        return ""
    whole, shape = last.activation, (4, *(length or 28 for length in model.input_shape[1:]))
    images = np.random.default_rng(1).random(shape, np.float32)
    try:
        before = np.asarray(model(images, training=False))
        last.activation = _apply_identity
        after = np.asarray(model(images, training=False))
        is_last = np.allclose(_ACTIVATIONS[kind](after), before, atol=1e-5)
    except Exception:  # what cannot be run here may still be converted
        is_last = False
    if not is_last:
        last.activation = whole
    return kind if is_last else ""


def _apply_identity(logits: Any) -> Any:
    return logits


_ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "softmax": softmax,
    "sigmoid": lambda sums: 1 / (1 + np.exp(-sums.astype(np.float64))),
}
