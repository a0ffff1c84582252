"""Models by name: those of the folder ``models`` where you work, and the bundled one."""

import filecmp
import os
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

from batchdigits.config import Model
from batchdigits.config.own_files import find_user_folder, read_own_file
from batchdigits.errors import ModelError, OutboxError, UsageError
from batchdigits.inference.engine import (
    CARD_SUFFIX,
    DEFAULT_MODEL,
    Engine,
    find_bundled_models,
    load_engine_with_card,
)
from batchdigits.inference.model_card import (
    COMMITTEE_SUFFIX,
    CONVERTED_MODEL_SUFFIX,
    ModelCard,
    is_card,
    read_card,
)
from batchdigits.system.atomic_files import stage_atomic_file
from batchdigits.system.filenames import to_display_name
from batchdigits.system.hashing import hash_file
from batchdigits.system.invocation import format_command
from batchdigits.system.logs import LOG

#: The folder of models in the current folder; ``train`` writes into it.
MODELS_FOLDER = Path("models")
#: The file in the user's own folder of settings that holds the path of the default model.
DEFAULT_FILE = "default-model"
#: The file in the folder of models that held its name once, and that anybody may have put there.
_SET_DEFAULT = ("models", "default", "NAME")  #: the command that sets the default model
_FORMER_DEFAULT_FILE = MODELS_FOLDER / "default.txt"
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
        UsageError: input options are given for a model whose card has them, or others may have
            written the file that holds the default model.
        MissingExtraError: opening it needs a library that is not installed.
    """
    name = model.name or read_default_model()
    try:
        path = Path(os.path.abspath(find_model(name)))
    except ModelError as error:
        if model.name or not os.path.isabs(name):
            raise
        raise ModelError(
            f"Your default model {to_display_name(name)} is gone: "
            f"{format_command(*_SET_DEFAULT)} sets another."
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
        ModelError: there is none, or another model of the current folder has the name of a bundled
            one: it has to be given by its path.
    """
    if bundled := find_bundled_model(name):
        _refuse_shadows(name, bundled)
        return bundled
    path = Path(name)
    if _is_model(path) or (os.path.isdir(path) and os.sep in name):
        return path
    for folder in (MODELS_FOLDER, find_bundled_models()):
        if found := _find_in_folder(folder, name):
            return found
    if os.path.exists(path):
        return path
    known = ", ".join(sorted({known_name for known_name, _ in list_models()}))
    raise ModelError(f"There is no model {to_display_name(name)}; known by name: {known}.")


def find_bundled_model(name: str) -> Path | None:
    """Find a model that comes with the package; no other can be used by its name."""
    return _find_in_folder(find_bundled_models(), name, MODEL_SUFFIXES[:-1])


def _find_in_folder(
    folder: Path, name: str, suffixes: tuple[str, ...] = MODEL_SUFFIXES
) -> Path | None:
    """Find a model by its name in one folder."""
    if os.path.basename(name) != name or not name:
        return None
    candidates = (folder / f"{name}{suffix}" for suffix in suffixes)
    return next(filter(_is_model, candidates), None)


def _is_model(path: Path) -> bool:
    # Not Path.is_file(), which raises where the folder may not be opened: then it has no models.
    return os.path.isfile(path) or os.path.exists(path / "saved_model.pb")


def _refuse_shadows(name: str, bundled: Path) -> None:
    """Refuse a model of the current folder that would be taken in place of a bundled one.

    Raises:
        ModelError: there is one, and it is no copy of the bundled one.
    """
    here = _find_in_folder(MODELS_FOLDER, name)
    for path in filter(None, (here, Path(name) if _is_model(Path(name)) else None)):
        if not _is_copy(path, bundled):
            raise ModelError(
                f"{path} has the name of the model {name} that comes with batchdigits: rename it, "
                f"or give its path, as in --model ./{path}."
            )


def _is_copy(path: Path, bundled: Path) -> bool:
    try:
        return path.is_file() and filecmp.cmp(path, bundled, shallow=False)
    except OSError:  # it may not be read
        return False


def list_models() -> Iterator[tuple[str, Path]]:
    """List the names of all models, each once, with the path that the name means."""
    seen_names = set()
    for folder in (find_bundled_models(), MODELS_FOLDER):
        for path in _list_folder(folder):
            name = path.stem if path.suffix in MODEL_SUFFIXES else path.name
            is_model = path.suffix in MODEL_SUFFIXES[:-1] or os.path.exists(path / "saved_model.pb")
            is_part = path.name.endswith((CONVERTED_MODEL_SUFFIX, COMMITTEE_SUFFIX))
            if is_model and not is_part and name not in seen_names:
                seen_names.add(name)
                yield name, _find_in_folder(folder, name) or path


def _list_folder(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:  # it is not there, or may not be opened
        return []


def read_default_model() -> str:
    """Read which model is used where none is named.

    Returns:
        The absolute path of the model, or the name of the bundled one.

    Raises:
        ModelError: what the user's own file holds is no path of a model.
        UsageError: that file cannot be read, or others may have written it.
    """
    if os.path.lexists(_FORMER_DEFAULT_FILE):
        _tell_of_former_default(os.path.abspath(_FORMER_DEFAULT_FILE))
    folder = find_user_folder()
    content = read_own_file(folder / DEFAULT_FILE) if folder else None
    if not folder or content is None:
        return DEFAULT_MODEL
    path = os.fsdecode(content).removesuffix("\n")
    if not os.path.isabs(path) or "\0" in path:
        raise ModelError(
            f"{folder / DEFAULT_FILE} holds no path of a model: "
            f"{format_command(*_SET_DEFAULT)} sets your default model."
        )
    return path


@cache
def _tell_of_former_default(_path: str) -> None:
    """Tell once that a file that named the default model in earlier versions is passed over."""
    LOG.info(
        "%s is no longer used: %s sets your default model.",
        _FORMER_DEFAULT_FILE,
        format_command(*_SET_DEFAULT),
    )


def describe_default_model() -> str:
    """Return the name of the model that is used where none is named, or else its path.

    Raises:
        ModelError: there is none, see :func:`read_default_model`.
        UsageError: see there.
    """
    default = read_default_model()
    for name, path in list_models():
        if os.path.abspath(path) == default:
            return name
    return default


def set_default(name: str) -> None:
    """Make a model the one that is used where none is named, whichever folder is the current one.

    Raises:
        ModelError: there is no such model.
        UsageError: the user has no home to keep that in.
        OutboxError: the user's own file cannot be written.
    """
    path = os.path.abspath(find_model(name))
    folder = find_user_folder()
    if not folder:
        raise UsageError("You have no home folder to keep your default model in: use --model.")
    file_path = folder / DEFAULT_FILE
    try:
        if find_bundled_model(name):
            file_path.unlink(missing_ok=True)
            return
        with stage_atomic_file(file_path) as temporary:
            temporary.write_bytes(os.fsencode(f"{path}\n"))
            temporary.chmod(0o600)  # it is passed over where others may write it
    except OSError as error:
        raise OutboxError(f"{file_path} cannot be written: {error.strerror}.") from error
