"""What reads a workbook in a process of its own: XLSX, XLSB, XLS and ODS may claim any size.

``python -m batchdigits.system.workbook_process FILE PARENT`` writes lines of JSON: for every sheet
``null``, and a list of texts for each of its rows; or, last of all, a text that says what is wrong.
Empty cells at the end of a row are left out. It dies with the process numbered ``PARENT``.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from batchdigits.system.child_process import die_with_parent, limit_memory
from batchdigits.system.safe_files.safe_open import open_file

#: Bytes that this process may allocate: the library makes all cells up to the farthest, and with
#: what the parent takes in the whole has to stay below a gigabyte.
_MEMORY_LIMIT = 640 << 20
#: Most cells of a sheet, which take time as well; empty ones in between count.
_MAX_CELLS = 25_000_000
#: Most bytes that are written, and what a line costs whoever reads it besides its own.
_MAX_OUTPUT, _LINE_COST = 128 << 20, 64
#: Most cells of a row that are written, and characters of what the library says is wrong.
_MAX_COLUMNS, _MAX_MESSAGE = 2000, 200


def _iter_lines(path: Path) -> Iterator[str]:
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    try:
        # By content: names are given by people.
        with open_file(path) as file, CalamineWorkbook.from_filelike(file) as workbook:
            for name in workbook.sheet_names:
                yield "null"
                sheet = workbook.get_sheet_by_name(name)
                if sheet.total_height * sheet.total_width > _MAX_CELLS:
                    yield json.dumps("it has cells as far out as no table of results")
                    return
                # With the empty rows above the first cell, so that numbers of rows are right.
                for row in sheet.iter_rows():
                    yield json.dumps(_texts_from_row(row))
    except PasswordError:
        yield json.dumps("it is protected by a password")
    except (CalamineError, OSError, ValueError) as error:
        yield json.dumps(" ".join(str(error)[:_MAX_MESSAGE].split()) or "it is damaged")


def _texts_from_row(row: Sequence[object]) -> list[str]:
    texts = list(map(_text_from_cell, row[:_MAX_COLUMNS]))
    while texts and not texts[-1]:
        texts.pop()
    return texts


def _text_from_cell(cell: object) -> str:
    """Convert a cell to text: spreadsheets make floating-point numbers of digits."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell)


def _limit_output(lines: Iterator[str]) -> Iterator[str]:
    size = 0
    for line in lines:
        size += len(line) + _LINE_COST
        if size > _MAX_OUTPUT:
            yield json.dumps("it holds more text than any table of results")
            return
        yield line


if __name__ == "__main__":
    die_with_parent(int(sys.argv[2]))
    limit_memory(_MEMORY_LIMIT)
    sys.stdout.writelines(f"{line}\n" for line in _limit_output(_iter_lines(Path(sys.argv[1]))))
