"""A model that somebody made, taken in: how it wants images is found out once, and kept in a card.

The card, ``NAME.card.json``, lies beside the model; where that folder cannot be written, in the
outbox. What LiteRT cannot run is converted to ``NAME.card.tflite`` beside the card, so that later
runs load no TensorFlow.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from batchdigits.config import Ink, InputRange, Model
from batchdigits.errors import ExitCode, ModelError
from batchdigits.inference.engine import Engine, load_engine_with_card
from batchdigits.inference.importing import import_process
from batchdigits.inference.importing.model_formats import ModelFormat, identify_model_format
from batchdigits.inference.importing.model_hash import hash_model
from batchdigits.inference.model_card import (
    CONVERTED_MODEL_SUFFIX,
    IMPORTED_CARD_SUFFIX,
    InputSpec,
    ModelCard,
    card_from_fields,
    read_card,
)
from batchdigits.percentages import format_percent
from batchdigits.system.atomic_files import open_atomic_file, stage_atomic_file
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.logs import LOG

#: Seconds that opening, converting and trying a model may take.
TIMEOUT_SECONDS = 600
ProbeFunction = Callable[[Path, ModelFormat, Model, Path], dict[str, Any]]
#: Kinds that are read with as they are.
_NATIVE_FORMATS = (ModelFormat.TFLITE, ModelFormat.ONNX)
_RANGE_DESCRIPTIONS = {
    InputRange.UNIT: "0 to 1",
    InputRange.BYTE: "0 to 255",
    InputRange.SIGNED: "-1 to 1",
    InputRange.MNIST: "(x - 0.1307) / 0.3081",
    InputRange.L2_COLUMNS: "normalised by column",
    InputRange.L2_ROWS: "normalised by row",
    InputRange.L2_IMAGE: "normalised by image",
    InputRange.L2_PIXELS: "0 or 1",
}


def import_model(
    model: Model, card_folder: Path | None = None, probe: "ProbeFunction | None" = None
) -> Engine:
    """An engine for any model of digits.

    Args:
        wanted: the path of the model, and what is known of it.
        beside: a folder for the card where the model's own cannot be written.
        find_out: what opens the model; :func:`probe_in_subprocess` where nothing is given.

    Raises:
        ModelError: with the sentence to show.
    """
    path = Path(os.path.abspath(model.name))
    kind = identify_model_format(path)
    sha256 = hash_model(path)
    places = [path.parent, *([card_folder] if card_folder else [])]
    for place in places:
        if engine := _load_imported(path, place, sha256, model):
            return engine
    if kind is ModelFormat.SAVED_MODEL and not model.trusted:
        raise _build_error(
            path,
            "A SavedModel holds a program that may read and write files, and is not run for a "
            "folder from anywhere unless --trust-model says so.",
        )
    with tempfile.TemporaryDirectory(prefix="batchdigits-") as name:
        temporary = Path(name)
        if kind not in _NATIVE_FORMATS:
            LOG.info("Opening %s with TensorFlow, once.", escape_for_terminal(path.name))
        found = (probe or probe_in_subprocess)(path, kind, model, temporary)
        converted = temporary / import_process.CONVERTED_FILE
        file = path if kind in _NATIVE_FORMATS else converted
        about = _build_card_fields(
            path, kind, sha256, found, sha256 if file is path else hash_model(converted)
        )
        _log_result(path, found, _save_card(path, about, file, places))
        # Not from what was kept: somebody else may be keeping the same at this moment.
        return load_engine_with_card(file, card_from_fields(about))


def _load_imported(path: Path, folder: Path, sha256: str, model: Model) -> Engine | None:
    """The engine of an earlier time, if its card holds for this very file and these wishes."""
    path_of_card = folder / f"{path.name}{IMPORTED_CARD_SUFFIX}"
    if not os.path.isfile(path_of_card):
        return None
    try:
        card = read_card(path_of_card)
        if card.identity != sha256 or not _is_compatible(card, model):
            return None
        return load_engine_with_card(
            path if card.sha256 == sha256 else _converted_path_from_card(path_of_card), card
        )
    except ModelError as error:
        LOG.warning("%s It is made anew.", escape_for_terminal(str(error)))
        return None


def _converted_path_from_card(card_path: Path) -> Path:
    return card_path.with_name(
        card_path.name.removesuffix(IMPORTED_CARD_SUFFIX) + CONVERTED_MODEL_SUFFIX
    )


def _is_compatible(card: ModelCard, model: Model) -> bool:
    kept = card.input_spec
    return (
        kept is not None
        and model.input_range in (None, kept.input_range)
        and model.ink in (None, kept.ink)
    )


def probe_in_subprocess(
    path: Path, model_format: ModelFormat, model: Model, folder: Path
) -> dict[str, Any]:
    """Open a model in a process of its own.

    Args:
        path: the model.
        kind: what it is.
        wanted: what is known of it.
        folder: an empty one for files between both processes.

    Returns:
        What :func:`batchdigits.inference.importing.import_process.probe_model` gives.

    Raises:
        ModelError: it cannot be used.
    """
    order = folder / import_process.REQUEST_FILE
    told = {
        "path": str(path),
        "kind": model_format.value,
        "input_range": model.input_range,
        "ink": model.ink,
        "trusted": model.trusted,
    }
    order.write_text(json.dumps(told), encoding="utf-8")
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}
    # -P: the current folder may be full of anybody's files, and is no place to import from.
    command = [sys.executable, "-P", "-m", import_process.__name__, str(order), str(os.getpid())]
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, timeout=TIMEOUT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise _build_error(
            path, f"Opening it takes longer than {TIMEOUT_SECONDS} seconds."
        ) from error
    if done.returncode in (ExitCode.INTERRUPTED, -signal.SIGINT, -signal.SIGTERM):
        raise KeyboardInterrupt
    try:
        found: dict[str, Any] = json.loads(order.with_name(import_process.RESULT_FILE).read_bytes())
    except (OSError, ValueError) as error:
        raise _build_error(path, _describe_failure(done)) from error
    if "error" in found:
        raise _build_error(path, found["error"])
    return found


def _build_error(path: Path, reason: str) -> ModelError:
    reason = reason.removeprefix(str(path)).lstrip()
    return ModelError(f"The model {path} cannot be used. {reason[:1].upper()}{reason[1:]}")


def _describe_failure(process: subprocess.CompletedProcess[bytes]) -> str:
    if process.returncode < 0:
        name = signal.Signals(-process.returncode).name
        return f"The library that opens it ended with {name}: the file is damaged."
    lines = process.stderr.decode(errors="replace").strip().splitlines()
    return f"The library that opens it failed: {lines[-1] if lines else 'it gave no reason'}"


def _build_card_fields(
    path: Path,
    model_format: ModelFormat,
    sha256: str,
    probe_result: dict[str, Any],
    file_sha256: str,
) -> dict[str, Any]:
    return {
        "name": path.stem if len(path.suffix) > 1 else path.name,
        "file": path.name if file_sha256 == sha256 else path.name + CONVERTED_MODEL_SUFFIX,
        "sha256": file_sha256,
        "source_sha256": sha256,
        "format": model_format.value,
        "temperature": probe_result["temperature"],
        "review_below": probe_result["review_below"],
        "convention": probe_result["convention"],
        "last_layer": probe_result["last_layer"],
        "input": probe_result["shape"],
        "tried_on": "60 of each digit of MNIST's training part, half of them bent a little",
        "sample_digits": probe_result["samples"],
        "sample_accuracy": round(probe_result["accuracy"], 4),
        "sample_log_loss": round(probe_result["loss"], 4),
    }


def _save_card(path: Path, fields: dict[str, Any], file: Path, folders: list[Path]) -> Path | None:
    """Write card and converted model into the first folder that can be written."""
    for place in folders:
        card = place / f"{path.name}{IMPORTED_CARD_SUFFIX}"
        try:
            if file != path:
                with stage_atomic_file(_converted_path_from_card(card)) as half:
                    half.write_bytes(file.read_bytes())
            with open_atomic_file(card) as text:
                text.write(json.dumps(fields, indent=2) + "\n")
            return card
        except OSError:
            continue
    return None


def _log_result(path: Path, probe_result: dict[str, Any], card_path: Path | None) -> None:
    convention = InputSpec.from_dict(probe_result["convention"])
    paper = Ink.BLACK if convention.ink is Ink.WHITE else Ink.WHITE
    LOG.info(
        "%s wants levels %s (%s), %s ink on %s, and answers with %s: so it reads %s of %d sample "
        "digits. %s",
        *(
            escape_for_terminal(path.name),
            _RANGE_DESCRIPTIONS[convention.input_range],
            convention.input_range.value,
        ),
        *(convention.ink.value, paper.value, probe_result["last_layer"]),
        *(format_percent(probe_result["accuracy"]), probe_result["samples"]),
        f"Kept in {escape_for_terminal(str(card_path))}."
        if card_path
        else "No folder to keep that in.",
    )
