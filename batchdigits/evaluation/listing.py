"""A CSV of files and their digits, its files copied to where they can be read as an inbox.

Its columns ``file`` and ``digit`` are found by their names, in any order and among others; commas,
semicolons or tabs part them. Paths are relative to the CSV's own folder. A CSV may come from
anywhere, so that what it names outside that folder is refused, links that lead there too.
"""

import csv
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from batchdigits.errors import DataError
from batchdigits.names import display_name
from batchdigits.scan import is_chosen
from batchdigits.training.data import labelled_digit

_FILE, _DIGIT = "file", "digit"


def copied(
    table: Path, include: tuple[str, ...], exclude: tuple[str, ...], inbox: Path
) -> dict[str, int]:
    """Copy the files of a CSV into ``inbox``, and tell the digit of each.

    Args:
        table: the CSV, UTF-8 with or without a BOM.
        include: patterns of files to take (see :func:`batchdigits.scan.is_chosen`).
        exclude: patterns of files to leave out.
        inbox: an empty folder; files lie in it as they do below the CSV's folder.

    Raises:
        DataError: the CSV cannot be read or lacks a column, or a file of it is missing, lies
            elsewhere, is named twice, cannot be copied, or has no digit 0-9.
    """
    root = os.path.realpath(table.parent)
    truth: dict[str, int] = {}
    for place, named, digit in _rows(table):
        path = os.path.realpath(os.path.join(root, named))
        name = _name(path, root, f"{place}: {named}")
        if name in truth:
            raise DataError(f"{place}: {named} was named before.")
        if is_chosen(name, include, exclude):
            truth[name] = digit
            _copy(path, inbox / os.path.relpath(path, root), f"{place}: {named}")
    if not truth:
        raise DataError(f"{display_name(str(table))} names no files.")
    return truth


def _rows(table: Path) -> Iterator[tuple[str, str, int]]:
    """Place for messages, file and digit of every row."""
    shown = display_name(str(table))
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            head = file.readline()
            delimiter = max(",;\t", key=head.count)
            heads = next(csv.reader([head], delimiter=delimiter), [])
            columns = [each.strip().lower() for each in heads]
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            at = _column(columns, _FILE, shown), _column(columns, _DIGIT, shown)
            for cells in filter(None, reader):
                place = f"{shown}, line {reader.line_num + 1}"
                yield place, *_row(cells, *at, place)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{shown} cannot be read as a CSV: {error}.") from error


def _column(columns: list[str], name: str, shown: str) -> int:
    if name not in columns:
        raise DataError(f"{shown} has no column {name}; it needs the columns file and digit.")
    return columns.index(name)


def _row(cells: list[str], file: int, digit: int, place: str) -> tuple[str, int]:
    if len(cells) <= max(file, digit) or not cells[file].strip():
        raise DataError(f"{place}: a cell is missing; each row needs a file and a digit.")
    label = cells[digit].strip()
    truth = labelled_digit(label)
    if "\0" in cells[file]:
        raise DataError(f"{place}: {cells[file]!r} is no file name.")
    if truth is None:
        raise DataError(f"{place}: the digit of {cells[file]} is {label!r}, not 0 to 9.")
    return cells[file], truth


def _name(path: str, root: str, what: str) -> str:
    """The file's name inside the inbox, as results show it."""
    if not path.startswith(root.rstrip(os.sep) + os.sep):
        raise DataError(f"{what} lies outside the folder of the CSV.")
    if not os.path.isfile(path):
        raise DataError(f"{what} is not there.")
    return display_name(os.path.relpath(path, root))


def _copy(path: str, target: Path, what: str) -> None:
    # Not linked: a hard link would change the file's own times, and a soft one is not followed.
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    except OSError as error:
        raise DataError(f"{what} cannot be copied to be read: {error.strerror}.") from error
