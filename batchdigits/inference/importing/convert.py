"""Convert what TensorFlow computes to a TensorFlow Lite file, which runs without TensorFlow."""

from collections.abc import Callable
from typing import Any

import numpy as np

from batchdigits.inference.calibration import softmax
from batchdigits.inference.model_runtime import BATCH_SIZE


def to_float_tflite(model: Callable[[Any], Any], shape: tuple[int, ...]) -> bytes:
    """Convert a function of one tensor, such as a Keras model, without quantising its numbers.

    Variables are made constants first: converted from a function they stay variables, nothing is
    fused, and everything runs several times slower.

    Args:
        model: ``(n, *shape) float32`` to ``(n, k)`` numbers, or to several outputs. Of several
            those of ten numbers are kept, or all where there is none.
        shape: shape of one image.

    Returns:
        The content of a ``.tflite`` file.
    """
    import tensorflow as tf
    from absl import logging
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2,
    )

    def predict(images: Any) -> Any:
        outputs = tf.nest.flatten(model(images))
        digit_outputs = [each for each in outputs if each.shape[1:].num_elements() == 10]
        return [tf.cast(each, tf.float32) for each in digit_outputs or outputs]

    graph = tf.function(predict).get_concrete_function(
        tf.TensorSpec((BATCH_SIZE, *shape), tf.float32)
    )
    frozen = convert_variables_to_constants_v2(graph)
    logging.set_verbosity(logging.ERROR)  # its warnings are advice for programmers
    converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen])
    return bytes(converter.convert())


def drop_last_activation(model: Any) -> str:
    """Make a Keras model that ends in a softmax or a sigmoid give the logits before it.

    Both round high probabilities to 1, and a sigmoid may do so for several digits at once.

    Args:
        model: a model of either Keras; changed in place.

    Returns:
        ``"softmax"`` or ``"sigmoid"``; nothing where the model is left as it is.
    """
    layers = getattr(model, "layers", None)
    if not layers:
        return ""
    last = layers[-1]
    activation = getattr(last, "activation", None)
    name = getattr(activation, "__name__", "")
    if name not in _ACTIVATIONS or type(last).__name__ not in ("Dense", "Activation"):
        return ""
    shape = (4, *(length or 28 for length in model.input_shape[1:]))
    images = np.random.default_rng(1).random(shape, np.float32)
    try:
        probabilities = np.asarray(model(images, training=False))
        last.activation = _return_logits
        logits = np.asarray(model(images, training=False))
        is_last = np.allclose(_ACTIVATIONS[name](logits), probabilities, atol=1e-5)
    except Exception:  # what cannot be run here may still be converted
        is_last = False
    if not is_last:
        last.activation = activation
    return name if is_last else ""


def _return_logits(logits: Any) -> Any:
    return logits


_ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "softmax": softmax,
    "sigmoid": lambda logits: 1 / (1 + np.exp(-logits.astype(np.float64))),
}
