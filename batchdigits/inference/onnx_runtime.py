"""What runs ONNX models: ONNX Runtime."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from batchdigits.errors import ModelError
from batchdigits.inference.model_runtime import BATCH_SIZE, fill_shape
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
        return int(self._run_batch(np.zeros((1, *fill_shape(self.shape)), np.float32)).shape[1])

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
