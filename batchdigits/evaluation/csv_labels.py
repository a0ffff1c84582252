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
from batchdigits.pipeline.inbox_walk import is_chosen
from batchdigits.reports.csvfile import unguard_cell
from batchdigits.system.filenames import to_display_name, to_raw_name

_FILE_COLUMN, _DIGIT_COLUMN, _TRUTH_COLUMN = "file", "digit", "truth"


def copy_labelled_files(
    csv_path: Path, include: tuple[str, ...], exclude: tuple[str, ...], inbox: Path
) -> dict[str, int]:
    """Copy the files of a CSV into ``inbox``, and tell the digit of each.

    Args:
        table: the CSV, UTF-8 with or without a BOM.
        include: patterns of files to take (see :func:`batchdigits.pipeline.inbox_walk.is_chosen`).
        exclude: patterns of files to leave out.
        inbox: an empty folder; files lie in it as they do below the CSV's folder.

    Raises:
        DataError: the CSV cannot be read or lacks a column, or a file of it is missing, lies
            elsewhere, is named twice, cannot be copied, or has no digit 0-9.
    """
    root = os.path.realpath(csv_path.parent)
    truth: dict[str, int] = {}
    for what, names, digit in _read_rows(csv_path):
        path = _resolve_path(names, root, what)
        name = to_display_name(os.path.relpath(path, root))
        if name in truth:
            raise DataError(f"{what} was named before.")
        if is_chosen(name, include, exclude):
            truth[name] = digit
            _copy_file(path, inbox / os.path.relpath(path, root), what)
    if not truth:
        raise DataError(f"{to_display_name(str(csv_path))} names no files.")
    return truth


def _read_rows(csv_path: Path) -> Iterator[tuple[str, tuple[str, ...], int]]:
    """Place and file for messages, the names it may have, and the digit of every row."""
    shown = to_display_name(str(csv_path))
    try:
        with csv_path.open(encoding="utf-8-sig", newline="") as file:
            head = file.readline()
            delimiter = max(",;\t", key=head.count)
            heads = next(csv.reader([head], delimiter=delimiter), [])
            columns = [each.strip().lower() for each in heads]
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            label = _TRUTH_COLUMN if _TRUTH_COLUMN in columns else _DIGIT_COLUMN
            at = _find_column(columns, _FILE_COLUMN, shown), _find_column(columns, label, shown)
            for cells in filter(None, reader):
                place = f"{shown}, line {reader.line_num + 1}"
                named, digit = _parse_row(cells, *at, place)
                yield (
                    f"{place}: {named}",
                    _list_candidate_names(named, label == _TRUTH_COLUMN),
                    digit,
                )
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{shown} cannot be read as a CSV: {error}.") from error


def _find_column(columns: list[str], name: str, csv_name: str) -> int:
    if name not in columns:
        raise DataError(f"{csv_name} has no column {name}; it needs the columns file and digit.")
    return columns.index(name)


def _parse_row(
    cells: list[str], file_index: int, digit_index: int, location: str
) -> tuple[str, int]:
    if len(cells) <= max(file_index, digit_index) or not cells[file_index].strip():
        raise DataError(f"{location}: a cell is missing; each row needs a file and a digit.")
    label = cells[digit_index].strip()
    truth = digit_from_label(label)
    if "\0" in cells[file_index]:
        raise DataError(f"{location}: {cells[file_index]!r} is no file name.")
    if truth is None:
        raise DataError(f"{location}: the digit of {cells[file_index]} is {label!r}, not 0 to 9.")
    return cells[file_index], truth


def _list_candidate_names(cell: str, is_own_table: bool) -> tuple[str, ...]:
    """What a cell may mean, the likeliest first: itself, or what our tables write so.

    Both exist only where names were made to look like guarded ones.
    """
    bare = cell.strip()
    plain, decoded = (cell, bare), (_decode_name(cell), _decode_name(bare))
    return (*decoded, *plain) if is_own_table else (*plain, *decoded)


def _decode_name(cell: str) -> str:
    """The file that ``results.csv`` or ``mistakes.csv`` means by a cell."""
    shown = unguard_cell(cell)
    try:
        return os.fsdecode(os.fsencode(to_raw_name(shown)))
    except UnicodeEncodeError:  # only bytes that are no text are ever escaped
        return shown


def _resolve_path(names: tuple[str, ...], root: str, location: str) -> str:
    """The first of these names under which a file lies in the folder."""
    paths = [os.path.realpath(os.path.join(root, name)) for name in names]
    inside = [path for path in paths if path.startswith(root.rstrip(os.sep) + os.sep)]
    for path in inside:
        if os.path.isfile(path):
            return path
    problem = "is not there" if inside else "lies outside the folder of the CSV"
    raise DataError(f"{location} {problem}.")


def _copy_file(path: str, target: Path, location: str) -> None:
    # Not linked: a hard link would change the file's own times, and a soft one is not followed.
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    except OSError as error:
        raise DataError(f"{location} cannot be copied to be read: {error.strerror}.") from error
