"""What is done to an untrusted model in a process of its own, which may crash without harm.

``python -m batchdigits.inference.importing.import_process REQUEST.json PARENT`` opens the model
that the request names, converts it if necessary, finds out how it wants its images, and writes
``result.json`` (and ``converted.tflite``) beside the request. It dies with the process numbered
``PARENT``.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from batchdigits.config import Ink, InputRange, Model
from batchdigits.errors import ExitCode, ModelError
from batchdigits.inference.importing.detect_input_spec import detect_input_spec
from batchdigits.inference.importing.model_formats import ModelFormat
from batchdigits.inference.input_format import Layout
from batchdigits.inference.runtimes import open_runtime
from batchdigits.system.child_process import die_with_parent, limit_memory

#: Bytes that this process may allocate.
MEMORY_LIMIT = 12 << 30
REQUEST_FILE, RESULT_FILE, CONVERTED_FILE = "request.json", "result.json", "converted.tflite"


def main(request_path: Path) -> None:
    """Carry out a request; if it fails, the result is the error."""
    limit_memory(MEMORY_LIMIT)
    try:
        request = json.loads(request_path.read_text(encoding="utf-8"))
        result = probe_model(
            Path(request["path"]),
            ModelFormat(request["format"]),
            _model_from_request(request),
            request_path.parent,
        )
    except ModelError as error:
        result = {"error": str(error)}
    except MemoryError:
        result = {"error": "It needs more memory than a reader of digits may use."}
    request_path.with_name(RESULT_FILE).write_text(json.dumps(result), encoding="utf-8")


def _model_from_request(request: dict[str, Any]) -> Model:
    input_range, ink = request["input_range"], request["ink"]
    return Model(
        request["path"],
        InputRange(input_range) if input_range else None,
        Ink(ink) if ink else None,
        request["trusted"],
    )


def probe_model(
    path: Path, model_format: ModelFormat, model: Model, folder: Path
) -> dict[str, Any]:
    """Open a model, convert it if necessary, and find out how it wants its images.

    Args:
        path: the model.
        model_format: its format.
        model: what the user says of it.
        folder: where ``converted.tflite`` is written to.

    Returns:
        The fields of
        :class:`batchdigits.inference.importing.detect_input_spec.DetectedInputSpec` as JSON has
        them, and ``shape``, that of one image, and ``last_layer``, what the model ends in.

    Raises:
        ModelError: it cannot be used.
    """
    shape, last_activation = None, ""
    if model_format in (ModelFormat.TFLITE, ModelFormat.ONNX):
        content = path.read_bytes()
    else:
        content, shape, last_activation = _convert(path, model_format, model.trusted)
        (folder / CONVERTED_FILE).write_bytes(content)
    runtime = open_runtime(content, model_format is ModelFormat.ONNX, shape)
    detected = detect_input_spec(runtime, model)
    return asdict(detected) | {
        "input_spec": detected.input_spec.to_dict(),
        "shape": Layout.from_shape(runtime.shape).shape,
        "last_layer": last_activation or detected.input_spec.outputs.value,
    }


def _convert(
    path: Path, model_format: ModelFormat, trusted: bool
) -> tuple[bytes, tuple[int, ...], str]:
    """Convert to a ``.tflite`` file; return it, the shape of one image, the last activation."""
    from batchdigits.inference.importing.convert import to_float_tflite
    from batchdigits.inference.importing.open_tensorflow import open_model

    predict, shape, last_activation = open_model(path, model_format, trusted)
    layout = Layout.from_shape(shape)
    try:
        return to_float_tflite(predict, layout.shape), layout.shape, last_activation
    except Exception as error:  # the converter raises many types
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise ModelError(f"It cannot be converted to TensorFlow Lite: {reason}") from error


if __name__ == "__main__":
    die_with_parent(int(sys.argv[2]))
    try:
        main(Path(sys.argv[1]))
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
