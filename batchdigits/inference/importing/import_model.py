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
from batchdigits.errors import ModelError
from batchdigits.inference.engine import Engine, load_with
from batchdigits.inference.importing import import_process
from batchdigits.inference.importing.model_formats import Kind, kind_of
from batchdigits.inference.importing.model_hash import sha256_of
from batchdigits.inference.model_card import CONVERTED as MADE
from batchdigits.inference.model_card import TAKEN_IN as CARD
from batchdigits.inference.model_card import Convention, ModelCard, card_of, read_card
from batchdigits.percentages import format_percent
from batchdigits.system.atomic_files import whole_file, whole_path
from batchdigits.system.filenames import for_terminal
from batchdigits.system.logs import LOG

#: Seconds that opening, converting and trying a model may take.
PATIENCE = 600
FindOut = Callable[[Path, Kind, Model, Path], dict[str, Any]]
#: Kinds that are read with as they are.
_AS_THEY_ARE = (Kind.TFLITE, Kind.ONNX)
_WORDS = {
    InputRange.UNIT: "0 to 1",
    InputRange.BYTE: "0 to 255",
    InputRange.SIGNED: "-1 to 1",
    InputRange.MNIST: "(x - 0.1307) / 0.3081",
    InputRange.L2_COLUMNS: "normalised by column",
    InputRange.L2_ROWS: "normalised by row",
    InputRange.L2_IMAGE: "normalised by image",
    InputRange.L2_PIXELS: "0 or 1",
}


def adopt(wanted: Model, beside: Path | None = None, find_out: "FindOut | None" = None) -> Engine:
    """An engine for any model of digits.

    Args:
        wanted: the path of the model, and what is known of it.
        beside: a folder for the card where the model's own cannot be written.
        find_out: what opens the model; :func:`in_child` where nothing is given.

    Raises:
        ModelError: with the sentence to show.
    """
    path = Path(os.path.abspath(wanted.name))
    kind = kind_of(path)
    sha256 = sha256_of(path)
    places = [path.parent, *([beside] if beside else [])]
    for place in places:
        if engine := _known(path, place, sha256, wanted):
            return engine
    if kind is Kind.SAVED_MODEL and not wanted.trusted:
        raise _refusal(
            path,
            "A SavedModel holds a program that may read and write files, and is not run for a "
            "folder from anywhere unless --trust-model says so.",
        )
    with tempfile.TemporaryDirectory(prefix="batchdigits-") as name:
        temporary = Path(name)
        if kind not in _AS_THEY_ARE:
            LOG.info("Opening %s with TensorFlow, once.", for_terminal(path.name))
        found = (find_out or in_child)(path, kind, wanted, temporary)
        converted = temporary / import_process.CONVERTED
        file = path if kind in _AS_THEY_ARE else converted
        about = _about(path, kind, sha256, found, sha256 if file is path else sha256_of(converted))
        _tell(path, found, _keep(path, about, file, places))
        # Not from what was kept: somebody else may be keeping the same at this moment.
        return load_with(file, card_of(about))


def _known(path: Path, place: Path, sha256: str, wanted: Model) -> Engine | None:
    """The engine of an earlier time, if its card holds for this very file and these wishes."""
    path_of_card = place / f"{path.name}{CARD}"
    if not os.path.isfile(path_of_card):
        return None
    try:
        card = read_card(path_of_card)
        if card.identity != sha256 or not _suits(card, wanted):
            return None
        return load_with(path if card.sha256 == sha256 else _made(path_of_card), card)
    except ModelError as error:
        LOG.warning("%s It is made anew.", for_terminal(str(error)))
        return None


def _made(card: Path) -> Path:
    return card.with_name(card.name.removesuffix(CARD) + MADE)


def _suits(card: ModelCard, wanted: Model) -> bool:
    kept = card.convention
    return (
        kept is not None
        and wanted.input_range in (None, kept.input_range)
        and wanted.ink in (None, kept.ink)
    )


def in_child(path: Path, kind: Kind, wanted: Model, folder: Path) -> dict[str, Any]:
    """Open a model in a process of its own.

    Args:
        path: the model.
        kind: what it is.
        wanted: what is known of it.
        folder: an empty one for files between both processes.

    Returns:
        What :func:`batchdigits.inference.importing.import_process.find_out` gives.

    Raises:
        ModelError: it cannot be used.
    """
    order = folder / import_process.ORDER
    told = {
        "path": str(path),
        "kind": kind.value,
        "input_range": wanted.input_range,
        "ink": wanted.ink,
        "trusted": wanted.trusted,
    }
    order.write_text(json.dumps(told), encoding="utf-8")
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}
    # -P: the current folder may be full of anybody's files, and is no place to import from.
    command = [sys.executable, "-P", "-m", import_process.__name__, str(order), str(os.getpid())]
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise _refusal(path, f"Opening it takes longer than {PATIENCE} seconds.") from error
    if done.returncode in (import_process.INTERRUPTED, -signal.SIGINT, -signal.SIGTERM):
        raise KeyboardInterrupt
    try:
        found: dict[str, Any] = json.loads(order.with_name(import_process.FOUND).read_bytes())
    except (OSError, ValueError) as error:
        raise _refusal(path, _end_of(done)) from error
    if "error" in found:
        raise _refusal(path, found["error"])
    return found


def _refusal(path: Path, why: str) -> ModelError:
    why = why.removeprefix(str(path)).lstrip()
    return ModelError(f"The model {path} cannot be used. {why[:1].upper()}{why[1:]}")


def _end_of(done: subprocess.CompletedProcess[bytes]) -> str:
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        return f"The library that opens it ended with {name}: the file is damaged."
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return f"The library that opens it failed: {lines[-1] if lines else 'it gave no reason'}"


def _about(
    path: Path, kind: Kind, sha256: str, found: dict[str, Any], made_sha256: str
) -> dict[str, Any]:
    return {
        "name": path.stem if len(path.suffix) > 1 else path.name,
        "file": path.name if made_sha256 == sha256 else path.name + MADE,
        "sha256": made_sha256,
        "source_sha256": sha256,
        "format": kind.value,
        "temperature": found["temperature"],
        "review_below": found["review_below"],
        "convention": found["convention"],
        "last_layer": found["last_layer"],
        "input": found["shape"],
        "tried_on": "60 of each digit of MNIST's training part, half of them bent a little",
        "sample_digits": found["samples"],
        "sample_accuracy": round(found["accuracy"], 4),
        "sample_log_loss": round(found["loss"], 4),
    }


def _keep(path: Path, about: dict[str, Any], file: Path, places: list[Path]) -> Path | None:
    """Write card and converted model into the first folder that can be written."""
    for place in places:
        card = place / f"{path.name}{CARD}"
        try:
            if file != path:
                with whole_path(_made(card)) as half:
                    half.write_bytes(file.read_bytes())
            with whole_file(card) as text:
                text.write(json.dumps(about, indent=2) + "\n")
            return card
        except OSError:
            continue
    return None


def _tell(path: Path, found: dict[str, Any], kept: Path | None) -> None:
    convention = Convention.of(found["convention"])
    paper = Ink.BLACK if convention.ink is Ink.WHITE else Ink.WHITE
    LOG.info(
        "%s wants levels %s (%s), %s ink on %s, and answers with %s: so it reads %s of %d sample "
        "digits. %s",
        *(for_terminal(path.name), _WORDS[convention.input_range], convention.input_range.value),
        *(convention.ink.value, paper.value, found["last_layer"]),
        *(format_percent(found["accuracy"]), found["samples"]),
        f"Kept in {for_terminal(str(kept))}." if kept else "No folder to keep that in.",
    )
