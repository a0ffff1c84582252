"""A CSV of files and their digits, whose files are copied into an inbox.

Its columns ``file`` and ``digit`` are found by their names, in any order and among others; commas,
semicolons or tabs separate them. In a table with a column ``truth``, such as ``mistakes.csv``, that
column is the label, and ``digit`` only what was read. Paths are relative to the CSV's own folder.
A CSV may come from anywhere, so files outside that folder are refused, and links that lead there.
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
    """Copy the files of a CSV into ``inbox``.

    Args:
        csv_path: the CSV, UTF-8 with or without a BOM.
        include: patterns of files to take (see :func:`batchdigits.pipeline.inbox_walk.is_chosen`).
        exclude: patterns of files to leave out.
        inbox: an empty folder; files lie in it as they do below the CSV's folder.

    Returns:
        The true digit, 0-9, of each file by its name inside ``inbox``.

    Raises:
        DataError: the CSV cannot be read or lacks a column, or a file of it is missing, lies
            elsewhere, is named twice, cannot be copied, or has no digit 0-9.
    """
    root = os.path.realpath(csv_path.parent)
    truth: dict[str, int] = {}
    for location, candidates, digit in _read_rows(csv_path):
        path = _resolve_path(candidates, root, location)
        name = to_display_name(os.path.relpath(path, root))
        if name in truth:
            raise DataError(f"{location} was named before.")
        if is_chosen(name, include, exclude):
            truth[name] = digit
            _copy_file(path, inbox / os.path.relpath(path, root), location)
    if not truth:
        raise DataError(f"{to_display_name(str(csv_path))} names no files.")
    return truth


def _read_rows(csv_path: Path) -> Iterator[tuple[str, tuple[str, ...], int]]:
    """Yield of every row its location for messages, the file's possible names, and the digit."""
    csv_name = to_display_name(str(csv_path))
    try:
        with csv_path.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline()
            delimiter = max(",;\t", key=header.count)
            header_cells = next(csv.reader([header], delimiter=delimiter), [])
            columns = [cell.strip().lower() for cell in header_cells]
            is_own_table = _TRUTH_COLUMN in columns
            label_column = _TRUTH_COLUMN if is_own_table else _DIGIT_COLUMN
            file_index = _find_column(columns, _FILE_COLUMN, csv_name)
            label_index = _find_column(columns, label_column, csv_name)
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            for cells in filter(None, reader):
                line = f"{csv_name}, line {reader.line_num + 1}"
                cell, digit = _parse_row(cells, file_index, label_index, line)
                yield f"{line}: {cell}", _list_candidate_names(cell, is_own_table), digit
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{csv_name} cannot be read as a CSV: {error}.") from error


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
    """List the files that a cell may mean, the likeliest first.

    A cell is the name itself, or the name as the program's own tables write it. They differ, and
    both files exist, only where somebody named files to look like that.
    """
    stripped = cell.strip()
    plain, decoded = (cell, stripped), (_decode_name(cell), _decode_name(stripped))
    return (*decoded, *plain) if is_own_table else (*plain, *decoded)


def _decode_name(cell: str) -> str:
    """Decode a cell as ``results.csv`` and ``mistakes.csv`` write names."""
    display_name = unguard_cell(cell)
    try:
        return os.fsdecode(os.fsencode(to_raw_name(display_name)))
    except UnicodeEncodeError:  # only bytes that are no text are ever escaped
        return display_name


def _resolve_path(names: tuple[str, ...], root: str, location: str) -> str:
    """Find the first of several names under which a file lies in the folder.

    Raises:
        DataError: there is no such file, or it lies outside the folder.
    """
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
