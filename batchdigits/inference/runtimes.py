"""What runs a model: LiteRT for TensorFlow Lite files, ONNX Runtime for ONNX files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from batchdigits.errors import ModelError
from batchdigits.inference.model_runtime import (
    BATCH_SIZE,
    ModelRuntime,
    fill_shape,
    values_from_output,
)
from batchdigits.inference.onnx_runtime import OnnxRuntime
from batchdigits.system.library_notes import discard_library_notes

if TYPE_CHECKING:
    from batchdigits.inference.input_format import Values

#: The ``format`` in the card of a model that ONNX Runtime runs; all others are TensorFlow Lite.
ONNX = "onnx"
#: What LiteRT raises for files that it cannot run; for damaged ones it is nearly anything.
LITERT_ERRORS = (ValueError, RuntimeError, IndexError, TypeError, KeyError, MemoryError)


def open_runtime(
    content: bytes, is_onnx: bool, shape: tuple[int, ...] | None = None
) -> ModelRuntime:
    """Open a ``.tflite`` or ``.onnx`` model with the library that runs it.

    Args:
        content: content of the model's file.
        is_onnx: whether it is ONNX, and not TensorFlow Lite.
        shape: shape of one image, where the model leaves lengths open.

    Raises:
        ModelError: it cannot be run, or has several inputs.
        MissingExtraError: ONNX Runtime is not installed.
    """
    return OnnxRuntime(content) if is_onnx else LiteRTRuntime(content, shape)


class LiteRTRuntime:
    """A TensorFlow Lite model, quantised or not.

    Args:
        content: content of the model's file.
        shape: shape of one image, where the model leaves lengths open.

    Raises:
        ModelError: it cannot be run, or has several inputs.
    """

    def __init__(self, content: bytes, shape: tuple[int, ...] | None = None) -> None:
        try:
            with discard_library_notes():
                self._interpreter: Any = Interpreter(model_content=content, num_threads=1)
                self._prepare(shape)
        except LITERT_ERRORS as error:
            reason = " ".join(str(error).split())
            raise ModelError(f"It is no TensorFlow Lite model that can be run: {reason}") from error

    def _prepare(self, shape: tuple[int, ...] | None) -> None:
        inputs = self._interpreter.get_input_details()
        if len(inputs) != 1:
            raise ModelError(f"It has {len(inputs)} inputs, not one.")
        signature = inputs[0].get("shape_signature", inputs[0]["shape"])
        self.shape = tuple(int(length) if length > 0 else None for length in signature[1:])
        self._batch_size = self._resize_input(shape or fill_shape(self.shape))
        (self._input,) = self._interpreter.get_input_details()
        self._outputs: list[Any] = self._interpreter.get_output_details()
        self.output_counts = self._count_outputs(self._batch_size)
        self.bounds = _bounds_from_details(self._input)

    def _resize_input(self, shape: tuple[int, ...]) -> int:
        """Let it take ``BATCH_SIZE`` images at once, or as many as it insists on; return that."""
        (input_details,) = self._interpreter.get_input_details()
        own_batch_size = int(input_details["shape"][0])
        for batch_size in dict.fromkeys((BATCH_SIZE, max(own_batch_size, 1))):
            try:
                self._interpreter.resize_tensor_input(input_details["index"], (batch_size, *shape))
                self._interpreter.allocate_tensors()
                self._interpreter.invoke()
                if any(self._count_outputs(batch_size)):
                    return batch_size
            except (ValueError, RuntimeError):
                continue
        raise ModelError("It cannot be run on images of the shape that it asks for.")

    def _count_outputs(self, batch_size: int) -> tuple[int, ...]:
        outputs = [
            self._read_output(details, batch_size)
            for details in self._interpreter.get_output_details()
        ]
        return tuple(0 if values is None else values.shape[1] for values in outputs)

    def _read_output(self, details: Any, batch_size: int) -> Values | None:
        values = values_from_output(self._interpreter.get_tensor(details["index"]), batch_size)
        scale, zero = details["quantization"]
        if values is None or np.dtype(details["dtype"]).kind == "f" or not scale:
            return values
        return (values - np.float32(zero)) * np.float32(scale)

    def __call__(self, images: Values, output_index: int) -> Values:
        """Run the model on ``(n, *shape) float32``, any n; see :meth:`ModelRuntime.__call__`."""
        outputs = np.empty((len(images), self.output_counts[output_index]), np.float32)
        for start in range(0, len(images), self._batch_size):
            count = len(images[start : start + self._batch_size])
            batch = np.zeros((self._batch_size, *images.shape[1:]), np.float32)
            batch[:count] = images[start : start + count]
            self._interpreter.set_tensor(self._input["index"], _quantise(batch, self._input))
            self._interpreter.invoke()
            values = self._read_output(self._outputs[output_index], self._batch_size)
            if values is None or values.shape[1:] != outputs.shape[1:]:
                raise ModelError("It does not give numbers for each image.")
            outputs[start : start + count] = values[:count]
        return outputs


def _bounds_from_details(details: Any) -> tuple[float, float] | None:
    dtype, (scale, zero) = np.dtype(details["dtype"]), details["quantization"]
    if dtype.kind == "f" or not scale:
        return None
    levels = np.iinfo(dtype)
    return float((levels.min - zero) * scale), float((levels.max - zero) * scale)


def _quantise(values: Values, details: Any) -> NDArray[Any]:
    dtype = np.dtype(details["dtype"])
    scale, zero = details["quantization"]
    if dtype.kind == "f":
        return np.asarray(values, dtype)
    levels = np.rint(values / (scale or 1)) + zero
    return np.asarray(levels.clip(np.iinfo(dtype).min, np.iinfo(dtype).max), dtype)
