"""``batchdigits models``: what is known of each model, as people want to see it."""

import glob
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batchdigits.errors import ModelError, OutboxError, UsageError
from batchdigits.inference.engine import CARD_ENDING
from batchdigits.inference.importing.model_formats import kind_of
from batchdigits.inference.importing.model_hash import sha256_of
from batchdigits.inference.model_card import TAKEN_IN, read_card
from batchdigits.inference.registry import default_name, find, models, own_card
from batchdigits.percentages import format_percent
from batchdigits.system.filenames import for_terminal

if TYPE_CHECKING:
    from rich.table import Table

#: Files of a trained model besides the ``.tflite``.
_BESIDE = (".keras", ".json", ".png")
#: Fields of a card that have a line of their own in what ``show`` tells.
_LONG = ("history", "accuracy", "held_back", "recipe", "test", "versions")


def table() -> "Table":
    """All models by name."""
    from rich.table import Table
    from rich.text import Text

    lines = Table(show_edge=False)
    for head in ("", "name", "accuracy", "of", "size", "file"):
        lines.add_column(head, justify="right" if head in ("accuracy", "size") else "left")
    default = default_name()
    for name, path in models():
        mark = "*" if name == default else ""
        share, measured = accuracy(about(path))
        told = format_percent(share) if share is not None else "-"
        size = f"{size_of(path) / 1e6:.2f} MB"
        cells = (
            mark,
            for_terminal(name),
            told,
            for_terminal(measured),
            size,
            for_terminal(str(path)),
        )
        lines.add_row(*map(Text, cells))
    return lines


def about(path: Path) -> dict[str, Any]:
    """A model's card, its own or the one that was made when it was taken in; empty without one."""
    try:
        if card := own_card(path):
            return card.about
        beside = path.with_name(f"{path.name}{TAKEN_IN}")
        return read_card(beside).about if beside.is_file() else {}
    except ModelError:
        return {}


def accuracy(card: dict[str, Any]) -> tuple[float | None, str]:
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


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files of a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(each.stat().st_size for each in files if each.is_file())


def lines(name: str) -> Iterator[tuple[str, str]]:
    """What is known of one model, a name and a value a line.

    Raises:
        ModelError: there is none of that name.
    """
    path = Path(os.path.abspath(find(name)))
    card = about(path)
    if not card:
        kind_of(path)  # tells what it is, where it is no model
    yield "file", str(path)
    yield "size", f"{size_of(path):,} bytes"
    yield "sha256", sha256_of(path)
    share, measured = accuracy(card)
    if share is not None:
        yield "accuracy", f"{format_percent(share)} of {measured}"
    for field, value in card.items():
        if field in _LONG or field in ("file", "sha256"):
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


def export(name: str, to: Path) -> list[Path]:
    """Copy a model and all that belongs to it into a folder; the files there.

    Raises:
        ModelError: there is none of that name.
        UsageError: a file of that name is there already.
        OutboxError: the folder cannot be written.
    """
    path = Path(os.path.abspath(find(name)))
    kind_of(path)
    files = [path, *_belonging(path)]
    for file in files:
        if (to / file.name).exists():
            raise UsageError(f"{to / file.name} is there already: choose another folder.")
    try:
        to.mkdir(parents=True, exist_ok=True)
        for file in files:
            if file.is_dir():
                shutil.copytree(file, to / file.name)
            else:
                shutil.copyfile(file, to / file.name)
    except OSError as error:
        raise OutboxError(f"Cannot write to {to}: {error.strerror}.") from error
    return [to / file.name for file in files]


def _belonging(path: Path) -> list[Path]:
    own = path.with_suffix(CARD_ENDING).is_file() and path.suffix == ".tflite"
    if own:
        beside = [path.with_suffix(ending) for ending in _BESIDE]
    else:
        beside = sorted(path.parent.glob(f"{glob.escape(path.name)}.card.*"))
    return [each for each in beside if each.is_file()]
