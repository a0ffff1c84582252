"""Corrections read from a table that a person saved, see :mod:`batchdigits.system.tables`."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from batchdigits.datasets.typed_digits import (
    CLEAR_WORDS,
    is_empty_cell,
    normalise_cell,
    parse_digit,
    parse_integer,
    shorten_cell,
)
from batchdigits.errors import DataError
from batchdigits.system.filenames import to_display_name
from batchdigits.system.tables import read_table

#: Stands for "what was said before is taken back".
CLEAR_CODE = -2
_SHA256 = re.compile("[0-9a-f]{64}")
_CORRECTION_COLUMN = "corrected_digit"
_COLUMNS = (
    *(_CORRECTION_COLUMN, "sha256", "file", "page", "digit", "model", "confidence"),
    *("status", "final_digit"),
)


class TableRow(NamedTuple):
    """One row of the table.

    Attributes:
        line: number of the row, from 1 as spreadsheets count.
        file: the cell with the file's name.
        page: number of the page, from 1; 0 where the row does not say.
        sha256: hash of the file's content, in hexadecimal digits; empty where the row has none.
        correction: 0-9, :data:`~batchdigits.datasets.typed_digits.NO_DIGIT_LABEL` or
            :data:`CLEAR_CODE`; ``None`` where nobody wrote anything.
        digit: the cell with the digit that was read; ``None`` where the table has no such column.
        model: the cell with the model that read it.
        confidence: the cell that says how sure that was.
        status: the cell with the status.
        answer: the cell ``final_digit``, which is made of the others.
    """

    line: int
    file: str
    page: int
    sha256: str
    correction: int | None
    digit: str | None
    model: str
    confidence: str
    status: str
    answer: str


class InvalidRow(NamedTuple):
    """A row that cannot be used, and why."""

    line: int
    problem: str


def read_corrections(path: Path) -> Iterator[TableRow | InvalidRow]:
    """Read the rows of a table in which somebody wrote a corrected digit.

    Rows without one are given as well where the table has a column ``digit``: somebody may have
    written there.

    Raises:
        DataError: the table cannot be read, or lacks the column ``corrected_digit``, or both
            ``sha256`` and ``file``; or, while rows are taken, the text is no CSV.
    """
    table = read_table(path, {name: (name,) for name in _COLUMNS})
    shown = to_display_name(str(path))
    found = f"it has {', '.join(table.first_cells) or 'no text'}"
    if not table.columns:
        raise DataError(
            f"The first lines of {shown} hold no column named {_CORRECTION_COLUMN}: {found}."
        )
    if _CORRECTION_COLUMN not in table.columns:
        raise DataError(f"{shown} has no column named {_CORRECTION_COLUMN}: {found}.")
    if not {"sha256", "file"} & table.columns:
        raise DataError(
            f"{shown} has no column named sha256 or file, which say what scan a row is about: "
            f"{found}."
        )
    has_digits = "digit" in table.columns
    return (
        row
        for line, cells in table.rows
        if (row := _parse_row(line, cells, has_digits)) is not None
    )


def _parse_row(line: int, cells: dict[str, str], has_digits: bool) -> TableRow | InvalidRow | None:
    text = cells[_CORRECTION_COLUMN]
    correction = None if is_empty_cell(text) else _parse_correction(text)
    if correction is None:
        if not is_empty_cell(text):
            return InvalidRow(
                line, f"{shorten_cell(text)!r} is not a digit from 0 to 9, nor -1 for no digit"
            )
        if not has_digits:
            return None
    page = _parse_page(cells["page"])
    if page is None:
        return InvalidRow(line, "its page is not a number") if correction is not None else None
    sha256 = cells["sha256"]
    # Nearly all are as they were written, in a table that may have a million rows.
    if not _SHA256.fullmatch(sha256):
        sha256 = "" if is_empty_cell(sha256) else normalise_cell(sha256)
    digit = cells["digit"] if has_digits else None
    return TableRow(
        *(line, cells["file"], page, sha256, correction, digit),
        *(cells["model"], cells["confidence"], cells["status"], cells["final_digit"]),
    )


def _parse_correction(text: str) -> int | None:
    return CLEAR_CODE if normalise_cell(text) in CLEAR_WORDS else parse_digit(text)


def _parse_page(text: str) -> int | None:
    """Parse the number of a page; 0 where the cell is empty, ``None`` where it is no number."""
    if text == "1":
        return 1
    if is_empty_cell(text):
        return 0
    number = parse_integer(text)
    return number if number is not None and number >= 1 else None
