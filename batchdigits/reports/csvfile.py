"""``results.csv``: RFC 4180 with a UTF-8 BOM, safe to open in any spreadsheet."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

from batchdigits.config import CsvDialect
from batchdigits.reports.rows import COLUMNS, Cell, Line

BOM = "\ufeff"
#: A cell that begins so is run as a formula by spreadsheets (OWASP, *CSV Injection*).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
#: Only these begin with what people or scanners chose.
_FILE, _ORIGINAL = COLUMNS.index("file"), COLUMNS.index("duplicate_of")
_GUARDED = {*FORMULA_STARTS, "'"}
_WIDTH = len(COLUMNS)


@contextmanager
def table(
    file: IO[str], dialect: CsvDialect = CsvDialect.STANDARD
) -> Iterator[Callable[[Line], object]]:
    """Begin the table with its header; the context gives what adds a line to it."""
    file.write(BOM)
    writer, row = _writer(file, dialect)
    writer.writerow(COLUMNS)
    yield lambda line: writer.writerow(row(line))


def _writer(file: IO[str], dialect: CsvDialect) -> tuple[Any, Callable[[Line], Sequence[Cell]]]:
    """A writer, and what makes a line fit for it."""
    if dialect is CsvDialect.STANDARD:
        return csv.writer(file, lineterminator="\r\n"), _row
    return csv.writer(file, delimiter=";", lineterminator="\r\n"), _with_commas


def _with_commas(line: Line) -> Sequence[Cell]:
    """Numbers with a decimal comma."""
    return [str(cell).replace(".", ",") if isinstance(cell, float) else cell for cell in _row(line)]


def lines_text(lines: Iterable[Line], dialect: CsvDialect = CsvDialect.STANDARD) -> str:
    """The same lines without a header, to be added at the end of such a table."""
    text = io.StringIO(newline="")
    writer, row = _writer(text, dialect)
    writer.writerows(map(row, lines))
    return text.getvalue()


def _row(line: Line) -> Sequence[Cell]:
    name, original = str(line[_FILE]), line[_ORIGINAL]
    if original is None and name[:1] not in _GUARDED:
        return line[:_WIDTH]
    cells = list(line[:_WIDTH])
    cells[_FILE] = guard(name)
    cells[_ORIGINAL] = guard(str(original)) if original else None
    return cells


def guard(cell: str) -> str:
    """Put ``'`` before what a spreadsheet would take for a formula; :func:`unguard` undoes it.

    A cell that has such a ``'`` by itself gets one more, so that nothing is ambiguous.
    """
    return "'" + cell if cell.lstrip("'").startswith(FORMULA_STARTS) else cell


def unguard(cell: str) -> str:
    """Take off what :func:`guard` put on."""
    guarded = cell.startswith("'") and cell.lstrip("'").startswith(FORMULA_STARTS)
    return cell[1:] if guarded else cell
