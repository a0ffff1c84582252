"""Rows of a spreadsheet that a person saved: CSV in whatever dialect, XLSX or ODS.

The file is from outside: nothing in it is run, and it is refused where it is absurdly large.
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

#: Bytes of a file, and of what a packed one may hold, at the most.
_MAX_BYTES = 1 << 30
_REQUIRED_COLUMNS = ("sha256", "corrected_digit")
#: What people write for "there is no digit", lower case; the program itself writes -1.
_NO_DIGIT_WORDS = {"-1", "-", "–", "x", "none", "no", "no digit", "not a digit", "blank"}
NO_DIGIT_CODE = -1
#: What they write to take back what they said.
_CLEAR_WORDS = {"clear", "undo", "?"}
CLEAR_CODE = -2
#: Cells of a sheet at the most, empty ones in between counted: they all take memory.
_MAX_CELLS = 50_000_000
_CELL_PATTERN = re.compile(rb'<c r="([A-Z]{1,3})([0-9]{1,7})"')


class Correction(NamedTuple):
    """One row in which somebody wrote something.

    ``line`` counts from 1 as spreadsheets do; ``page`` is 0 where the row does not say; ``digit``
    is 0-9, :data:`NO_DIGIT_CODE` or :data:`CLEAR_CODE`.
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
    """What a spreadsheet says of which pages.

    Raises:
        DataError: it cannot be read, or lacks the columns ``sha256`` and ``corrected_digit``.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise DataError(f"{path} is larger than any table of results.")
        with path.open("rb") as file:
            start = file.read(4)
        packed = start == b"PK\x03\x04"
        rows = _read_workbook(path) if packed else _read_csv(path.read_bytes())
        return _parse_corrections(path, rows)
    except OSError as error:
        raise DataError(f"Cannot read {path}: {error.strerror}.") from error


def _parse_corrections(
    path: Path, rows: Iterator[Sequence[object]]
) -> tuple[list[Correction], list[InvalidRow]]:
    heads = [_text_from_cell(cell).strip().lower() for cell in next(rows, ())]
    missing = [name for name in _REQUIRED_COLUMNS if name not in heads]
    if missing:
        raise DataError(
            f"{path} has no column {' and '.join(missing)}: save the whole table that batchdigits "
            "wrote, with its first line."
        )
    place = {name: heads.index(name) for name in heads}
    good: list[Correction] = []
    bad: list[InvalidRow] = []
    for line, row in enumerate(rows, 2):
        cells = {name: row[at] if at < len(row) else "" for name, at in place.items()}
        written = _text_from_cell(cells["corrected_digit"]).strip()
        if not written:
            continue
        digit, page = (
            _parse_digit(written),
            _parse_integer(_text_from_cell(cells.get("page", "")) or "0"),
        )
        if digit is None:
            bad.append(InvalidRow(line, f"{written!r} is no digit from 0 to 9, nor -1 for none"))
        elif page is None:
            bad.append(InvalidRow(line, "its page is no number"))
        else:
            name = unguard_cell(_text_from_cell(cells.get("file", "")))
            good.append(
                Correction(
                    line, name, page, _text_from_cell(cells["sha256"]).strip().lower(), digit
                )
            )
    return good, bad


def _parse_digit(text: str) -> int | None:
    """0-9, :data:`NO_DIGIT_CODE`, :data:`CLEAR_CODE`, or ``None`` for anything else."""
    word = text.lower().lstrip("'")
    if word in _NO_DIGIT_WORDS or word in _CLEAR_WORDS:
        return NO_DIGIT_CODE if word in _NO_DIGIT_WORDS else CLEAR_CODE
    number = _parse_integer(text)
    return number if number is not None and 0 <= number <= 9 else None


def _parse_integer(text: str) -> int | None:
    """A number as spreadsheets write it: ``7``, ``7.0``, ``7,0``."""
    try:
        number = float(text.strip().lstrip("'").replace(",", "."))
    except ValueError:
        return None
    return int(number) if number.is_integer() and abs(number) < 1e9 else None


def _text_from_cell(cell: object) -> str:
    """A cell as text; spreadsheets make numbers of digits."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell)


def _read_csv(data: bytes) -> Iterator[Sequence[object]]:
    """Rows of a CSV as Excel, LibreOffice or a person saved it."""
    text = _decode_text(data)
    if text.lower().startswith("sep="):  # a word of Excel's about what comes
        text = text.partition("\n")[2]
    first = text.partition("\n")[0]
    # Names of columns hold neither, so the commonest of them divides.
    delimiter = max(",;\t", key=first.count)
    csv.field_size_limit(1 << 20)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:
        raise DataError(f"The CSV cannot be read: {error}.") from error


def _decode_text(data: bytes) -> str:
    """UTF-8 and UTF-16 with or without a byte order mark; else Windows' own code page."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    if data[1:2] == b"\0":
        return data.decode("utf-16-le", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _check_sheet_sizes(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse a sheet whose farthest cells span more than memory holds: readers make them all."""
    for name in archive.namelist():
        if not name.startswith("xl/worksheets/"):
            continue
        across = down = 0
        with archive.open(name) as sheet:
            for row in iter(lambda: sheet.read(1 << 20), b""):
                for letters, number in _CELL_PATTERN.findall(row):
                    column = 0
                    for letter in letters:
                        column = 26 * column + letter - 64
                    across, down = max(across, column), max(down, int(number))
        if across * down > _MAX_CELLS:
            raise DataError(f"{path} has cells as far out as no table of results has.")


def _read_workbook(path: Path) -> Iterator[Sequence[object]]:
    """Rows of the first sheet of an XLSX or ODS file that has the columns."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        with zipfile.ZipFile(path) as packed:
            if sum(each.file_size for each in packed.infolist()) > _MAX_BYTES:
                raise DataError(f"{path} unpacks to more than any table of results.")
            _check_sheet_sizes(path, packed)
        book = CalamineWorkbook.from_path(str(path))
        for name in book.sheet_names:
            rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            if rows and "corrected_digit" in (str(cell).strip().lower() for cell in rows[0]):
                return iter(rows)
    except (CalamineError, zipfile.BadZipFile, ValueError) as error:
        raise DataError(f"{path} cannot be read as a spreadsheet: {error}.") from error
    return iter(())
