"""Models by name: those of the folder ``models`` where you work, and the shipped one."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from batchdigits.config import Model
from batchdigits.errors import ModelError, OutboxError, UsageError
from batchdigits.inference.engine import (
    CARD_ENDING,
    DEFAULT_MODEL,
    Engine,
    load_with,
    models_folder,
)
from batchdigits.inference.model_card import CONVERTED, ModelCard, is_card, read_card
from batchdigits.system.atomic_files import whole_file
from batchdigits.system.filenames import display_name

#: The folder of models where you work; ``train`` writes into it.
FOLDER = Path("models")
#: The file in it that holds the name of the default model.
DEFAULT = "default.txt"
#: Endings under which a model of the folder is found by its name, the likeliest first.
ENDINGS = (".tflite", ".keras", ".h5", ".hdf5", ".onnx", ".model", "")


def open_engine(wanted: Model, beside: Path | None = None) -> Engine:
    """The engine of a model.

    Args:
        wanted: which; without a name the default one.
        beside: a folder for what is found out about it, where its own cannot be written.

    Raises:
        ModelError: there is none, or it cannot be used.
    """
    name = wanted.name or default_name()
    try:
        path = Path(os.path.abspath(find(name)))
    except ModelError as error:
        if wanted.name:
            raise
        raise ModelError(
            f"{FOLDER / DEFAULT} has {display_name(name)} for this folder's default, and there is "
            "no such model: batchdigits models default NAME sets another."
        ) from error
    if is_twin(path):
        path = path.with_suffix(".tflite")
    if card := own_card(path):
        _refuse_wishes(name, wanted)
        return load_with(path, card)
    told = Model(str(path), wanted.input_range, wanted.ink, wanted.trusted)
    from batchdigits.inference.importing.import_model import adopt  # takes a while to load

    return adopt(told, beside)


def _refuse_wishes(name: str, wanted: Model) -> None:
    if wanted.input_range or wanted.ink:
        raise UsageError(
            f"The card of {name} says how it wants images: leave out --input-range and --ink."
        )


def own_card(path: Path) -> ModelCard | None:
    """The card of a model that ``train`` made, which has its name; ``None`` where there is none."""
    if path.suffix != ".tflite" or not path.with_suffix(CARD_ENDING).is_file():
        return None
    card = path.with_suffix(CARD_ENDING)
    return read_card(card) if is_card(card) else None  # people keep labels and the like there


def is_twin(path: Path) -> bool:
    """Whether this is the ``.keras`` file of a model that ``train`` made, beside all of it."""
    card = path.with_suffix(CARD_ENDING)
    if path.suffix != ".keras" or not path.with_suffix(".tflite").is_file() or not card.is_file():
        return False
    told = read_card(card).about.get("keras_sha256")
    return bool(told) and told == hashlib.sha256(path.read_bytes()).hexdigest()


def find(name: str) -> Path:
    """Where a model lies: a path, or a name in one of the folders.

    Raises:
        ModelError: nowhere.
    """
    path = Path(name)
    if path.is_file() or (path.is_dir() and os.sep in name) or (path / "saved_model.pb").exists():
        return path
    if os.path.basename(name) == name:
        for folder in folders():
            for ending in ENDINGS:
                found = folder / f"{name}{ending}"
                if found.is_file() or (found / "saved_model.pb").exists():
                    return found
    if path.exists():
        return path
    known = ", ".join(sorted({each for each, _ in models()}))
    raise ModelError(f"There is no model {display_name(name)}; known by name: {known}.")


def folders() -> list[Path]:
    """Where names are looked for, in this order."""
    shipped = models_folder()
    is_same = FOLDER.is_dir() and FOLDER.samefile(shipped)
    return [FOLDER] if is_same else [FOLDER, shipped]


def models() -> Iterator[tuple[str, Path]]:
    """Names of all models, and where they lie; the first of a name is the one that it means."""
    seen = set()
    for folder in folders():
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            name = path.stem if path.suffix in ENDINGS else path.name
            is_model = path.suffix in ENDINGS[:-1] or (path / "saved_model.pb").exists()
            if is_model and not path.name.endswith(CONVERTED) and name not in seen:
                seen.add(name)
                yield name, find(name)


def default_name() -> str:
    """The model that reads where none is named.

    Raises:
        ModelError: ``models/default.txt`` cannot be read.
    """
    path = FOLDER / DEFAULT
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
    found = find(name)
    if name not in dict(models()):
        raise UsageError(
            f"Only a model that has a name can be the default: copy {found} to models/."
        )
    path = FOLDER / DEFAULT
    try:
        if name == DEFAULT_MODEL and found.parent.samefile(models_folder()):
            path.unlink(missing_ok=True)
            return
        with whole_file(path) as file:
            file.write(f"{name}\n")
    except OSError as error:
        raise OutboxError(f"{path} cannot be written: {error.strerror}.") from error
