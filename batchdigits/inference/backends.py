"""Models of any input, run by the library that their format belongs to."""

import os
from typing import Any, Protocol

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from batchdigits.errors import ModelError

Values = NDArray[np.float32]

#: Images predicted in one call. The last batch is padded, so that an image's scores do not depend
#: on how many others are read with it.
BATCH_SIZE = 32
#: What a card calls the format that ONNX Runtime runs; all others are TensorFlow Lite.
ONNX = "onnx"
#: What LiteRT raises for files that it cannot run; damaged ones have it raise nearly anything.
LITERT_ERRORS = (ValueError, RuntimeError, IndexError, TypeError, KeyError, MemoryError)


class Backend(Protocol):
    """A model that takes one input and gives one output.

    Attributes:
        shape: of one image, without the batch; ``None`` for any length.
        outputs: numbers that it gives for each image.
        bounds: lowest and highest value that its input can hold, where that is told.
    """

    shape: tuple[int | None, ...]
    output_count: int
    bounds: tuple[float, float] | None

    def __call__(self, images: Values) -> Values:
        """``(n, *shape) float32``, any n, to ``(n, outputs) float32``."""
        ...


def open_backend(content: bytes, is_onnx: bool, shape: tuple[int, ...] | None = None) -> Backend:
    """A runner for the bytes of a ``.tflite`` or ``.onnx`` model.

    Args:
        content: the file.
        is_onnx: whether it is ONNX, and not TensorFlow Lite.
        shape: of one image, where the model leaves lengths open.

    Raises:
        ModelError: it cannot be run.
    """
    return OnnxBackend(content) if is_onnx else LiteRTBackend(content, shape)


class LiteRTBackend:
    """A TensorFlow Lite model, its numbers quantised or not."""

    def __init__(self, content: bytes, shape: tuple[int, ...] | None = None) -> None:
        try:
            self._interpreter: Any = Interpreter(model_content=content, num_threads=1)
            self._prepare(shape)
        except LITERT_ERRORS as error:
            why = " ".join(str(error).split())
            raise ModelError(f"It is no TensorFlow Lite model that can be run: {why}") from error

    def _prepare(self, shape: tuple[int, ...] | None) -> None:
        inputs, output_details = self._get_details()
        if len(inputs) != 1 or len(output_details) != 1:
            raise ModelError(
                f"It has {len(inputs)} inputs and {len(output_details)} outputs, not one of each."
            )
        signature = inputs[0].get("shape_signature", inputs[0]["shape"])
        self.shape = tuple(int(each) if each > 0 else None for each in signature[1:])
        self._batch_size = self._resize_input(shape or tuple(each or 28 for each in self.shape))
        (self._input,), (self._output,) = self._get_details()
        self.output_count = int(np.prod(self._output["shape"])) // self._batch_size
        self.bounds = _bounds_from_details(self._input)

    def _get_details(self) -> tuple[list[Any], list[Any]]:
        return self._interpreter.get_input_details(), self._interpreter.get_output_details()

    def _resize_input(self, shape: tuple[int, ...]) -> int:
        """Have it take ``BATCH_SIZE`` images at once, or as many as it is bound to."""
        (given,), _ = self._get_details()
        own = int(given["shape"][0])
        for size in dict.fromkeys((BATCH_SIZE, max(own, 1))):
            try:
                self._interpreter.resize_tensor_input(given["index"], (size, *shape))
                self._interpreter.allocate_tensors()
                self._interpreter.invoke()
                found = self._get_details()[1][0]["shape"]
                if int(found[0]) == size:
                    return size
            except (ValueError, RuntimeError):
                continue
        raise ModelError("It cannot be run on images of the shape that it asks for.")

    def __call__(self, images: Values) -> Values:
        """``(n, *shape) float32``, any n, to ``(n, outputs) float32``."""
        answers = np.empty((len(images), self.output_count), np.float32)
        for start in range(0, len(images), self._batch_size):
            part = images[start : start + self._batch_size]
            whole = np.zeros((self._batch_size, *part.shape[1:]), np.float32)
            whole[: len(part)] = part
            self._interpreter.set_tensor(self._input["index"], _quantise(whole, self._input))
            self._interpreter.invoke()
            found = _dequantise(self._interpreter.get_tensor(self._output["index"]), self._output)
            answers[start : start + len(part)] = found.reshape(self._batch_size, -1)[: len(part)]
        return answers


def _bounds_from_details(details: Any) -> tuple[float, float] | None:
    kind, (scale, zero) = np.dtype(details["dtype"]), details["quantization"]
    if kind.kind == "f" or not scale:
        return None
    whole = np.iinfo(kind)
    return float((whole.min - zero) * scale), float((whole.max - zero) * scale)


def _quantise(values: Values, details: Any) -> NDArray[Any]:
    kind = np.dtype(details["dtype"])
    scale, zero = details["quantization"]
    if kind.kind == "f":
        return np.asarray(values, kind)
    levels = np.rint(values / (scale or 1)) + zero
    return np.asarray(levels.clip(np.iinfo(kind).min, np.iinfo(kind).max), kind)


def _dequantise(values: NDArray[Any], details: Any) -> Values:
    scale, zero = details["quantization"]
    if values.dtype.kind == "f" or not scale:
        return values.astype(np.float32)
    return (values.astype(np.float32) - np.float32(zero)) * np.float32(scale)


class OnnxBackend:
    """An ONNX model, run by ONNX Runtime; the session is opened by each process for itself."""

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
        self.shape = tuple(each if isinstance(each, int) and each > 0 else None for each in shape)
        self._batch_size = batch if isinstance(batch, int) and batch > 0 else BATCH_SIZE
        self.output_count = self._count_outputs()

    def _open_session(self) -> Any:
        # Its threads do not survive a fork.
        if self._session is None or self._owner_pid != os.getpid():
            self._session, self._owner_pid = _create_onnx_session(self._content), os.getpid()
        return self._session

    def _count_outputs(self) -> int:
        one = np.zeros((1, *(each or 28 for each in self.shape)), np.float32)
        self.output_count = 0
        return int(self._run_batch(one).shape[1])

    def __call__(self, images: Values) -> Values:
        """``(n, *shape) float32``, any n, to ``(n, outputs) float32``."""
        parts = [
            self._run_batch(images[start : start + self._batch_size])
            for start in range(0, len(images), self._batch_size)
        ]
        return np.concatenate(parts) if parts else np.empty((0, self.output_count), np.float32)

    def _run_batch(self, images: Values) -> Values:
        whole = np.zeros((self._batch_size, *images.shape[1:]), self._input_dtype)
        whole[: len(images)] = images
        try:
            (found,) = self._open_session().run([self._output_name], {self._input_name: whole})
        except Exception as error:  # it raises types of its own, not all of them public
            why = " ".join(str(error).split())[:300]
            raise ModelError(f"It cannot be run: {why}") from error
        found = np.asarray(found)
        if found.dtype.kind not in "fiu" or len(found) != self._batch_size:
            raise ModelError("It does not give numbers for each image.")
        return found.astype(np.float32).reshape(self._batch_size, -1)[: len(images)]


_WEIGHTS_FOLDER = "session.model_external_initializers_file_folder_path"
_MISSING_FOLDER = "/nonexistent/batchdigits"
_ONNX_DTYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(uint8)": np.uint8,
}


def _create_onnx_session(content: bytes) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise ModelError("ONNX models need: pip install 'batchdigits[onnx]'.") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # Weights in a file beside it are looked for here instead: no hash would tell them from others.
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", _MISSING_FOLDER
    )
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        why = " ".join(str(error).split())[:300]
        if _MISSING_FOLDER in why or "xternal" in why:
            raise ModelError("Its weights lie in another file: save it as one file.") from error
        raise ModelError(f"It is no ONNX model that can be run: {why}") from error
