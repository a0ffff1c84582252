"""What is done to an untrusted model in a process of its own, which may crash and take no harm.

``python -m batchdigits.inference.importing.import_process ORDER.json PARENT``: opens the model
that the order names, converts it where it must be, finds out its convention, and writes
``found.json`` (and ``converted.tflite``) beside the order. It dies with the process
numbered ``PARENT``.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from batchdigits.config import Ink, InputRange, Model
from batchdigits.errors import ExitCode, ModelError
from batchdigits.inference.backends import open_backend
from batchdigits.inference.importing.detect_input_spec import detect_input_spec
from batchdigits.inference.importing.model_formats import ModelFormat
from batchdigits.inference.input_format import Layout
from batchdigits.system.child_process import die_with_parent, limit_memory

#: Bytes that a model may make this process hold.
MEMORY_LIMIT = 12 << 30
REQUEST_FILE, RESULT_FILE, CONVERTED_FILE = "order.json", "found.json", "converted.tflite"


def main(request_path: Path) -> None:
    """Carry out an order; what cannot be done is told in ``found.json``."""
    limit_memory(MEMORY_LIMIT)
    try:
        given = json.loads(request_path.read_text(encoding="utf-8"))
        told = probe_model(
            Path(given["path"]),
            ModelFormat(given["kind"]),
            _model_from_request(given),
            request_path.parent,
        )
    except ModelError as error:
        told = {"error": str(error)}
    except MemoryError:
        told = {"error": "It needs more memory than a reader of digits may."}
    request_path.with_name(RESULT_FILE).write_text(json.dumps(told), encoding="utf-8")


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
    """Open a model, convert it into ``folder`` where it must be, and try conventions.

    Returns:
        The fields of :class:`batchdigits.inference.importing.detect_input_spec.DetectedInputSpec`
        as JSON
        has them, and ``shape``, that of one image, and ``last_layer``, what the model answers with.

    Raises:
        ModelError: it cannot be used.
    """
    shape, last = None, ""
    if model_format in (ModelFormat.TFLITE, ModelFormat.ONNX):
        content = path.read_bytes()
    else:
        content, shape, last = _convert(path, model_format, model.trusted)
        (folder / CONVERTED_FILE).write_bytes(content)
    runner = open_backend(content, model_format is ModelFormat.ONNX, shape)
    found = detect_input_spec(runner, model)
    return asdict(found) | {
        "convention": found.input_spec.to_dict(),
        "shape": Layout.from_shape(runner.shape).shape,
        "last_layer": last or found.input_spec.outputs.value,
    }


def _convert(
    path: Path, model_format: ModelFormat, trusted: bool
) -> tuple[bytes, tuple[int, ...], str]:
    """A ``.tflite`` file, the shape of one image, and the last layer, see :func:`open_model`."""
    from batchdigits.inference.importing.convert import to_float_tflite
    from batchdigits.inference.importing.open_tensorflow import open_model

    call, shape, last = open_model(path, model_format, trusted)
    layout = Layout.from_shape(shape)
    try:
        return to_float_tflite(call, layout.shape), layout.shape, last
    except Exception as error:  # the converter raises whatever it likes
        why = " ".join(str(error).split())[:300] or type(error).__name__
        raise ModelError(f"It cannot be converted to TensorFlow Lite: {why}") from error


if __name__ == "__main__":
    die_with_parent(int(sys.argv[2]))
    try:
        main(Path(sys.argv[1]))
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
