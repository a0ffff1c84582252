"""What runs ONNX models: ONNX Runtime."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from batchdigits.errors import ModelError
from batchdigits.inference.model_runtime import BATCH_SIZE, fill_shape, values_from_output
from batchdigits.system.extras import require_extra

if TYPE_CHECKING:
    from batchdigits.inference.input_format import Values


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
        self._owner_pid = 0
        self._session: Any = None
        session = self._open_session()
        inputs = session.get_inputs()
        if len(inputs) != 1:
            raise ModelError(f"It has {len(inputs)} inputs, not one.")
        self._input_name = inputs[0].name
        self._output_names = [node.name for node in session.get_outputs()]
        batch, *shape = inputs[0].shape or [None]
        self._input_dtype = _ONNX_DTYPES.get(inputs[0].type)
        if self._input_dtype is None:
            raise ModelError(f"Its input holds {inputs[0].type}, not numbers of images.")
        self.bounds = _bounds_from_dtype(self._input_dtype)
        self.shape = tuple(
            length if isinstance(length, int) and length > 0 else None for length in shape
        )
        self._batch_size = batch if isinstance(batch, int) and batch > 0 else BATCH_SIZE
        self.output_counts = self._count_outputs()

    def _open_session(self) -> Any:
        # Its threads do not survive a fork.
        if self._session is None or self._owner_pid != os.getpid():
            self._session, self._owner_pid = _create_onnx_session(self._content), os.getpid()
        return self._session

    def _count_outputs(self) -> tuple[int, ...]:
        blank = np.zeros((1, *fill_shape(self.shape)), np.float32)
        outputs = self._run_batch(blank, self._output_names)
        return tuple(0 if values is None else values.shape[1] for values in outputs)

    def __call__(self, images: Values, output_index: int) -> Values:
        """Run the model on ``(n, *shape) float32``, any n; see :meth:`ModelRuntime.__call__`."""
        count = self.output_counts[output_index]
        outputs = np.empty((len(images), count), np.float32)
        for start in range(0, len(images), self._batch_size):
            batch = images[start : start + self._batch_size]
            (values,) = self._run_batch(batch, [self._output_names[output_index]])
            if values is None or values.shape[1] != count:
                raise ModelError("It does not give numbers for each image.")
            outputs[start : start + len(batch)] = values[: len(batch)]
        return outputs

    def _run_batch(self, images: Values, output_names: list[str]) -> list[Values | None]:
        """Run one batch, padded; convert each output, see :func:`values_from_output`."""
        batch = np.zeros((self._batch_size, *images.shape[1:]), self._input_dtype)
        batch[: len(images)] = images if self.bounds is None else np.rint(images).clip(*self.bounds)
        try:
            outputs = self._open_session().run(output_names, {self._input_name: batch})
        except Exception as error:  # ONNX Runtime raises types of its own, not all of them public
            reason = " ".join(str(error).split())[:300]
            raise ModelError(f"It cannot be run: {reason}") from error
        return [values_from_output(output, self._batch_size) for output in outputs]


_WEIGHTS_FOLDER_OPTION = "session.model_external_initializers_file_folder_path"
_MISSING_FOLDER = "/nonexistent/batchdigits"
_ONNX_DTYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(uint8)": np.uint8,
    "tensor(int8)": np.int8,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
}


def _bounds_from_dtype(dtype: type[Any]) -> tuple[float, float] | None:
    if not issubclass(dtype, np.integer):
        return None
    return float(np.iinfo(dtype).min), float(np.iinfo(dtype).max)


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
