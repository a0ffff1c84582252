"""Models by name: those of the folder ``models`` where you work, and the shipped one."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from batchdigits.config import Model
from batchdigits.errors import ModelError, OutboxError, UsageError
from batchdigits.inference.engine import (
    CARD_SUFFIX,
    DEFAULT_MODEL,
    Engine,
    find_bundled_models,
    load_engine_with_card,
)
from batchdigits.inference.model_card import CONVERTED_MODEL_SUFFIX, ModelCard, is_card, read_card
from batchdigits.system.atomic_files import open_atomic_file
from batchdigits.system.filenames import to_display_name

#: The folder of models where you work; ``train`` writes into it.
MODELS_FOLDER = Path("models")
#: The file in it that holds the name of the default model.
DEFAULT_FILE = "default.txt"
#: Endings under which a model of the folder is found by its name, the likeliest first.
MODEL_SUFFIXES = (".tflite", ".keras", ".h5", ".hdf5", ".onnx", ".model", "")


def open_engine(model: Model, card_folder: Path | None = None) -> Engine:
    """The engine of a model.

    Args:
        wanted: which; without a name the default one.
        beside: a folder for what is found out about it, where its own cannot be written.

    Raises:
        ModelError: there is none, or it cannot be used.
    """
    name = model.name or read_default_name()
    try:
        path = Path(os.path.abspath(find_model(name)))
    except ModelError as error:
        if model.name:
            raise
        raise ModelError(
            f"{MODELS_FOLDER / DEFAULT_FILE} has {to_display_name(name)} for this folder's "
            "default, and there is no such model: batchdigits models default NAME sets another."
        ) from error
    if is_trained_keras_file(path):
        path = path.with_suffix(".tflite")
    if card := read_training_card(path):
        _reject_input_options(name, model)
        return load_engine_with_card(path, card)
    told = Model(str(path), model.input_range, model.ink, model.trusted)
    from batchdigits.inference.importing.import_model import import_model  # takes a while to load

    return import_model(told, card_folder)


def _reject_input_options(name: str, model: Model) -> None:
    if model.input_range or model.ink:
        raise UsageError(
            f"The card of {name} says how it wants images: leave out --input-range and --ink."
        )


def read_training_card(path: Path) -> ModelCard | None:
    """The card of a model that ``train`` made, which has its name; ``None`` where there is none."""
    if path.suffix != ".tflite" or not path.with_suffix(CARD_SUFFIX).is_file():
        return None
    card = path.with_suffix(CARD_SUFFIX)
    return read_card(card) if is_card(card) else None  # people keep labels and the like there


def is_trained_keras_file(path: Path) -> bool:
    """Whether this is the ``.keras`` file of a model that ``train`` made, beside all of it."""
    card = path.with_suffix(CARD_SUFFIX)
    if path.suffix != ".keras" or not path.with_suffix(".tflite").is_file() or not card.is_file():
        return False
    told = read_card(card).fields.get("keras_sha256")
    return bool(told) and told == hashlib.sha256(path.read_bytes()).hexdigest()


def find_model(name: str) -> Path:
    """Where a model lies: a path, or a name in one of the folders.

    Raises:
        ModelError: nowhere.
    """
    path = Path(name)
    if path.is_file() or (path.is_dir() and os.sep in name) or (path / "saved_model.pb").exists():
        return path
    if os.path.basename(name) == name:
        for folder in list_model_folders():
            for ending in MODEL_SUFFIXES:
                found = folder / f"{name}{ending}"
                if found.is_file() or (found / "saved_model.pb").exists():
                    return found
    if path.exists():
        return path
    known = ", ".join(sorted({each for each, _ in list_models()}))
    raise ModelError(f"There is no model {to_display_name(name)}; known by name: {known}.")


def list_model_folders() -> list[Path]:
    """Where names are looked for, in this order."""
    shipped = find_bundled_models()
    is_same = MODELS_FOLDER.is_dir() and MODELS_FOLDER.samefile(shipped)
    return [MODELS_FOLDER] if is_same else [MODELS_FOLDER, shipped]


def list_models() -> Iterator[tuple[str, Path]]:
    """Names of all models, and where they lie; the first of a name is the one that it means."""
    seen = set()
    for folder in list_model_folders():
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            name = path.stem if path.suffix in MODEL_SUFFIXES else path.name
            is_model = path.suffix in MODEL_SUFFIXES[:-1] or (path / "saved_model.pb").exists()
            if is_model and not path.name.endswith(CONVERTED_MODEL_SUFFIX) and name not in seen:
                seen.add(name)
                yield name, find_model(name)


def read_default_name() -> str:
    """The model that reads where none is named.

    Raises:
        ModelError: ``models/default.txt`` cannot be read.
    """
    path = MODELS_FOLDER / DEFAULT_FILE
    try:
        return path.read_text(encoding="utf-8").strip() or DEFAULT_MODEL
    except FileNotFoundError:
        return DEFAULT_MODEL
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{path} cannot be read: remove it, or write a model's name.") from error


def set_default(name: str) -> None:
    """Have a model read where none is named, in this folder.

    Raises:
        ModelError: there is no such model.
        UsageError: it is a path, not a name.
        OutboxError: ``models/default.txt`` cannot be written.
    """
    found = find_model(name)
    if name not in dict(list_models()):
        raise UsageError(
            f"Only a model that has a name can be the default: copy {found} to models/."
        )
    path = MODELS_FOLDER / DEFAULT_FILE
    try:
        if name == DEFAULT_MODEL and found.parent.samefile(find_bundled_models()):
            path.unlink(missing_ok=True)
            return
        with open_atomic_file(path) as file:
            file.write(f"{name}\n")
    except OSError as error:
        raise OutboxError(f"{path} cannot be written: {error.strerror}.") from error
