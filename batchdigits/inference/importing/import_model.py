"""Import a model that somebody made: find out once how it wants its images, and keep that.

It is kept in a card, ``NAME.card.json``, beside the model, or in the outbox where the model's
folder cannot be written. What LiteRT cannot run is converted to ``NAME.card.tflite`` beside the
card, so that later runs load no TensorFlow.
"""

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from batchdigits.config import Model
from batchdigits.errors import ExitCode, ModelError
from batchdigits.inference.engine import Engine, load_engine_with_card
from batchdigits.inference.importing import import_process
from batchdigits.inference.importing.describe_input_spec import describe_input_spec
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
from batchdigits.inference.onnx_runtime import require_onnx_runtime
from batchdigits.percentages import format_percent
from batchdigits.system.atomic_files import open_atomic_file, stage_atomic_file
from batchdigits.system.child_process import run_module
from batchdigits.system.extras import require_extra
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.logs import LOG

#: Seconds that opening, converting and trying a model may take.
TIMEOUT_SECONDS = 600
#: What opens a model: its path, its format, what the user says of it, an empty folder.
ProbeFunction = Callable[[Path, ModelFormat, Model, Path], dict[str, Any]]
#: Formats that need no conversion.
_NATIVE_FORMATS = (ModelFormat.TFLITE, ModelFormat.ONNX)


def import_model(
    model: Model,
    card_folder: Path | None = None,
    probe: ProbeFunction | None = None,
    keeps_card_beside: bool = True,
) -> Engine:
    """Make an engine for a model that somebody made, with the card of an earlier import if any.

    Args:
        model: the path of the model, and what the user says of it.
        card_folder: a folder for the card where the model's own cannot be written.
        probe: what opens the model; :func:`probe_in_subprocess` where it is ``None``.
        keeps_card_beside: whether a new card may be written beside the model.

    Raises:
        ModelError: the model cannot be used.
        MissingExtraError: a library that its format needs is not installed.
    """
    path = Path(os.path.abspath(model.name))
    model_format = identify_model_format(path)
    sha256 = hash_model(path)
    folders = [path.parent, *([card_folder] if card_folder else [])]
    for folder in folders:
        if engine := _load_imported(path, folder, sha256, model):
            return engine
    if model_format is ModelFormat.SAVED_MODEL and not model.trusted:
        raise _make_error(
            path,
            "A SavedModel holds a program that may read and write files: it is opened only with "
            "--trust-model.",
        )
    _require_libraries(model_format)
    with tempfile.TemporaryDirectory(prefix="batchdigits-") as temporary_name:
        temporary_folder = Path(temporary_name)
        if model_format not in _NATIVE_FORMATS:
            LOG.info("Opening %s with TensorFlow, once.", escape_for_terminal(path.name))
        result = (probe or probe_in_subprocess)(path, model_format, model, temporary_folder)
        file, file_sha256 = path, sha256
        if model_format not in _NATIVE_FORMATS:
            file = temporary_folder / import_process.CONVERTED_FILE
            file_sha256 = hash_model(file)
        fields = _build_card_fields(path, model_format, sha256, result, file_sha256)
        card_folders = folders if keeps_card_beside else folders[1:]
        card_path = _save_card(path, fields, file, card_folders)
        _log_result(path, result, card_path if keeps_card_beside else None)
        # Not from the files just saved: another process may be replacing them at this moment.
        return load_engine_with_card(file, card_from_fields(fields))


def _require_libraries(model_format: ModelFormat) -> None:
    if model_format in (ModelFormat.KERAS, ModelFormat.HDF5):
        for library in ("tensorflow", "tf_keras", "h5py"):
            require_extra(library, "train", "Opening Keras models")
    elif model_format is ModelFormat.SAVED_MODEL:
        require_extra("tensorflow", "train", "Opening SavedModels")
    elif model_format is ModelFormat.ONNX:
        require_onnx_runtime()


def _load_imported(path: Path, folder: Path, sha256: str, model: Model) -> Engine | None:
    """Load an engine with the card of an earlier import, if it fits this file and the options."""
    card_path = folder / f"{path.name}{IMPORTED_CARD_SUFFIX}"
    if not os.path.isfile(card_path):
        return None
    try:
        card = read_card(card_path)
        if card.identity != sha256 or not _has_options(card, model):
            return None
        return load_engine_with_card(
            path if card.sha256 == sha256 else _converted_path_from_card(card_path), card
        )
    except ModelError as error:
        LOG.warning("%s The model is imported again.", escape_for_terminal(str(error)))
        return None


def _converted_path_from_card(card_path: Path) -> Path:
    return card_path.with_name(
        card_path.name.removesuffix(IMPORTED_CARD_SUFFIX) + CONVERTED_MODEL_SUFFIX
    )


def _has_options(card: ModelCard, model: Model) -> bool:
    """Check that a card says the same as the options by which a user says how to give images."""
    input_spec = card.input_spec
    return (
        input_spec is not None
        and model.input_range in (None, input_spec.input_range)
        and model.ink in (None, input_spec.ink)
    )


def probe_in_subprocess(
    path: Path, model_format: ModelFormat, model: Model, folder: Path
) -> dict[str, Any]:
    """Open a model in a process of its own.

    Args:
        path: the model.
        model_format: its format.
        model: what the user says of it.
        folder: an empty folder for files between both processes.

    Returns:
        What :func:`batchdigits.inference.importing.import_process.probe_model` gives.

    Raises:
        ModelError: it cannot be used.
    """
    request_path = folder / import_process.REQUEST_FILE
    request = {
        "path": str(path),
        "format": model_format.value,
        "input_range": model.input_range,
        "ink": model.ink,
        "trusted": model.trusted,
    }
    request_path.write_text(json.dumps(request), encoding="utf-8")
    try:
        process = run_module(import_process.__name__, [str(request_path)], TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise _make_error(
            path, f"Opening it took longer than {TIMEOUT_SECONDS} seconds."
        ) from error
    if process.returncode in (ExitCode.INTERRUPTED, -signal.SIGINT, -signal.SIGTERM):
        raise KeyboardInterrupt
    try:
        content = request_path.with_name(import_process.RESULT_FILE).read_bytes()
        result: dict[str, Any] = json.loads(content)
    except (OSError, ValueError) as error:
        raise _make_error(path, _describe_failure(process)) from error
    if "error" in result:
        raise _make_error(path, result["error"])
    return result


def _make_error(path: Path, reason: str) -> ModelError:
    reason = reason.removeprefix(str(path)).lstrip()
    return ModelError(f"The model {path} cannot be used. {reason[:1].upper()}{reason[1:]}")


def _describe_failure(process: subprocess.CompletedProcess[str]) -> str:
    if process.returncode < 0:
        name = signal.Signals(-process.returncode).name
        return f"The library that opens it ended with {name}: the file is damaged."
    lines = process.stderr.strip().splitlines()
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
        "convention": probe_result["input_spec"],
        "in_words": f"It {_describe(probe_result)}.",
        "last_layer": probe_result["last_layer"],
        "input": probe_result["shape"],
        "tried_on": "60 of each digit of MNIST's training part, half of them bent a little",
        "sample_digits": probe_result["sample_count"],
        "sample_accuracy": round(probe_result["accuracy"], 4),
        "sample_log_loss": round(probe_result["loss"], 4),
    }


def _save_card(path: Path, fields: dict[str, Any], file: Path, folders: list[Path]) -> Path | None:
    """Write card and converted model into the first folder that can be written.

    Returns:
        The path of the card; ``None`` where no folder can be written.
    """
    for folder in folders:
        card_path = folder / f"{path.name}{IMPORTED_CARD_SUFFIX}"
        try:
            if file != path:
                with stage_atomic_file(_converted_path_from_card(card_path)) as temporary:
                    temporary.write_bytes(file.read_bytes())
            with open_atomic_file(card_path) as card_file:
                card_file.write(json.dumps(fields, indent=2) + "\n")
            return card_path
        except OSError:
            continue
    return None


def _log_result(path: Path, probe_result: dict[str, Any], card_path: Path | None) -> None:
    LOG.info(
        "%s %s: this way it reads %s of %d sample digits. %s",
        escape_for_terminal(path.name),
        _describe(probe_result),
        *(format_percent(probe_result["accuracy"]), probe_result["sample_count"]),
        f"Saved in {escape_for_terminal(str(card_path))}."
        if card_path
        else "This could not be saved.",
    )


def _describe(probe_result: dict[str, Any]) -> str:
    input_spec = InputSpec.from_dict(probe_result["input_spec"])
    return describe_input_spec(input_spec, probe_result["last_layer"])
