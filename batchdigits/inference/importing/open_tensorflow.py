"""Open Keras files and SavedModels with TensorFlow, as functions of one tensor."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from batchdigits.errors import ModelError
from batchdigits.inference.importing.convert import drop_last_activation
from batchdigits.inference.importing.keras_loader import load_keras
from batchdigits.inference.importing.model_formats import ModelFormat

#: Names that ``tf.saved_model`` and Keras give to the signature that predicts.
_SIGNATURE_NAMES = ("serving_default", "serve")

#: ``(n, *shape) float32`` to ``(n, k)`` numbers, both tensors; or to several such outputs.
PredictFunction = Callable[[Any], Any]


def open_model(
    path: Path, model_format: ModelFormat, trusted: bool
) -> tuple[PredictFunction, tuple[int | None, ...], str]:
    """Open a model for predicting.

    Args:
        path: the model.
        model_format: a format that needs TensorFlow.
        trusted: whether code in a Keras file may be run; of a SavedModel it always is.

    Returns:
        The function that predicts; the shape of one image, ``None`` for any length; and the last
        activation, ``"softmax"`` or ``"sigmoid"``, where the function gives the logits before it,
        else nothing.

    Raises:
        ModelError: the model is refused or damaged, or has several inputs.
    """
    if model_format is ModelFormat.SAVED_MODEL:
        return *_open_saved_model(path), ""
    model = load_keras(path, model_format, trusted)
    shape = model.input_shape
    if isinstance(shape, dict):
        (shape,) = shape.values()
    has_one_output = not isinstance(model.output_shape, (list, dict))
    last_activation = drop_last_activation(model) if has_one_output else ""
    return lambda images: model(images, training=False), tuple(shape[1:]), last_activation


def _open_saved_model(path: Path) -> tuple[PredictFunction, tuple[int | None, ...]]:
    import tensorflow as tf

    try:
        loaded = tf.saved_model.load(str(path))
    except Exception as error:
        raise ModelError(f"Its graph cannot be opened: {' '.join(str(error).split())}") from error
    names = [name for name in _SIGNATURE_NAMES if name in loaded.signatures]
    if not names:
        raise ModelError("It has no signature to predict with (serving_default).")
    signature = loaded.signatures[names[0]]
    inputs = signature.structured_input_signature[1]
    if len(inputs) != 1:
        raise ModelError(f"It has {len(inputs)} inputs, not one.")
    ((input_name, tensor_spec),) = inputs.items()

    def predict(images: Any) -> Any:
        _ = loaded  # its variables live only as long as it does
        return signature(**{input_name: tf.cast(images, tensor_spec.dtype)})

    return predict, tuple(tensor_spec.shape[1:])
