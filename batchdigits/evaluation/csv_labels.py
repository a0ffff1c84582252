"""A CSV of files and their digits, its files copied to where they can be read as an inbox.

Its columns ``file`` and ``digit`` are found by their names, in any order and among others; commas,
semicolons or tabs part them. In a table with a column ``truth``, as ``mistakes.csv`` is one, that
is the label, and ``digit`` only what was read. Paths are relative to the CSV's own folder. A CSV
may come from anywhere, so that what it names outside that folder is refused, links that lead there
too.
"""

import csv
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from batchdigits.datasets.labelled import digit_from_label
from batchdigits.errors import DataError
from batchdigits.pipeline.scan import is_chosen
from batchdigits.reports.csvfile import unguard_cell
from batchdigits.system.filenames import to_display_name, to_raw_name

_FILE, _DIGIT, _TRUTH = "file", "digit", "truth"


def copied(
    table: Path, include: tuple[str, ...], exclude: tuple[str, ...], inbox: Path
) -> dict[str, int]:
    """Copy the files of a CSV into ``inbox``, and tell the digit of each.

    Args:
        table: the CSV, UTF-8 with or without a BOM.
        include: patterns of files to take (see :func:`batchdigits.pipeline.scan.is_chosen`).
        exclude: patterns of files to leave out.
        inbox: an empty folder; files lie in it as they do below the CSV's folder.

    Raises:
        DataError: the CSV cannot be read or lacks a column, or a file of it is missing, lies
            elsewhere, is named twice, cannot be copied, or has no digit 0-9.
    """
    root = os.path.realpath(table.parent)
    truth: dict[str, int] = {}
    for what, names, digit in _rows(table):
        path = _path(names, root, what)
        name = to_display_name(os.path.relpath(path, root))
        if name in truth:
            raise DataError(f"{what} was named before.")
        if is_chosen(name, include, exclude):
            truth[name] = digit
            _copy(path, inbox / os.path.relpath(path, root), what)
    if not truth:
        raise DataError(f"{to_display_name(str(table))} names no files.")
    return truth


def _rows(table: Path) -> Iterator[tuple[str, tuple[str, ...], int]]:
    """Place and file for messages, the names it may have, and the digit of every row."""
    shown = to_display_name(str(table))
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            head = file.readline()
            delimiter = max(",;\t", key=head.count)
            heads = next(csv.reader([head], delimiter=delimiter), [])
            columns = [each.strip().lower() for each in heads]
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            label = _TRUTH if _TRUTH in columns else _DIGIT
            at = _column(columns, _FILE, shown), _column(columns, label, shown)
            for cells in filter(None, reader):
                place = f"{shown}, line {reader.line_num + 1}"
                named, digit = _row(cells, *at, place)
                yield f"{place}: {named}", _names(named, label == _TRUTH), digit
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
    truth = digit_from_label(label)
    if "\0" in cells[file]:
        raise DataError(f"{place}: {cells[file]!r} is no file name.")
    if truth is None:
        raise DataError(f"{place}: the digit of {cells[file]} is {label!r}, not 0 to 9.")
    return cells[file], truth


def _names(cell: str, is_ours: bool) -> tuple[str, ...]:
    """What a cell may mean, the likeliest first: itself, or what our tables write so.

    Both exist only where names were made to look like guarded ones.
    """
    bare = cell.strip()
    plain, decoded = (cell, bare), (_decoded(cell), _decoded(bare))
    return (*decoded, *plain) if is_ours else (*plain, *decoded)


def _decoded(cell: str) -> str:
    """The file that ``results.csv`` or ``mistakes.csv`` means by a cell."""
    shown = unguard_cell(cell)
    try:
        return os.fsdecode(os.fsencode(to_raw_name(shown)))
    except UnicodeEncodeError:  # only bytes that are no text are ever escaped
        return shown


def _path(names: tuple[str, ...], root: str, what: str) -> str:
    """The first of these names under which a file lies in the folder."""
    paths = [os.path.realpath(os.path.join(root, name)) for name in names]
    inside = [path for path in paths if path.startswith(root.rstrip(os.sep) + os.sep)]
    for path in inside:
        if os.path.isfile(path):
            return path
    problem = "is not there" if inside else "lies outside the folder of the CSV"
    raise DataError(f"{what} {problem}.")


def _copy(path: str, target: Path, what: str) -> None:
    # Not linked: a hard link would change the file's own times, and a soft one is not followed.
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    except OSError as error:
        raise DataError(f"{what} cannot be copied to be read: {error.strerror}.") from error
