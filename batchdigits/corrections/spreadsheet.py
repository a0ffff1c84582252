"""Corrections read from a spreadsheet that a person saved: CSV in any dialect, XLSX or ODS.

The file comes from outside: nothing in it is run, and it is refused where it is absurdly large.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from batchdigits.errors import DataError
from batchdigits.reports.csvfile import unguard_cell

#: Most bytes of a file, packed and unpacked.
_MAX_BYTES = 1 << 30
_REQUIRED_COLUMNS = ("sha256", "corrected_digit")
#: What people write for "there is no digit", lower case; the program itself writes -1.
_NO_DIGIT_WORDS = {"-1", "-", "–", "x", "none", "no", "no digit", "not a digit", "blank"}
NO_DIGIT_CODE = -1
#: What people write to take back a correction.
_CLEAR_WORDS = {"clear", "undo", "?"}
CLEAR_CODE = -2
#: Most cells of a sheet; empty ones in between count, as they all take memory.
_MAX_CELLS = 50_000_000
_CELL_PATTERN = re.compile(rb'<c r="([A-Z]{1,3})([0-9]{1,7})"')


class Correction(NamedTuple):
    """One row in which somebody wrote something.

    Attributes:
        line: number of the row, from 1 as spreadsheets count.
        file: the file's name as reports have it.
        page: number of the page, from 1; 0 where the row does not say.
        sha256: hash of the file's content, in hexadecimal digits.
        digit: 0-9, :data:`NO_DIGIT_CODE` or :data:`CLEAR_CODE`.
    """

    line: int
    file: str
    page: int
    sha256: str
    digit: int


class InvalidRow(NamedTuple):
    """A row that cannot be used, and why."""

    line: int
    problem: str


def read_corrections(path: Path) -> tuple[list[Correction], list[InvalidRow]]:
    """Read the rows of a spreadsheet in which somebody wrote a corrected digit.

    Returns:
        The rows that can be used, and those that cannot.

    Raises:
        DataError: it cannot be read, or lacks the columns ``sha256`` and ``corrected_digit``.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise DataError(f"{path} is larger than any table of results.")
        with path.open("rb") as file:
            is_zip = file.read(4) == b"PK\x03\x04"
        rows = _read_workbook(path) if is_zip else _read_csv(path.read_bytes())
        return _parse_corrections(path, rows)
    except OSError as error:
        raise DataError(f"Cannot read {path}: {error.strerror}.") from error


def _parse_corrections(
    path: Path, rows: Iterator[Sequence[object]]
) -> tuple[list[Correction], list[InvalidRow]]:
    columns = [_text_from_cell(cell).strip().lower() for cell in next(rows, ())]
    missing = [name for name in _REQUIRED_COLUMNS if name not in columns]
    if missing:
        raise DataError(
            f"{path} has no column {' and '.join(missing)}: save the whole table that batchdigits "
            "wrote, with its first line."
        )
    index_of = {name: columns.index(name) for name in columns}
    corrections: list[Correction] = []
    invalid: list[InvalidRow] = []
    for line, row in enumerate(rows, 2):
        text = _get_text(row, index_of["corrected_digit"]).strip()
        if not text:
            continue
        digit = _parse_digit(text)
        page = _parse_integer(_get_text(row, index_of.get("page")) or "0")
        if digit is None:
            invalid.append(InvalidRow(line, f"{text!r} is no digit from 0 to 9, nor -1 for none"))
        elif page is None:
            invalid.append(InvalidRow(line, "its page is no number"))
        else:
            file = unguard_cell(_get_text(row, index_of.get("file")))
            sha256 = _get_text(row, index_of["sha256"]).strip().lower()
            corrections.append(Correction(line, file, page, sha256, digit))
    return corrections, invalid


def _parse_digit(text: str) -> int | None:
    """Parse what a person wrote.

    Returns:
        0-9, :data:`NO_DIGIT_CODE` or :data:`CLEAR_CODE`; ``None`` for anything else.
    """
    word = text.lower().lstrip("'")
    if word in _NO_DIGIT_WORDS or word in _CLEAR_WORDS:
        return NO_DIGIT_CODE if word in _NO_DIGIT_WORDS else CLEAR_CODE
    number = _parse_integer(text)
    return number if number is not None and 0 <= number <= 9 else None


def _parse_integer(text: str) -> int | None:
    """Parse an integer as spreadsheets write it: ``7``, ``7.0``, ``7,0``."""
    try:
        number = float(text.strip().lstrip("'").replace(",", "."))
    except ValueError:
        return None
    return int(number) if number.is_integer() and abs(number) < 1e9 else None


def _get_text(row: Sequence[object], index: int | None) -> str:
    """Get a cell as text; empty where the table has no such column or the row is shorter."""
    return "" if index is None or index >= len(row) else _text_from_cell(row[index])


def _text_from_cell(cell: object) -> str:
    """Convert a cell to text: spreadsheets make floating-point numbers of digits."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell)


def _read_csv(data: bytes) -> Iterator[Sequence[object]]:
    """Yield the rows of a CSV as Excel, LibreOffice or a person saved it."""
    text = _decode_text(data)
    if text.lower().startswith("sep="):  # Excel's own line that names the delimiter
        text = text.partition("\n")[2]
    header = text.partition("\n")[0]
    # Names of columns hold none of these, so that the commonest is the delimiter.
    delimiter = max(",;\t", key=header.count)
    csv.field_size_limit(1 << 20)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:
        raise DataError(f"The CSV cannot be read: {error}.") from error


def _decode_text(data: bytes) -> str:
    """Decode UTF-8 or UTF-16, with or without a byte order mark, else Windows-1252."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    if data[1:2] == b"\0":
        return data.decode("utf-16-le", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _check_sheet_sizes(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse an XLSX sheet with cells so far out that it would not fit into memory.

    The library that reads it makes all cells up to the farthest.

    Raises:
        DataError: a sheet spans too many cells.
    """
    for name in archive.namelist():
        if not name.startswith("xl/worksheets/"):
            continue
        width = height = 0
        with archive.open(name) as sheet:
            for chunk in iter(lambda: sheet.read(1 << 20), b""):
                for letters, row in _CELL_PATTERN.findall(chunk):
                    column = 0
                    for letter in letters:
                        column = 26 * column + letter - 64
                    width, height = max(width, column), max(height, int(row))
        if width * height > _MAX_CELLS:
            raise DataError(f"{path} has cells as far out as no table of results has.")


def _read_workbook(path: Path) -> Iterator[Sequence[object]]:
    """Read the first sheet of an XLSX or ODS file that has the column of corrections."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > _MAX_BYTES:
                raise DataError(f"{path} unpacks to more than any table of results.")
            _check_sheet_sizes(path, archive)
        workbook = CalamineWorkbook.from_path(str(path))
        for name in workbook.sheet_names:
            rows = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
            if rows and "corrected_digit" in (str(cell).strip().lower() for cell in rows[0]):
                return iter(rows)
    except (CalamineError, zipfile.BadZipFile, ValueError) as error:
        raise DataError(f"{path} cannot be read as a spreadsheet: {error}.") from error
    return iter(())
