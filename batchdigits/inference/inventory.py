"""``batchdigits models``: what is known of each model, as people want to see it."""

import glob
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batchdigits.errors import ModelError, OutboxError, UsageError
from batchdigits.inference.engine import CARD_SUFFIX
from batchdigits.inference.importing.model_formats import identify_model_format
from batchdigits.inference.importing.model_hash import hash_model
from batchdigits.inference.model_card import IMPORTED_CARD_SUFFIX, read_card
from batchdigits.inference.registry import (
    find_model,
    list_models,
    read_default_name,
    read_training_card,
)
from batchdigits.percentages import format_percent
from batchdigits.system.filenames import escape_for_terminal

if TYPE_CHECKING:
    from rich.table import Table

#: Files of a trained model besides the ``.tflite``.
_COMPANION_SUFFIXES = (".keras", ".json", ".png")
#: Fields of a card that have a line of their own in what ``show`` tells.
_OMITTED_FIELDS = ("history", "accuracy", "held_back", "recipe", "test", "versions")


def build_model_table() -> "Table":
    """All models by name."""
    from rich.table import Table
    from rich.text import Text

    lines = Table(show_edge=False)
    for head in ("", "name", "accuracy", "of", "size", "file"):
        lines.add_column(head, justify="right" if head in ("accuracy", "size") else "left")
    default = read_default_name()
    for name, path in list_models():
        mark = "*" if name == default else ""
        share, measured = accuracy_from_card(read_card_fields(path))
        told = format_percent(share) if share is not None else "-"
        size = f"{measure_size(path) / 1e6:.2f} MB"
        cells = (
            mark,
            escape_for_terminal(name),
            told,
            escape_for_terminal(measured),
            size,
            escape_for_terminal(str(path)),
        )
        lines.add_row(*map(Text, cells))
    return lines


def read_card_fields(path: Path) -> dict[str, Any]:
    """A model's card, its own or the one that was made when it was taken in; empty without one."""
    try:
        if card := read_training_card(path):
            return card.fields
        beside = path.with_name(f"{path.name}{IMPORTED_CARD_SUFFIX}")
        return read_card(beside).fields if beside.is_file() else {}
    except ModelError:
        return {}


def accuracy_from_card(card: dict[str, Any]) -> tuple[float | None, str]:
    """The share of digits read right, 0-1, and of which."""
    measured, test = card.get("accuracy"), card.get("test")
    if isinstance(measured, dict) and measured:
        name, figures = next(iter(measured.items()))
        share, of = figures.get("accuracy") if isinstance(figures, dict) else None, str(name)
    elif isinstance(test, dict):
        share, of = test.get("accuracy"), f"{test.get('digits')} test digits"
    else:
        share, of = card.get("sample_accuracy"), "sample digits"
    is_share = isinstance(share, float | int) and 0 <= share <= 1
    return (float(share), of) if is_share and share is not None else (None, "")


def measure_size(path: Path) -> int:
    """Bytes of a file, or of all files of a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(each.stat().st_size for each in files if each.is_file())


def describe_model(name: str) -> Iterator[tuple[str, str]]:
    """What is known of one model, a name and a value a line.

    Raises:
        ModelError: there is none of that name.
    """
    path = Path(os.path.abspath(find_model(name)))
    card = read_card_fields(path)
    if not card:
        identify_model_format(path)  # tells what it is, where it is no model
    yield "file", str(path)
    yield "size", f"{measure_size(path):,} bytes"
    yield "sha256", hash_model(path)
    share, measured = accuracy_from_card(card)
    if share is not None:
        yield "accuracy", f"{format_percent(share)} of {measured}"
    for field, value in card.items():
        if field in _OMITTED_FIELDS or field in ("file", "sha256"):
            continue
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            for each in value:
                yield field, each
        elif isinstance(value, dict):
            yield field, ", ".join(f"{key} {each}" for key, each in value.items())
        else:
            yield field, str(value)
    if not card:
        yield "card", "none yet: it is made when the model is first used"


def export_model(name: str, folder: Path) -> list[Path]:
    """Copy a model and all that belongs to it into a folder; the files there.

    Raises:
        ModelError: there is none of that name.
        UsageError: a file of that name is there already.
        OutboxError: the folder cannot be written.
    """
    path = Path(os.path.abspath(find_model(name)))
    identify_model_format(path)
    files = [path, *_find_companions(path)]
    for file in files:
        if (folder / file.name).exists():
            raise UsageError(f"{folder / file.name} is there already: choose another folder.")
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
    own = path.with_suffix(CARD_SUFFIX).is_file() and path.suffix == ".tflite"
    if own:
        beside = [path.with_suffix(ending) for ending in _COMPANION_SUFFIXES]
    else:
        beside = sorted(path.parent.glob(f"{glob.escape(path.name)}.card.*"))
    return [each for each in beside if each.is_file()]
