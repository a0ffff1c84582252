"""``results.csv``: RFC 4180 with a UTF-8 BOM, safe to open in any spreadsheet."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

from batchdigits.config import CsvDialect
from batchdigits.reports.rows import COLUMNS, Cell, ReportRow

BOM = "\ufeff"
#: A cell that begins so is run as a formula by spreadsheets (OWASP, *CSV Injection*).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
#: Only these begin with what people or scanners chose.
_FILE, _DUPLICATE_OF = COLUMNS.index("file"), COLUMNS.index("duplicate_of")
_GUARDED_STARTS = {*FORMULA_STARTS, "'"}
_COLUMN_COUNT = len(COLUMNS)


@contextmanager
def open_table(
    file: IO[str], dialect: CsvDialect = CsvDialect.STANDARD
) -> Iterator[Callable[[ReportRow], object]]:
    """Begin the table with its header; the context gives what adds a line to it."""
    file.write(BOM)
    writer, row = _make_writer(file, dialect)
    writer.writerow(COLUMNS)
    yield lambda line: writer.writerow(row(line))


def _make_writer(
    file: IO[str], dialect: CsvDialect
) -> tuple[Any, Callable[[ReportRow], Sequence[Cell]]]:
    """A writer, and what makes a line fit for it."""
    if dialect is CsvDialect.STANDARD:
        return csv.writer(file, lineterminator="\r\n"), _format_row
    return csv.writer(file, delimiter=";", lineterminator="\r\n"), _format_row_with_commas


def _format_row_with_commas(row: ReportRow) -> Sequence[Cell]:
    """Numbers with a decimal comma."""
    return [
        str(cell).replace(".", ",") if isinstance(cell, float) else cell
        for cell in _format_row(row)
    ]


def format_rows(rows: Iterable[ReportRow], dialect: CsvDialect = CsvDialect.STANDARD) -> str:
    """The same lines without a header, to be added at the end of such a table."""
    text = io.StringIO(newline="")
    writer, row = _make_writer(text, dialect)
    writer.writerows(map(row, rows))
    return text.getvalue()


def _format_row(row: ReportRow) -> Sequence[Cell]:
    name, original = str(row[_FILE]), row[_DUPLICATE_OF]
    if original is None and name[:1] not in _GUARDED_STARTS:
        return row[:_COLUMN_COUNT]
    cells = list(row[:_COLUMN_COUNT])
    cells[_FILE] = guard_cell(name)
    cells[_DUPLICATE_OF] = guard_cell(str(original)) if original else None
    return cells


def guard_cell(cell: str) -> str:
    """Put ``'`` before what a spreadsheet would take for a formula; :func:`unguard_cell` undoes it.

    A cell that has such a ``'`` by itself gets one more, so that nothing is ambiguous.
    """
    return "'" + cell if cell.lstrip("'").startswith(FORMULA_STARTS) else cell


def unguard_cell(cell: str) -> str:
    """Take off what :func:`guard_cell` put on."""
    guarded = cell.startswith("'") and cell.lstrip("'").startswith(FORMULA_STARTS)
    return cell[1:] if guarded else cell
