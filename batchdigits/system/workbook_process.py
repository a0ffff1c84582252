"""What reads a workbook in a process of its own: XLSX, XLS and ODS may claim any size.

``python -m batchdigits.system.workbook_process FILE PARENT`` writes lines of JSON: for every sheet
``null``, and a list of texts for each of its rows; or, last of all, a text that says what is wrong.
It dies with the process numbered ``PARENT``.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from batchdigits.system.child_process import die_with_parent, limit_memory

#: Bytes that this process may allocate: the library makes all cells up to the farthest.
_MEMORY_LIMIT = 4 << 30
#: Most cells of a sheet, which take time as well; empty ones in between count.
_MAX_CELLS = 50_000_000


def _iter_lines(path: Path) -> Iterator[str]:
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    try:
        # By content: names are given by people.
        with path.open("rb") as file, CalamineWorkbook.from_filelike(file) as workbook:
            for name in workbook.sheet_names:
                yield "null"
                sheet = workbook.get_sheet_by_name(name)
                if sheet.total_height * sheet.total_width > _MAX_CELLS:
                    yield json.dumps("it has cells as far out as no table of results")
                    return
                # With the empty rows above the first cell, so that numbers of rows are right.
                for row in sheet.iter_rows():
                    yield json.dumps(list(map(_text_from_cell, row)))
    except PasswordError:
        yield json.dumps("it is protected by a password")
    except (CalamineError, OSError, ValueError) as error:
        yield json.dumps(" ".join(str(error).split()) or "it is damaged")


def _text_from_cell(cell: object) -> str:
    """Convert a cell to text: spreadsheets make floating-point numbers of digits."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell)


if __name__ == "__main__":
    die_with_parent(int(sys.argv[2]))
    limit_memory(_MEMORY_LIMIT)
    sys.stdout.writelines(f"{line}\n" for line in _iter_lines(Path(sys.argv[1])))
