"""``results.csv``: RFC 4180 with a UTF-8 BOM, safe to open in any spreadsheet."""

import csv
from collections.abc import Iterable, Sequence
from typing import IO

from batchdigits.reports.lines import COLUMNS, Cell, Line

BOM = "\ufeff"
#: A cell that begins so is run as a formula by spreadsheets (OWASP, *CSV Injection*).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
#: Only these begin with what people or scanners chose.
_FILE, _ORIGINAL = COLUMNS.index("file"), COLUMNS.index("duplicate_of")
_GUARDED = {*FORMULA_STARTS, "'"}
_WIDTH = len(COLUMNS)


def write(file: IO[str], lines: Iterable[Line]) -> None:
    """Write the table: a header, then a row a line."""
    file.write(BOM)
    table = csv.writer(file, lineterminator="\r\n")
    table.writerow(COLUMNS)
    table.writerows(map(_row, lines))


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
