"""Models by name: those of the folder ``models`` where you work, and the bundled one."""

import os
from collections.abc import Iterator
from dataclasses import replace
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
from batchdigits.system.hashing import hash_file

#: The folder of models in the current folder; ``train`` writes into it.
MODELS_FOLDER = Path("models")
#: The file in it that holds the name of the default model.
DEFAULT_FILE = "default.txt"
#: Endings with which a model is found by its name; the first that exists is taken.
MODEL_SUFFIXES = (".tflite", ".keras", ".h5", ".hdf5", ".onnx", ".model", "")


def open_engine(
    model: Model, card_folder: Path | None = None, keeps_card_beside: bool = True
) -> Engine:
    """Load a model; one that was made elsewhere is imported first.

    Args:
        model: which model, and what is known of it; without a name the default one.
        card_folder: a folder for an imported model's card, where the model's own cannot be written.
        keeps_card_beside: whether the card may be written into the model's own folder.

    Raises:
        ModelError: there is no such model, or it cannot be used.
        UsageError: input options are given for a model whose card has them.
        MissingExtraError: opening it needs a library that is not installed.
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
    from batchdigits.inference.importing.import_model import import_model  # takes a while to load

    return import_model(
        replace(model, name=str(path)), card_folder, keeps_card_beside=keeps_card_beside
    )


def _reject_input_options(name: str, model: Model) -> None:
    if model.input_range or model.ink:
        raise UsageError(
            f"The card of {name} says how it wants images: leave out --input-range and --ink."
        )


def read_training_card(path: Path) -> ModelCard | None:
    """Read the card of a model that ``train`` made, ``NAME.json``; ``None`` where there is none.

    Args:
        path: the model.

    Raises:
        ModelError: the card is damaged.
    """
    card_path = path.with_suffix(CARD_SUFFIX)
    if path.suffix != ".tflite" or not card_path.is_file():
        return None
    return read_card(card_path) if is_card(card_path) else None  # people keep labels there, too


def is_trained_keras_file(path: Path) -> bool:
    """Check whether this is the ``.keras`` file of a model that ``train`` made, all of it there.

    Raises:
        ModelError: the card beside it is damaged.
    """
    model, card = path.with_suffix(".tflite"), path.with_suffix(CARD_SUFFIX)
    if path.suffix != ".keras" or not model.is_file() or not card.is_file():
        return False
    sha256 = read_card(card).fields.get("keras_sha256")
    return bool(sha256) and sha256 == hash_file(path)


def find_model(name: str) -> Path:
    """Find a model by its path, or by its name in one of the folders of models.

    Raises:
        ModelError: there is none.
    """
    path = Path(name)
    if path.is_file() or (path.is_dir() and os.sep in name) or (path / "saved_model.pb").exists():
        return path
    if os.path.basename(name) == name:
        for folder in list_model_folders():
            for suffix in MODEL_SUFFIXES:
                candidate = folder / f"{name}{suffix}"
                if candidate.is_file() or (candidate / "saved_model.pb").exists():
                    return candidate
    if path.exists():
        return path
    known = ", ".join(sorted({known_name for known_name, _ in list_models()}))
    raise ModelError(f"There is no model {to_display_name(name)}; known by name: {known}.")


def list_model_folders() -> list[Path]:
    """List the folders in which a name is looked for, the first first."""
    bundled = find_bundled_models()
    is_same = MODELS_FOLDER.is_dir() and MODELS_FOLDER.samefile(bundled)
    return [MODELS_FOLDER] if is_same else [MODELS_FOLDER, bundled]


def list_models() -> Iterator[tuple[str, Path]]:
    """List the names of all models, each once, with the path that the name means."""
    seen_names = set()
    for folder in list_model_folders():
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            name = path.stem if path.suffix in MODEL_SUFFIXES else path.name
            is_model = path.suffix in MODEL_SUFFIXES[:-1] or (path / "saved_model.pb").exists()
            is_converted = path.name.endswith(CONVERTED_MODEL_SUFFIX)
            if is_model and not is_converted and name not in seen_names:
                seen_names.add(name)
                yield name, find_model(name)


def read_default_name() -> str:
    """Read the name of the model that is used where none is named.

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
    """Make a model the one that is used where none is named, in the current folder.

    Raises:
        ModelError: there is no such model.
        UsageError: ``name`` is a path, not a name.
        OutboxError: ``models/default.txt`` cannot be written.
    """
    model_path = find_model(name)
    if name not in dict(list_models()):
        raise UsageError(
            f"Only a model that has a name can be the default: copy {model_path} to models/."
        )
    path = MODELS_FOLDER / DEFAULT_FILE
    try:
        if name == DEFAULT_MODEL and model_path.parent.samefile(find_bundled_models()):
            path.unlink(missing_ok=True)
            return
        with open_atomic_file(path) as file:
            file.write(f"{name}\n")
    except OSError as error:
        raise OutboxError(f"{path} cannot be written: {error.strerror}.") from error
