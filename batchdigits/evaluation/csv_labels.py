"""A table of files and their digits, whose files are copied into an inbox.

For the kinds of tables see :mod:`batchdigits.system.tables`; the columns are found by their names,
in any order and among others. In the program's own tables, which have a column ``corrected_digit``
(``results.csv``) or ``truth`` (``mistakes.csv``), that column is the label, and ``digit`` only what
was read. Paths are relative to the table's own folder. A table may come from anywhere, so files
outside that folder are refused, and links that lead there.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from batchdigits.datasets.typed_digits import (
    CLEAR_WORDS,
    is_empty_cell,
    normalise_cell,
    parse_digit,
    parse_integer,
    shorten_cell,
)
from batchdigits.errors import DataError
from batchdigits.pipeline.inbox_walk import is_chosen
from batchdigits.reports.tables.csvfile import unguard_cell
from batchdigits.system.filenames import (
    compose,
    escape_for_terminal,
    list_typed_paths,
    to_display_name,
    to_raw_name,
)
from batchdigits.system.logs import LOG
from batchdigits.system.tables import Table, read_table

_FILE_COLUMNS = (
    "file", "filename", "file_name", "filepath", "file_path", "path", "image", "image_path",
    "image_name", "img", "name",
)  # fmt: skip
#: Columns of labels in tables of the program itself, in which ``digit`` is what was read.
_OWN_LABEL_COLUMNS = ("corrected_digit", "truth")
_LABEL_COLUMNS = (
    *_OWN_LABEL_COLUMNS, "digit", "label", "labels", "class", "target", "y", "ground_truth",
    "true_digit", "true_label", "true", "actual",
)  # fmt: skip
_COLUMNS = {
    "file": _FILE_COLUMNS,
    **{name: (name,) for name in _LABEL_COLUMNS},
    **{name: (name,) for name in ("page", "confidence")},
}


def copy_labelled_files(
    table_path: Path, include: tuple[str, ...], exclude: tuple[str, ...], inbox: Path
) -> dict[str, int]:
    """Copy the files of a table into ``inbox``.

    Args:
        table_path: the table.
        include: patterns of files to take (see :func:`batchdigits.pipeline.inbox_walk.is_chosen`).
        exclude: patterns of files to leave out.
        inbox: an empty folder; files lie in it as they do below the table's folder.

    Returns:
        The true digit of each file by its name inside ``inbox``: 0-9, or
        :data:`~batchdigits.datasets.typed_digits.NO_DIGIT_LABEL`.

    Raises:
        DataError: the table cannot be read, lacks a column, has several of labels that differ, or
            no label at all; or a file of it is missing, lies elsewhere, is named twice, or cannot
            be copied; or a label is no digit.
    """
    table_name = to_display_name(str(table_path))
    table = read_table(table_path, _COLUMNS)
    label_columns = _choose_label_columns(table, table_name)
    is_own_table = label_columns[0] in _OWN_LABEL_COLUMNS
    folder = _LabelledFolder(table_path.parent)
    truth: dict[str, int] = {}
    unlabelled = rows = 0
    for number, cells in table.rows:
        cell, line = cells["file"], f"{table_name}, line {number}"
        location = f"{line}: {shorten_cell(cell)}"
        rows += 1
        _check_labels_agree(cells, label_columns, line)
        label = cells[label_columns[0]]
        if _is_no_label(label):
            unlabelled += 1
            continue
        digit = _parse_label(cell, label, line)
        if is_own_table and (parse_integer(cells["page"]) or 1) > 1:
            continue  # the label of a file is that of its first page
        names = _list_candidate_names(cell, is_own_table)
        path = folder.find_file(names, location)
        name = to_display_name(os.path.relpath(path, folder.root))
        if name in truth:
            raise DataError(f"{location} is named twice.")
        if is_chosen(name, include, exclude):
            truth[name] = digit
            _copy_file(path, inbox / os.path.relpath(path, folder.root), location)
    if unlabelled and unlabelled == rows:
        raise DataError(f"{table_name} has no labels: its column {label_columns[0]} is empty.")
    if not truth:
        raise DataError(f"{table_name} names no files.")
    if unlabelled:
        LOG.warning(
            "%s: %s.",
            escape_for_terminal(table_name),
            "1 row without a label is left out"
            if unlabelled == 1
            else f"{unlabelled:,} rows without a label are left out",
        )
    return truth


def _choose_label_columns(table: Table, table_name: str) -> list[str]:
    """Choose the columns that say what is true, the one to be taken first.

    Raises:
        DataError: there is none, or none that names files.
    """
    found = f"it has {', '.join(table.first_cells) or 'no text'}"
    labels = [name for name in _LABEL_COLUMNS if name in table.columns]
    if len(labels) > 1 and "y" in labels:
        labels.remove("y")  # a coordinate, as well it may be
    for kind, names, is_there in (
        ("files", _FILE_COLUMNS, "file" in table.columns),
        ("labels", _LABEL_COLUMNS, bool(labels)),
    ):
        if not is_there:
            raise DataError(
                f"{table_name} has no column of {kind}, which may be called "
                f"{', '.join(names[:-1])} or {names[-1]}: {found}."
            )
    if labels[0] in _OWN_LABEL_COLUMNS:
        return [name for name in labels if name != "digit"]
    if labels == ["digit"] and "confidence" in table.columns:
        raise DataError(
            f"{table_name} has no labels: its column digit has a confidence beside "
            "it, so it is what was read."
        )
    return labels


def _check_labels_agree(cells: Mapping[str, str], columns: list[str], location: str) -> None:
    """Refuse a row whose columns of labels say different things.

    What is no digit contradicts nothing: such a column may be of another kind.
    """
    first, *others = columns
    for other in others:
        texts = cells[first], cells[other]
        digits = [parse_digit(text) for text in texts if not _is_no_label(text)]
        if digits and None not in digits and (len(digits) == 1 or digits[0] != digits[1]):
            raise DataError(
                f"{location}: its columns {first} and {other} disagree; "
                "keep only the one with the true digits."
            )


def _is_no_label(text: str) -> bool:
    return is_empty_cell(text) or normalise_cell(text) in CLEAR_WORDS


def _parse_label(cell: str, label: str, location: str) -> int:
    if not cell.strip():
        raise DataError(f"{location}: a cell is missing; each row needs a file and a digit.")
    if "\0" in cell:
        raise DataError(f"{location}: {shorten_cell(cell)!r} is not a file name.")
    digit = parse_digit(label)
    if digit is None:
        raise DataError(
            f"{location}: the digit of {shorten_cell(cell)} is {shorten_cell(label)!r}, "
            "not 0 to 9, nor -1 for no digit."
        )
    return digit


def _list_candidate_names(cell: str, is_own_table: bool) -> tuple[str, ...]:
    """List the files that a cell may mean, the likeliest first.

    A cell is the name itself, or the name as the program's own tables write it. They differ, and
    both files exist, only where somebody named files to look like that.
    """
    plain = list_typed_paths(cell)
    decoded = list(map(_decode_name, plain))
    return tuple(dict.fromkeys((*decoded, *plain) if is_own_table else (*plain, *decoded)))


def _decode_name(cell: str) -> str:
    """Decode a cell as ``results.csv`` and ``mistakes.csv`` write names."""
    display_name = unguard_cell(cell)
    try:
        return os.fsdecode(os.fsencode(to_raw_name(display_name)))
    except UnicodeEncodeError:  # only bytes that are no text are ever escaped
        return display_name


class _LabelledFolder:
    """The folder of a table, in which and below which its files lie.

    Attributes:
        root: its real path.
    """

    def __init__(self, folder: Path) -> None:
        self.root = os.path.realpath(folder)
        #: For each folder that was looked into, its entries by their composed names.
        self._listings: dict[str, dict[str, list[str]]] = {}

    def find_file(self, names: tuple[str, ...], location: str) -> str:
        """Find the first of several names under which a file lies in the folder.

        A name with accents that are composed otherwise on the disk means the file that looks so,
        if there is only one.

        Raises:
            DataError: there is no such file, several look so, or it lies outside the folder.
        """
        paths = [os.path.realpath(os.path.join(self.root, name)) for name in names]
        inside = [path for path in paths if path.startswith(self.root.rstrip(os.sep) + os.sep)]
        for path in inside:
            if os.path.isfile(path):
                return path
        lookalikes = {found for path in inside for found in self._find_lookalikes(path)}
        if len(lookalikes) == 1:
            return lookalikes.pop()
        problem = "is not there" if inside else "is outside the folder of the table"
        if lookalikes:
            problem = "may be one of several files whose names look the same"
        raise DataError(f"{location} {problem}.")

    def _find_lookalikes(self, path: str) -> list[str]:
        """Find the files whose paths differ from a real path only in how accents are composed."""
        found = [self.root]
        for part in os.path.relpath(path, self.root).split(os.sep):
            found = [
                os.path.join(folder, name)
                for folder in found
                for name in self._list_folder(folder).get(compose(part), ())
            ]
        root = self.root.rstrip(os.sep) + os.sep
        real_paths = map(os.path.realpath, found)
        return [path for path in real_paths if path.startswith(root) and os.path.isfile(path)]

    def _list_folder(self, folder: str) -> dict[str, list[str]]:
        if folder not in self._listings:
            names: dict[str, list[str]] = {}
            try:
                for name in os.listdir(folder):
                    names.setdefault(compose(name), []).append(name)
            except OSError:
                pass  # it is not a folder, or a closed one: nothing is found in it
            self._listings[folder] = names
        return self._listings[folder]


def _copy_file(path: str, target: Path, location: str) -> None:
    # Not linked: a hard link would change the file's own times, and a soft one is not followed.
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    except OSError as error:
        raise DataError(f"{location} cannot be copied: {error.strerror}.") from error
