"""``results.csv``: RFC 4180 with a UTF-8 BOM, safe to open in any spreadsheet."""

import csv
from collections.abc import Iterable
from typing import IO

from batchdigits.reports.lines import COLUMNS, Line

BOM = "\ufeff"
#: A cell that begins so is run as a formula by spreadsheets (OWASP, *CSV Injection*).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
#: Only these begin with what people or scanners chose.
_FILE, _ORIGINAL = COLUMNS.index("file"), COLUMNS.index("duplicate_of")


def write(file: IO[str], lines: Iterable[Line]) -> None:
    """Write the table: a header, then a row a line."""
    file.write(BOM)
    table = csv.writer(file, lineterminator="\r\n")
    table.writerow(COLUMNS)
    table.writerows(map(_row, lines))


def _row(line: Line) -> list[object]:
    row: list[object] = [*line[: len(COLUMNS)]]
    row[_FILE] = guard(str(row[_FILE]))
    if row[_ORIGINAL]:
        row[_ORIGINAL] = guard(str(row[_ORIGINAL]))
    return row


def guard(cell: str) -> str:
    """Put ``'`` before what a spreadsheet would take for a formula; :func:`unguard` undoes it.

    A cell that has such a ``'`` by itself gets one more, so that nothing is ambiguous.
    """
    return "'" + cell if cell.lstrip("'").startswith(FORMULA_STARTS) else cell


def unguard(cell: str) -> str:
    """Take off what :func:`guard` put on."""
    guarded = cell.startswith("'") and cell.lstrip("'").startswith(FORMULA_STARTS)
    return cell[1:] if guarded else cell
