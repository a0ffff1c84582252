"""Whether anything of a person's work would be lost with an edited table."""

import re
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from batchdigits.datasets.typed_digits import (
    CLEAR_WORDS,
    is_empty_cell,
    normalise_cell,
    parse_digit,
    parse_number,
)
from batchdigits.errors import DataError
from batchdigits.journal.columns import (
    TABLE_COLUMNS,
    TABLE_HEADER,
    Column,
    derive_unchecked_answer,
)
from batchdigits.system.tables import iter_cells

#: Larger tables are kept unseen: whoever draws reports waits meanwhile.
_MAX_BYTES = 1 << 26
#: What a person fills in, and what follows from it.
_CORRECTION_COLUMNS = frozenset({"corrected_digit", "final_digit", "checked"})
_OTHER_COLUMNS = [column for column in TABLE_COLUMNS if column.name not in _CORRECTION_COLUMNS]
#: A date with a time of day, whatever a country writes between its numbers.
_TIME = re.compile("[-0-9./: TZ]{8,30}")

_Row = list[str]


def is_taken_in(edited: Path, new: Path) -> bool:
    """Check whether a CSV that a person edited says nothing that a new one does not say.

    Programs write quotes, numbers, times and empty cells in their own way, so cells are compared
    by their values. A correction must be in the new table; the answer of its row may be the one
    from before it. Any other difference, in the order of rows for one, may be a person's work.
    Workbooks have colours and comments besides, which are not looked at.

    Args:
        edited: the table, of any name.
        new: the CSV that is to take its place.

    Returns:
        ``False`` as well for what is no CSV, cannot be read, or is too large to be looked through.
    """
    try:
        if (
            edited.suffix.lower() != ".csv"
            or edited.is_symlink()
            or edited.stat().st_size > _MAX_BYTES
        ):
            return False
        return _compare(edited, new)
    except (OSError, DataError):
        return False


def _compare(edited: Path, new: Path) -> bool:
    pairs = zip_longest(_iter_rows(edited), _iter_rows(new))
    header, _ = next(pairs, (None, None))
    if header != list(TABLE_HEADER):
        return False
    corrected: set[tuple[str, str]] = set()
    left_empty: set[tuple[str, str]] = set()
    for row, new_row in pairs:
        if row is None or new_row is None or len(row) > len(TABLE_HEADER):
            return False
        cells = dict(zip_longest(TABLE_HEADER, row, fillvalue=""))
        new_cells = dict(zip_longest(TABLE_HEADER, new_row, fillvalue=""))
        if row != new_row and not _is_row_taken_in(cells, new_cells):
            return False
        if new_cells["corrected_digit"]:
            is_empty = is_empty_cell(cells["corrected_digit"])
            page = new_cells["sha256"], new_cells["page"]
            (left_empty if is_empty else corrected).add(page)
    # A copy's row stays empty; any other was perhaps emptied, to take the correction back.
    return left_empty <= corrected


def _iter_rows(path: Path) -> Iterator[_Row]:
    """Read the rows with any text, each up to its last cell that has some."""
    for cells in iter_cells(path, TABLE_HEADER):
        row = [cell.strip() for cell in cells]
        while row and not row[-1]:
            row.pop()
        if row:
            yield row


def _is_row_taken_in(cells: dict[str, str], new_cells: dict[str, str]) -> bool:
    return _is_correction_taken_in(cells, new_cells) and all(
        _is_same(column, cells[column.name], new_cells[column.name]) for column in _OTHER_COLUMNS
    )


def _is_correction_taken_in(cells: dict[str, str], new_cells: dict[str, str]) -> bool:
    correction, on_record = cells["corrected_digit"], new_cells["corrected_digit"]
    if normalise_cell(correction) in CLEAR_WORDS:
        is_on_record = not on_record
    else:
        is_on_record = is_empty_cell(correction) or _is_same_digit(correction, on_record)
    answer_before = derive_unchecked_answer(new_cells["status"], new_cells["digit"])
    return (
        is_on_record
        and any(
            _is_same_digit(cells["final_digit"], answer)
            for answer in (new_cells["final_digit"], answer_before)
        )
        and (is_empty_cell(cells["checked"]) or cells["checked"] == new_cells["checked"])
    )


def _is_same_digit(cell: str, new_cell: str) -> bool:
    if is_empty_cell(cell):
        return not new_cell
    digit = parse_digit(cell)
    return digit is not None and digit == parse_digit(new_cell)


def _is_same(column: Column, cell: str, new_cell: str) -> bool:
    if cell == new_cell or (not new_cell and is_empty_cell(cell)):
        return True
    if column.name == "read_at":
        return _is_same_time(cell, new_cell)
    number = parse_number(cell) if column.type is not str else None
    return number is not None and number == parse_number(new_cell)


def _is_same_time(cell: str, new_cell: str) -> bool:
    """Compare times written in any order of year, month and day, perhaps without their seconds."""
    if not _TIME.fullmatch(cell):
        return False
    date, time = _split_time(cell)
    new_date, new_time = _split_time(new_cell)
    return date == new_date and time in (new_time, new_time[:2])


def _split_time(text: str) -> tuple[list[int], list[int]]:
    """Return the numbers of the date, by size, and those of the time of day as they come."""
    numbers = [int(number) for number in re.findall("[0-9]+", text)]
    return sorted(numbers[:3]), numbers[3:]
