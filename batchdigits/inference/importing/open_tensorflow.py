"""Models that TensorFlow opens, as a function of one tensor."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from batchdigits.errors import ModelError
from batchdigits.inference.importing.convert import drop_last_activation
from batchdigits.inference.importing.keras_loader import load_keras
from batchdigits.inference.importing.model_formats import ModelFormat

#: What ``keras`` and ``tf.saved_model`` call the graph that predicts.
_SIGNATURES = ("serving_default", "serve")

PredictFunction = Callable[[Any], Any]


def open_model(
    path: Path, model_format: ModelFormat, trusted: bool
) -> tuple[PredictFunction, tuple[int | None, ...], str]:
    """A function ``(n, *shape) float32 -> (n, k)``, the shape of one image, and the last layer.

    That is ``"softmax"`` or ``"sigmoid"`` where the model ends so and the function gives the
    logits before it, else nothing.

    Raises:
        ModelError: it cannot be opened, may not be, or takes or gives several tensors.
    """
    if model_format is ModelFormat.SAVED_MODEL:
        return *_open_saved_model(path), ""
    model = load_keras(path, model_format, trusted)
    shape, outputs = model.input_shape, model.output_shape
    if isinstance(shape, (list, dict)) or isinstance(outputs, (list, dict)):
        raise ModelError("It has several inputs or outputs, not one of each.")
    last = drop_last_activation(model)
    return lambda images: model(images, training=False), tuple(shape[1:]), last


def _open_saved_model(path: Path) -> tuple[PredictFunction, tuple[int | None, ...]]:
    import tensorflow as tf

    try:
        loaded = tf.saved_model.load(str(path))
    except Exception as error:
        raise ModelError(f"Its graph cannot be opened: {' '.join(str(error).split())}") from error
    name = next((each for each in _SIGNATURES if each in loaded.signatures), None)
    if name is None:
        raise ModelError("It has no signature to predict with (serving_default).")
    signature = loaded.signatures[name]
    ((argument, given),) = _require_single(signature.structured_input_signature[1], "inputs")
    ((answer, _),) = _require_single(signature.structured_outputs, "outputs")

    def call(images: Any) -> Any:
        _ = loaded  # its variables live as long as it does
        return signature(**{argument: tf.cast(images, given.dtype)})[answer]

    return call, tuple(given.shape[1:])


def _require_single(tensors: dict[str, Any], label: str) -> list[tuple[str, Any]]:
    if len(tensors) != 1:
        raise ModelError(f"It has {len(tensors)} {label}, not one.")
    return list(tensors.items())
