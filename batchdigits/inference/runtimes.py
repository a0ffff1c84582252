"""What runs a model: LiteRT for TensorFlow Lite files, ONNX Runtime for ONNX files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from batchdigits.errors import ModelError
from batchdigits.system.extras import require_extra
from batchdigits.system.library_notes import discard_library_notes

if TYPE_CHECKING:
    from batchdigits.inference.input_format import Values

#: Images predicted in one call. The last batch is padded, so that an image's scores do not depend
#: on how many others are read with it.
BATCH_SIZE = 32
#: The ``format`` in the card of a model that ONNX Runtime runs; all others are TensorFlow Lite.
ONNX = "onnx"
#: What LiteRT raises for files that it cannot run; for damaged ones it is nearly anything.
LITERT_ERRORS = (ValueError, RuntimeError, IndexError, TypeError, KeyError, MemoryError)


class ModelRuntime(Protocol):
    """A model with one input and one output.

    Attributes:
        shape: shape of one image in its input, without the batch; ``None`` for any length.
        output_count: how many numbers it gives for each image.
        bounds: lowest and highest value that an input of integers can hold; ``None`` for floats.
    """

    shape: tuple[int | None, ...]
    output_count: int
    bounds: tuple[float, float] | None

    def __call__(self, images: Values) -> Values:
        """Run the model.

        Args:
            images: ``(n, *shape) float32``, any n.

        Returns:
            ``(n, output_count) float32``.
        """
        ...


def open_runtime(
    content: bytes, is_onnx: bool, shape: tuple[int, ...] | None = None
) -> ModelRuntime:
    """Open a ``.tflite`` or ``.onnx`` model with the library that runs it.

    Args:
        content: content of the model's file.
        is_onnx: whether it is ONNX, and not TensorFlow Lite.
        shape: shape of one image, where the model leaves lengths open.

    Raises:
        ModelError: it cannot be run, or has several inputs or outputs.
        MissingExtraError: ONNX Runtime is not installed.
    """
    return OnnxRuntime(content) if is_onnx else LiteRTRuntime(content, shape)


class LiteRTRuntime:
    """A TensorFlow Lite model, quantised or not.

    Args:
        content: content of the model's file.
        shape: shape of one image, where the model leaves lengths open.

    Raises:
        ModelError: it cannot be run, or has several inputs or outputs.
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
        inputs, output_details = self._get_details()
        if len(inputs) != 1 or len(output_details) != 1:
            raise ModelError(
                f"It has {len(inputs)} inputs and {len(output_details)} outputs, not one of each."
            )
        signature = inputs[0].get("shape_signature", inputs[0]["shape"])
        self.shape = tuple(int(length) if length > 0 else None for length in signature[1:])
        self._batch_size = self._resize_input(shape or _fill_shape(self.shape))
        (self._input,), (self._output,) = self._get_details()
        self.output_count = int(np.prod(self._output["shape"])) // self._batch_size
        self.bounds = _bounds_from_details(self._input)

    def _get_details(self) -> tuple[list[Any], list[Any]]:
        return self._interpreter.get_input_details(), self._interpreter.get_output_details()

    def _resize_input(self, shape: tuple[int, ...]) -> int:
        """Let it take ``BATCH_SIZE`` images at once, or as many as it insists on; return that."""
        (input_details,), _ = self._get_details()
        own_batch_size = int(input_details["shape"][0])
        for batch_size in dict.fromkeys((BATCH_SIZE, max(own_batch_size, 1))):
            try:
                self._interpreter.resize_tensor_input(input_details["index"], (batch_size, *shape))
                self._interpreter.allocate_tensors()
                self._interpreter.invoke()
                output_shape = self._get_details()[1][0]["shape"]
                if int(output_shape[0]) == batch_size:
                    return batch_size
            except (ValueError, RuntimeError):
                continue
        raise ModelError("It cannot be run on images of the shape that it asks for.")

    def __call__(self, images: Values) -> Values:
        """Run the model on ``(n, *shape) float32``, any n; see :meth:`ModelRuntime.__call__`."""
        outputs = np.empty((len(images), self.output_count), np.float32)
        for start in range(0, len(images), self._batch_size):
            count = len(images[start : start + self._batch_size])
            batch = np.zeros((self._batch_size, *images.shape[1:]), np.float32)
            batch[:count] = images[start : start + count]
            self._interpreter.set_tensor(self._input["index"], _quantise(batch, self._input))
            self._interpreter.invoke()
            values = _dequantise(self._interpreter.get_tensor(self._output["index"]), self._output)
            outputs[start : start + count] = values.reshape(self._batch_size, -1)[:count]
        return outputs


def _fill_shape(shape: tuple[int | None, ...]) -> tuple[int, ...]:
    """Replace lengths that a model leaves open by 28, to try it."""
    return tuple(length or 28 for length in shape)


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


def _dequantise(values: NDArray[Any], details: Any) -> Values:
    scale, zero = details["quantization"]
    if values.dtype.kind == "f" or not scale:
        return values.astype(np.float32)
    return (values.astype(np.float32) - np.float32(zero)) * np.float32(scale)


class OnnxRuntime:
    """An ONNX model; each process that uses it opens a session of its own.

    Args:
        content: content of the model's file.

    Raises:
        ModelError: it cannot be run, or has several inputs.
        MissingExtraError: ONNX Runtime is not installed.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.bounds: tuple[float, float] | None = None
        self._owner_pid = 0
        self._session: Any = None
        session = self._open_session()
        inputs, output_nodes = session.get_inputs(), session.get_outputs()
        if len(inputs) != 1 or len(output_nodes) < 1:
            raise ModelError(f"It has {len(inputs)} inputs, not one.")
        self._input_name, self._output_name = inputs[0].name, output_nodes[0].name
        batch, *shape = inputs[0].shape or [None]
        self._input_dtype = _ONNX_DTYPES.get(inputs[0].type)
        if self._input_dtype is None:
            raise ModelError(f"Its input holds {inputs[0].type}, not numbers of images.")
        self.shape = tuple(
            length if isinstance(length, int) and length > 0 else None for length in shape
        )
        self._batch_size = batch if isinstance(batch, int) and batch > 0 else BATCH_SIZE
        self.output_count = self._count_outputs()

    def _open_session(self) -> Any:
        # Its threads do not survive a fork.
        if self._session is None or self._owner_pid != os.getpid():
            self._session, self._owner_pid = _create_onnx_session(self._content), os.getpid()
        return self._session

    def _count_outputs(self) -> int:
        return int(self._run_batch(np.zeros((1, *_fill_shape(self.shape)), np.float32)).shape[1])

    def __call__(self, images: Values) -> Values:
        """Run the model on ``(n, *shape) float32``, any n; see :meth:`ModelRuntime.__call__`."""
        batches = [
            self._run_batch(images[start : start + self._batch_size])
            for start in range(0, len(images), self._batch_size)
        ]
        return np.concatenate(batches) if batches else np.empty((0, self.output_count), np.float32)

    def _run_batch(self, images: Values) -> Values:
        batch = np.zeros((self._batch_size, *images.shape[1:]), self._input_dtype)
        batch[: len(images)] = images
        try:
            (values,) = self._open_session().run([self._output_name], {self._input_name: batch})
        except Exception as error:  # ONNX Runtime raises types of its own, not all of them public
            reason = " ".join(str(error).split())[:300]
            raise ModelError(f"It cannot be run: {reason}") from error
        outputs = np.asarray(values)
        if outputs.dtype.kind not in "fiu" or len(outputs) != self._batch_size:
            raise ModelError("It does not give numbers for each image.")
        return outputs.astype(np.float32).reshape(self._batch_size, -1)[: len(images)]


_WEIGHTS_FOLDER_OPTION = "session.model_external_initializers_file_folder_path"
_MISSING_FOLDER = "/nonexistent/batchdigits"
_ONNX_DTYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(uint8)": np.uint8,
}


def require_onnx_runtime() -> None:
    """Check that ONNX models can be run, before any work begins.

    Raises:
        MissingExtraError: ONNX Runtime is not installed.
    """
    require_extra("onnxruntime", "onnx", "Running ONNX models")


def _create_onnx_session(content: bytes) -> Any:
    require_onnx_runtime()
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # Weights in another file are refused, as no hash tells them from others: it finds none here.
    options.add_session_config_entry(_WEIGHTS_FOLDER_OPTION, _MISSING_FOLDER)
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
        if _MISSING_FOLDER in reason or "xternal" in reason:
            raise ModelError("Its weights lie in another file: save it as one file.") from error
        raise ModelError(f"It is no ONNX model that can be run: {reason}") from error
