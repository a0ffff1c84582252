"""What ``batchdigits models`` shows of each model, and the copies that it makes."""

import glob
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batchdigits.errors import ModelError, OutboxError, UsageError
from batchdigits.inference.engine import CARD_SUFFIX
from batchdigits.inference.importing.model_formats import identify_model_format
from batchdigits.inference.importing.model_hash import hash_model
from batchdigits.inference.model_card import IMPORTED_CARD_SUFFIX, card_from_fields, read_card
from batchdigits.inference.registry import (
    describe_default_model,
    find_model,
    list_models,
    read_training_card,
)
from batchdigits.percentages import format_percent

#: Files of a trained model besides the ``.tflite``.
_COMPANION_SUFFIXES = (".keras", ".json", ".png")
#: Fields of a card that ``show`` leaves out: too long, or summed up in a line of their own.
_OMITTED_FIELDS = ("history", "accuracy", "held_back", "recipe", "test", "versions")


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model that has a name.

    Attributes:
        name: which ``--model`` takes.
        is_default: whether it is the one that reads where none is named.
        accuracy: the share of digits that it reads right, 0-1; ``None`` where that is unknown.
        measured_on: which digits these are; empty where that is unknown.
        bytes: its size.
        file: its path.
    """

    name: str
    is_default: bool
    accuracy: float | None
    measured_on: str
    bytes: int
    file: str


def list_models_with_accuracy() -> Iterator[ListedModel]:
    """List all models that have a name, and how well they read."""
    default = describe_default_model()
    for name, path in list_models():
        accuracy = accuracy_from_card(read_card_fields(path))
        yield ListedModel(name, name == default, *accuracy, measure_size(path), str(path))


def read_card_fields(path: Path) -> dict[str, Any]:
    """Read the card that ``train`` or an import gave to a model; empty where there is none."""
    try:
        if card := read_training_card(path):
            return card.fields
        card_path = path.with_name(f"{path.name}{IMPORTED_CARD_SUFFIX}")
        return read_card(card_path).fields if card_path.is_file() else {}
    except ModelError:
        return {}


def accuracy_from_card(card: dict[str, Any]) -> tuple[float | None, str]:
    """Find the share of digits that a model reads right, and which digits these are.

    Args:
        card: fields of a card, which may hold anything.

    Returns:
        The share, 0-1, and the name of the test set; ``None`` and nothing where it is unknown.
    """
    by_test_set, test = card.get("accuracy"), card.get("test")
    accuracy: Any
    if isinstance(by_test_set, dict) and by_test_set:
        name, metrics = next(iter(by_test_set.items()))
        test_set = str(name)
        accuracy = metrics.get("accuracy") if isinstance(metrics, dict) else None
    elif isinstance(test, dict):
        test_set, accuracy = f"{test.get('digits')} test digits", test.get("accuracy")
    else:
        test_set, accuracy = "sample digits", card.get("sample_accuracy")
    is_share = isinstance(accuracy, float | int) and 0 <= accuracy <= 1
    return (float(accuracy), test_set) if is_share else (None, "")


def measure_size(path: Path) -> int:
    """Count the bytes of a file, or of all files of a folder."""
    paths = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in paths if file.is_file())


def describe_model(name: str) -> Iterator[tuple[str, str]]:
    """List what is known of one model, as names and values of lines.

    Raises:
        ModelError: there is no such model, or it is none that can be read with.
    """
    path = Path(os.path.abspath(find_model(name)))
    card = read_card_fields(path)
    if not card:
        identify_model_format(path)  # raises an error that says what it is, if not a model
    yield "file", str(path)
    yield "size", f"{measure_size(path):,} bytes"
    yield "sha256", hash_model(path)
    if card:
        known = card_from_fields(card)
        yield "in results", f"{known.name}@{known.identity[:8]}"
    accuracy, test_set = accuracy_from_card(card)
    if accuracy is not None:
        yield "accuracy", f"{format_percent(accuracy)} of {test_set}"
    for field, value in card.items():
        if field in _OMITTED_FIELDS or field in ("file", "sha256"):
            continue
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            for item in value:
                yield field, item
        elif isinstance(value, dict):
            yield field, ", ".join(f"{key} {item}" for key, item in value.items())
        else:
            yield field, str(value)
    if not card:
        yield "card", "none yet: it is made when the model is first used"


def export_model(name: str, folder: Path) -> list[Path]:
    """Copy a model and all files that belong to it into a folder.

    Args:
        name: name or path of the model.
        folder: where to; it is made where it is missing.

    Returns:
        The copies.

    Raises:
        ModelError: there is no such model, or it is none that can be read with.
        UsageError: the folder holds a file of the same name.
        OutboxError: the folder cannot be written.
    """
    path = Path(os.path.abspath(find_model(name)))
    identify_model_format(path)
    files = [path, *_find_companions(path)]
    for file in files:
        if (folder / file.name).exists():
            raise UsageError(f"{folder / file.name} already exists: choose another folder.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in files:
            if file.is_dir():
                shutil.copytree(file, folder / file.name)
            else:
                shutil.copyfile(file, folder / file.name)
    except OSError as error:
        raise OutboxError(f"Cannot write to {folder}: {error.strerror}.") from error
    return [folder / file.name for file in files]


def _find_companions(path: Path) -> list[Path]:
    if path.suffix == ".tflite" and path.with_suffix(CARD_SUFFIX).is_file():
        candidates = [path.with_suffix(suffix) for suffix in _COMPANION_SUFFIXES]
        candidates += _find_committee(path)
    else:
        candidates = sorted(path.parent.glob(f"{glob.escape(path.name)}.card.*"))
    return [candidate for candidate in candidates if candidate.is_file()]


def _find_committee(path: Path) -> list[Path]:
    try:
        card = read_training_card(path)
    except ModelError:
        return []
    return [path.with_name(card.second_look.file)] if card and card.second_look else []
