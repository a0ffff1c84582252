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
from batchdigits.errors import ModelError
from batchdigits.inference.backends import open_runner
from batchdigits.inference.importing.detect_convention import detect
from batchdigits.inference.importing.model_formats import Kind
from batchdigits.inference.input_format import Layout
from batchdigits.system.process_limits import die_with, limit_memory

#: Bytes that a model may make this process hold.
MEMORY = 12 << 30
#: Code at the end where somebody pressed Ctrl-C.
INTERRUPTED = 130
ORDER, FOUND, CONVERTED = "order.json", "found.json", "converted.tflite"


def main(order: Path) -> None:
    """Carry out an order; what cannot be done is told in ``found.json``."""
    limit_memory(MEMORY)
    try:
        given = json.loads(order.read_text(encoding="utf-8"))
        told = find_out(Path(given["path"]), Kind(given["kind"]), _wanted(given), order.parent)
    except ModelError as error:
        told = {"error": str(error)}
    except MemoryError:
        told = {"error": "It needs more memory than a reader of digits may."}
    order.with_name(FOUND).write_text(json.dumps(told), encoding="utf-8")


def _wanted(given: dict[str, Any]) -> Model:
    input_range, ink = given["input_range"], given["ink"]
    return Model(
        given["path"],
        InputRange(input_range) if input_range else None,
        Ink(ink) if ink else None,
        given["trusted"],
    )


def find_out(path: Path, kind: Kind, wanted: Model, folder: Path) -> dict[str, Any]:
    """Open a model, convert it into ``folder`` where it must be, and try conventions.

    Returns:
        The fields of :class:`batchdigits.inference.importing.detect_convention.Detected` as JSON
        has them, and ``shape``, that of one image, and ``last_layer``, what the model answers with.

    Raises:
        ModelError: it cannot be used.
    """
    shape, last = None, ""
    if kind in (Kind.TFLITE, Kind.ONNX):
        content = path.read_bytes()
    else:
        content, shape, last = _converted(path, kind, wanted.trusted)
        (folder / CONVERTED).write_bytes(content)
    runner = open_runner(content, kind is Kind.ONNX, shape)
    found = detect(runner, wanted)
    return asdict(found) | {
        "convention": found.convention.told(),
        "shape": Layout.of(runner.shape).shape,
        "last_layer": last or found.convention.outputs.value,
    }


def _converted(path: Path, kind: Kind, trusted: bool) -> tuple[bytes, tuple[int, ...], str]:
    """A ``.tflite`` file, the shape of one image, and the last layer, see :func:`open_model`."""
    from batchdigits.inference.importing.convert import to_float_tflite
    from batchdigits.inference.importing.open_tensorflow import open_model

    call, shape, last = open_model(path, kind, trusted)
    layout = Layout.of(shape)
    try:
        return to_float_tflite(call, layout.shape), layout.shape, last
    except Exception as error:  # the converter raises whatever it likes
        why = " ".join(str(error).split())[:300] or type(error).__name__
        raise ModelError(f"It cannot be converted to TensorFlow Lite: {why}") from error


if __name__ == "__main__":
    die_with(int(sys.argv[2]))
    try:
        main(Path(sys.argv[1]))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
