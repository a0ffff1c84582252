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
_LARGEST = 1 << 30
_NEEDED = ("sha256", "corrected_digit")
#: What people write for "there is no digit", lower case; the program itself writes -1.
_NO_DIGIT = {"-1", "-", "–", "x", "none", "no", "no digit", "not a digit", "blank"}
NO_DIGIT = -1
#: What they write to take back what they said.
_TAKEN_BACK = {"clear", "undo", "?"}
CLEAR = -2
#: Cells of a sheet at the most, empty ones in between counted: they all take memory.
_CELLS = 50_000_000
_CELL = re.compile(rb'<c r="([A-Z]{1,3})([0-9]{1,7})"')


class Correction(NamedTuple):
    """One row in which somebody wrote something.

    ``line`` counts from 1 as spreadsheets do; ``page`` is 0 where the row does not say; ``digit``
    is 0-9, :data:`NO_DIGIT` or :data:`CLEAR`.
    """

    line: int
    file: str
    page: int
    sha256: str
    digit: int


class Bad(NamedTuple):
    """A row that cannot be used, and why."""

    line: int
    why: str


def read(path: Path) -> tuple[list[Correction], list[Bad]]:
    """What a spreadsheet says of which pages.

    Raises:
        DataError: it cannot be read, or lacks the columns ``sha256`` and ``corrected_digit``.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise DataError(f"{path} is larger than any table of results.")
        with path.open("rb") as file:
            start = file.read(4)
        packed = start == b"PK\x03\x04"
        rows = _workbook(path) if packed else _csv(path.read_bytes())
        return _corrections(path, rows)
    except OSError as error:
        raise DataError(f"Cannot read {path}: {error.strerror}.") from error


def _corrections(
    path: Path, rows: Iterator[Sequence[object]]
) -> tuple[list[Correction], list[Bad]]:
    heads = [_text(cell).strip().lower() for cell in next(rows, ())]
    missing = [name for name in _NEEDED if name not in heads]
    if missing:
        raise DataError(
            f"{path} has no column {' and '.join(missing)}: save the whole table that batchdigits "
            "wrote, with its first line."
        )
    place = {name: heads.index(name) for name in heads}
    good: list[Correction] = []
    bad: list[Bad] = []
    for line, row in enumerate(rows, 2):
        cells = {name: row[at] if at < len(row) else "" for name, at in place.items()}
        written = _text(cells["corrected_digit"]).strip()
        if not written:
            continue
        digit, page = _digit(written), _whole(_text(cells.get("page", "")) or "0")
        if digit is None:
            bad.append(Bad(line, f"{written!r} is no digit from 0 to 9, nor -1 for none"))
        elif page is None:
            bad.append(Bad(line, "its page is no number"))
        else:
            name = unguard_cell(_text(cells.get("file", "")))
            good.append(Correction(line, name, page, _text(cells["sha256"]).strip().lower(), digit))
    return good, bad


def _digit(text: str) -> int | None:
    """0-9, :data:`NO_DIGIT`, :data:`CLEAR`, or ``None`` for anything else."""
    word = text.lower().lstrip("'")
    if word in _NO_DIGIT or word in _TAKEN_BACK:
        return NO_DIGIT if word in _NO_DIGIT else CLEAR
    number = _whole(text)
    return number if number is not None and 0 <= number <= 9 else None


def _whole(text: str) -> int | None:
    """A number as spreadsheets write it: ``7``, ``7.0``, ``7,0``."""
    try:
        number = float(text.strip().lstrip("'").replace(",", "."))
    except ValueError:
        return None
    return int(number) if number.is_integer() and abs(number) < 1e9 else None


def _text(cell: object) -> str:
    """A cell as text; spreadsheets make numbers of digits."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell)


def _csv(data: bytes) -> Iterator[Sequence[object]]:
    """Rows of a CSV as Excel, LibreOffice or a person saved it."""
    text = _decoded(data)
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


def _decoded(data: bytes) -> str:
    """UTF-8 and UTF-16 with or without a byte order mark; else Windows' own code page."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    if data[1:2] == b"\0":
        return data.decode("utf-16-le", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _check_sheets(path: Path, packed: zipfile.ZipFile) -> None:
    """Refuse a sheet whose farthest cells span more than memory holds: readers make them all."""
    for name in packed.namelist():
        if not name.startswith("xl/worksheets/"):
            continue
        across = down = 0
        with packed.open(name) as sheet:
            for row in iter(lambda: sheet.read(1 << 20), b""):
                for letters, number in _CELL.findall(row):
                    column = 0
                    for letter in letters:
                        column = 26 * column + letter - 64
                    across, down = max(across, column), max(down, int(number))
        if across * down > _CELLS:
            raise DataError(f"{path} has cells as far out as no table of results has.")


def _workbook(path: Path) -> Iterator[Sequence[object]]:
    """Rows of the first sheet of an XLSX or ODS file that has the columns."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        with zipfile.ZipFile(path) as packed:
            if sum(each.file_size for each in packed.infolist()) > _LARGEST:
                raise DataError(f"{path} unpacks to more than any table of results.")
            _check_sheets(path, packed)
        book = CalamineWorkbook.from_path(str(path))
        for name in book.sheet_names:
            rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            if rows and "corrected_digit" in (str(cell).strip().lower() for cell in rows[0]):
                return iter(rows)
    except (CalamineError, zipfile.BadZipFile, ValueError) as error:
        raise DataError(f"{path} cannot be read as a spreadsheet: {error}.") from error
    return iter(())
