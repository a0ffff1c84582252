"""``results.csv``: RFC 4180 with a UTF-8 BOM, safe to open in any spreadsheet."""

import csv
from collections.abc import Iterable
from pathlib import Path

from batchdigits.files import whole_file
from batchdigits.records import Row
from batchdigits.reports.columns import COLUMNS, Cell, cells

BOM = "\ufeff"
#: A cell that begins so is run as a formula by spreadsheets (OWASP, *CSV Injection*).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def write(path: Path, rows: Iterable[Row], model: str) -> None:
    """Write the table whole, or leave the old one as it is."""
    with whole_file(path) as file:
        file.write(BOM)
        table = csv.writer(file, lineterminator="\r\n")
        table.writerow(COLUMNS)
        table.writerows([text(cell) for cell in cells(row, model).values()] for row in rows)


def text(cell: Cell) -> str:
    """One cell as CSV text: empty for nothing, text guarded, a number as it is."""
    if cell is None:
        return ""
    return guard(cell) if isinstance(cell, str) else str(cell)


def guard(cell: str) -> str:
    """Put ``'`` before what a spreadsheet would take for a formula; :func:`unguard` undoes it.

    A cell that has such a ``'`` by itself gets one more, so that nothing is ambiguous.
    """
    return "'" + cell if cell.lstrip("'").startswith(FORMULA_STARTS) else cell


def unguard(cell: str) -> str:
    """Take off what :func:`guard` put on."""
    guarded = cell.startswith("'") and cell.lstrip("'").startswith(FORMULA_STARTS)
    return cell[1:] if guarded else cell
