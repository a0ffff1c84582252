"""``results.csv``: RFC 4180 in UTF-8, safe to open in any spreadsheet."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import IO, Any

from batchdigits.config import CsvDialect
from batchdigits.datasets.typed_digits import NO_DIGIT_LABEL
from batchdigits.journal.columns import COLUMN_INDEX, TABLE_COLUMNS, TABLE_HEADER, CellKind
from batchdigits.reports.context import ReportContext, Steps
from batchdigits.reports.rows import Cell, ReportRow

BOM = "\ufeff"
#: The answer of a page of which a person said that it holds no digit.
NO_DIGIT_TEXT = "-"
#: A cell that begins so is run as a formula by spreadsheets (OWASP, *CSV Injection*).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_GUARDED_STARTS = {*FORMULA_STARTS, "'"}
#: Cells that begin with what people or scanners chose.
_NAME_INDEXES = [
    index for index, column in enumerate(TABLE_COLUMNS) if column.kind is CellKind.NAME
]
_DECIMAL_INDEXES = [index for index, column in enumerate(TABLE_COLUMNS) if column.type is float]
_COLUMN_COUNT = len(TABLE_COLUMNS)
_ANSWER, _READ_AT = COLUMN_INDEX["final_digit"], COLUMN_INDEX["read_at"]


def render(context: ReportContext, path: Path) -> Steps:
    """Write the table, bit by bit."""
    with path.open("w", encoding="utf-8", newline="") as file:
        yield from write_table(file, context.iter_chunks(), context.settings.csv_dialect)


def write_table(
    file: IO[str],
    chunks: Iterable[Sequence[ReportRow]],
    dialect: CsvDialect = CsvDialect.STANDARD,
) -> Steps:
    """Write a table with its header, a chunk of rows a step.

    Args:
        file: where to; it must write newlines as they are.
        chunks: the rows.
        dialect: how numbers are written and cells divided.
    """
    if dialect is not CsvDialect.UNIX:
        file.write(BOM)
    writer, format_row = _make_writer(file, dialect)
    writer.writerow(TABLE_HEADER)
    for rows in chunks:
        writer.writerows(map(format_row, rows))
        yield


def format_rows(rows: Iterable[ReportRow], dialect: CsvDialect = CsvDialect.STANDARD) -> str:
    """Format rows without a header, to be added at the end of a table."""
    text = io.StringIO(newline="")
    writer, format_row = _make_writer(text, dialect)
    writer.writerows(map(format_row, rows))
    return text.getvalue()


def _make_writer(
    file: IO[str], dialect: CsvDialect
) -> tuple[Any, Callable[[ReportRow], Sequence[Cell]]]:
    """Return a writer of :mod:`csv`, and what makes its cells of a row."""
    if dialect is CsvDialect.STANDARD:
        return csv.writer(file, lineterminator="\r\n"), _format_row
    if dialect is CsvDialect.UNIX:
        return csv.writer(file, lineterminator="\n"), _format_row
    return csv.writer(file, delimiter=";", lineterminator="\r\n"), _format_row_for_excel


def _format_row(row: ReportRow) -> Sequence[Cell]:
    if row[_ANSWER] == NO_DIGIT_LABEL:
        return _format_row_anew(row)
    for index in _NAME_INDEXES:
        name = row[index]
        if name and str(name)[0] in _GUARDED_STARTS:
            return _format_row_anew(row)
    return row[:_COLUMN_COUNT]


def _format_row_anew(row: ReportRow) -> list[Cell]:
    """Format a row that is not written as it is."""
    cells = list(row[:_COLUMN_COUNT])
    if cells[_ANSWER] == NO_DIGIT_LABEL:
        cells[_ANSWER] = NO_DIGIT_TEXT
    for index in _NAME_INDEXES:
        cells[index] = guard_cell(str(row[index] or ""))
    return cells


def _format_row_for_excel(row: ReportRow) -> Sequence[Cell]:
    cells = list(_format_row(row))
    cells[_READ_AT] = to_spreadsheet_time(str(cells[_READ_AT]))
    for index in _DECIMAL_INDEXES:
        if cells[index] is not None:
            cells[index] = str(cells[index]).replace(".", ",")
    return cells


def to_spreadsheet_time(read_at: str) -> str:
    """Write a time such as ``2026-01-02T03:04:05Z`` as spreadsheets take it for a date and time."""
    return read_at.replace("T", " ").removesuffix("Z")


def from_spreadsheet_time(cell: str) -> str:
    """Undo :func:`to_spreadsheet_time`; what is written otherwise stays as it is."""
    is_plain = len(cell) == 19 and cell[10] == " "
    return f"{cell.replace(' ', 'T')}Z" if is_plain else cell


def guard_cell(cell: str) -> str:
    """Put ``'`` before what a spreadsheet would take for a formula; :func:`unguard_cell` undoes it.

    A cell that has such a ``'`` by itself gets one more, so that nothing is ambiguous.
    """
    return "'" + cell if cell.lstrip("'").startswith(FORMULA_STARTS) else cell


def unguard_cell(cell: str) -> str:
    """Take off what :func:`guard_cell` put on."""
    is_guarded = cell.startswith("'") and cell.lstrip("'").startswith(FORMULA_STARTS)
    return cell[1:] if is_guarded else cell
