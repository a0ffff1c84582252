"""Tables that a person edited, and that were kept under another name when new ones were written."""

from collections.abc import Mapping
from itertools import islice
from pathlib import Path

from batchdigits.datasets.typed_digits import (
    CLEAR_WORDS,
    is_empty_cell,
    normalise_cell,
    parse_digit,
    parse_integer,
)
from batchdigits.errors import DataError
from batchdigits.journal.corrections import RecordedPage, load_pages
from batchdigits.journal.journal import Journal
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.invocation import format_command
from batchdigits.system.tables import TABLE_SUFFIXES, read_table

_COLUMNS = {name: (name,) for name in ("corrected_digit", "sha256", "page")}
#: Rows that are looked up at a time.
_CHUNK_SIZE = 500
#: Most bytes of a kept table that is looked into, and most of its rows: it is for a hint only.
_MAX_BYTES = 1 << 26
_MAX_ROWS = 1_000_000
#: Seconds that a kept workbook may take.
_TIMEOUT = 10
#: Most kept tables that are looked into, the latest first.
_MAX_TABLES = 5


def list_kept_tables(outbox: Path) -> list[Path]:
    """List the kept tables of an outbox, the latest first, no more than a handful."""
    paths = [path for path in outbox.glob("*.edited-*") if path.suffix.lower() in TABLE_SUFFIXES]
    return sorted(paths, reverse=True)[:_MAX_TABLES]


def has_new_corrections(journal: Journal, path: Path) -> bool:
    """Check whether the column ``corrected_digit`` of a file says what is not on record.

    Args:
        journal: what is on record.
        path: any file.

    Returns:
        ``False`` as well for what is no table, cannot be read or is too long to be looked through.
    """
    try:
        if path.suffix.lower() not in TABLE_SUFFIXES or path.stat().st_size > _MAX_BYTES:
            return False
        rows = (cells for _, cells in islice(read_table(path, _COLUMNS, _TIMEOUT).rows, _MAX_ROWS))
        filled = (cells for cells in rows if not is_empty_cell(cells["corrected_digit"]))
        while chunk := list(islice(filled, _CHUNK_SIZE)):
            pages = load_pages(journal, {normalise_cell(cells["sha256"]) for cells in chunk})
            if not all(_is_on_record(cells, pages) for cells in chunk):
                return True
    except (OSError, DataError):
        pass
    return False


def _is_on_record(cells: Mapping[str, str], pages: Mapping[str, list[RecordedPage]]) -> bool:
    text, number = cells["corrected_digit"], parse_integer(cells["page"])
    digit = parse_digit(text)
    return any(
        page.corrected_digit == digit
        for page in pages.get(normalise_cell(cells["sha256"]), ())
        if (digit is not None or normalise_cell(text) in CLEAR_WORDS)
        and number in (page.page, None)
    )


def format_correct_command(path: Path) -> str:
    """Write the command that takes the corrections in a table of an outbox."""
    return escape_for_terminal(format_command("correct", str(path.parent), str(path)))
