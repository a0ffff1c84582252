"""Tables that people made or saved: CSV in any dialect, Markdown, XLSX, XLS or ODS.

They come from outside: nothing in them is run, and what they cost is bounded. Text is read line by
line; workbooks are read by a process of its own, see :mod:`batchdigits.system.workbook_process`.
"""

import csv
import json
import os
import re
import subprocess
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain, islice, takewhile
from pathlib import Path
from typing import NamedTuple

from batchdigits.errors import DataError
from batchdigits.system.child_process import run_module
from batchdigits.system.file_content import (
    SIGNATURE_BYTES,
    describe_content,
    detect_encoding,
    open_text,
)
from batchdigits.system.filenames import to_display_name
from batchdigits.system.safe_files.safe_open import open_file

#: Endings of names of tables, lower case.
TABLE_SUFFIXES = frozenset({".csv", ".tsv", ".txt", ".md", ".xlsx", ".xlsm", ".xls", ".ods"})
#: First bytes of XLSX and ODS, which are ZIP archives, and of XLS.
_WORKBOOK_SIGNATURES = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
#: Most bytes of a file that is a table.
MAX_TABLE_BYTES = 1 << 30
#: Most characters of a line of text, and of a row, whose cells may have many lines.
MAX_LINE = 1 << 20
#: Most rows, and cells of a row that are looked at: beyond them is no column of a table of results.
_MAX_ROWS, _MAX_COLUMNS = 10_000_000, 2000
#: Most characters of a cell that may be the name of a column.
_MAX_NAME = 100
#: Names of columns are looked for in so many rows: titles and empty lines may come before them.
_MAX_HEADER_ROWS = 30
#: Most cells of a line, and characters of a cell, that a message quotes.
_MAX_QUOTED_CELLS, _MAX_QUOTED_CHARACTERS = 20, 40
#: What a file without any text may hold: spaces, and marks of byte order.
_EMPTY_BYTES = b" \t\r\n\0\xef\xbb\xbf\xff\xfe"
#: Seconds that a workbook may take.
_WORKBOOK_TIMEOUT = 60
_DELIMITERS = ",;\t|"
#: Excel's own first line, which names the delimiter.
_DELIMITER_LINE = re.compile('"?sep=([^"\\r\\n])', re.IGNORECASE)
#: The line below the names of columns in Markdown.
_MARKDOWN_RULE = re.compile(r"\s*(:?-+:?\s*)?")

#: Names that each column may have, lower case, the likeliest first.
ColumnNames = Mapping[str, Sequence[str]]


class Table(NamedTuple):
    """One table.

    Attributes:
        columns: those that it has, by the keys of the names that were looked for.
        rows: number of each row, from 1 as spreadsheets count, with its cells by column; a column
            that the table lacks is always empty. Rows without any text are left out. Iterating
            raises :class:`~batchdigits.errors.DataError` where the text is no CSV.
        first_cells: names of all its columns, or the cells of its first row with any text where
            none is known; as a message may quote them.
    """

    columns: frozenset[str]
    rows: Iterator[tuple[int, dict[str, str]]]
    first_cells: list[str]


class _Header(NamedTuple):
    """Where the names of columns are, and which column is where."""

    row: int
    indices: dict[str, int]


def read_table(path: Path, names: ColumnNames, timeout: float = _WORKBOOK_TIMEOUT) -> Table:
    """Find a table in a file, by the names of its columns.

    The names may be in any order and among others, in upper or lower case, with spaces or quotes
    around them, and below a title or empty lines.

    Args:
        path: the file.
        names: which columns to look for, and what each may be called.
        timeout: seconds that a workbook may take.

    Returns:
        The table; without columns where the file has none of the names.

    Raises:
        DataError: the file cannot be read, is empty, too large, or no table, or has a column
            twice.
    """
    shown = to_display_name(str(path))
    try:
        with open_file(path) as file:
            size = os.fstat(file.fileno()).st_size
            start = file.read(SIGNATURE_BYTES)
        if size > MAX_TABLE_BYTES:
            raise DataError(f"{shown} is larger than any table of results.")
        if size <= len(start) and not start.strip(_EMPTY_BYTES):
            raise DataError(f"{shown} is empty.")
        if start[:4] in _WORKBOOK_SIGNATURES:
            return _read_workbook(path, names, timeout)
        if kind := describe_content(start):
            raise DataError(f"{shown} is no table: it looks like {kind}.")
        return _read_text(path, names)
    except OSError as error:
        raise DataError(f"Cannot read {shown}: {error.strerror}.") from error


def iter_cells(path: Path, names: Sequence[str]) -> Iterator[Sequence[str]]:
    """Read all rows of a file of text with all their cells, also those under none of the names.

    Args:
        path: the file.
        names: of some of its columns, by which is found out what divides its cells.

    Raises:
        DataError: the text is no CSV.
        OSError: it cannot be read.
    """
    encoding, delimiter, header, _ = _find_text_header(path, {name: (name,) for name in names})
    if header:
        yield from _iter_text_rows(path, encoding, delimiter, header.row)


def _read_text(path: Path, names: ColumnNames) -> Table:
    encoding, delimiter, header, first_cells = _find_text_header(path, names)
    if not header:
        return Table(frozenset(), iter(()), first_cells)
    return _make_table(path, names, header, _iter_text_rows(path, encoding, delimiter, header.row))


def _find_text_header(path: Path, names: ColumnNames) -> tuple[str, str, _Header | None, list[str]]:
    """Find the encoding, what divides cells, the names of columns, and the first row's cells."""
    encoding = detect_encoding(path)
    with open_text(path, encoding) as file:
        first_lines = [file.readline(MAX_LINE) for _ in range(_MAX_HEADER_ROWS)]
    special = _DELIMITER_LINE.match(first_lines[0]) if first_lines else None
    found: list[tuple[_Header, str]] = []
    first_cells: list[str] = []
    for delimiter in dict.fromkeys(_DELIMITERS + (special[1] if special else "")):
        rows = list(_ignore_errors(_parse_lines(first_lines, delimiter)))
        first_cells = max(first_cells, _quote_first_cells(rows), key=len)
        if header := _find_header(rows, names):
            found.append((header, delimiter))
    if not found:
        return encoding, "", None, first_cells
    header, delimiter = min(found, key=lambda item: (-len(item[0].indices), item[0].row))
    return encoding, delimiter, header, first_cells


def _iter_text_rows(
    path: Path, encoding: str, delimiter: str, header_row: int
) -> Iterator[Sequence[str]]:
    try:
        with open_text(path, encoding) as file:
            rows = _parse_lines(iter(partial(file.readline, MAX_LINE), ""), delimiter)
            yield from islice(rows, header_row + 1)
            if delimiter == "|" and (row := next(rows, None)) is not None:
                yield [] if all(map(_MARKDOWN_RULE.fullmatch, row)) else row
            yield from rows
    except csv.Error as error:
        shown = to_display_name(str(path))
        raise DataError(f"{shown} cannot be read as a CSV: {error}.") from error


def _parse_lines(lines: Iterable[str], delimiter: str) -> Iterator[Sequence[str]]:
    """Parse lines; raises :class:`csv.Error` where they are no CSV."""
    iterator = iter(lines)
    first_lines = list(islice(iterator, _MAX_HEADER_ROWS))
    has_spaces = delimiter != "|" and any(f'{delimiter} "' in line for line in first_lines)
    csv.field_size_limit(MAX_LINE)
    size = 0

    def iter_bounded_lines() -> Iterator[str]:
        nonlocal size
        for line in chain(first_lines, iterator):
            size += len(line)
            if size >= MAX_LINE:
                raise csv.Error("a row is longer than any of a table")
            yield line

    # Strict: else a quote missing at the end of a cell would swallow all rows below it.
    for row in csv.reader(
        iter_bounded_lines(), delimiter=delimiter, strict=True, skipinitialspace=has_spaces
    ):
        yield row[:_MAX_COLUMNS]
        size = 0


def _ignore_errors(rows: Iterator[Sequence[str]]) -> Iterator[Sequence[str]]:
    """Yield rows up to the first that is wrong: with another delimiter it may not be."""
    with suppress(csv.Error):
        yield from rows


def _read_workbook(path: Path, names: ColumnNames, timeout: float) -> Table:
    """Read the sheet of a workbook that has most of the columns."""
    shown = to_display_name(str(path))
    module = "batchdigits.system.workbook_process"
    try:
        done = run_module(module, [str(path)], timeout)
    except subprocess.TimeoutExpired as error:
        raise DataError(f"{shown} takes longer to read than any table of results.") from error
    if done.returncode < 0 or "MemoryError" in done.stderr:
        raise DataError(f"{shown} takes more memory to read than any table of results.")
    lines = done.stdout.splitlines()
    problem = "it is damaged" if done.returncode else ""
    if lines and lines[-1].startswith('"'):
        problem = json.loads(lines[-1])
    if problem:
        raise DataError(f"{shown} cannot be read as a spreadsheet: {problem.rstrip('.')}.")
    best: tuple[_Header, int] | None = None
    first_cells: list[str] = []
    for start in (number for number, line in enumerate(lines) if line == "null"):
        sheet = islice(lines, start + 1, start + 1 + _MAX_HEADER_ROWS)
        rows = list(_iter_sheet_rows(sheet))
        first_cells = first_cells or _quote_first_cells(rows)
        header = _find_header(rows, names)
        if header and (best is None or len(header.indices) > len(best[0].indices)):
            best = header, start
    if best is None:
        return Table(frozenset(), iter(()), first_cells)
    header, start = best
    return _make_table(path, names, header, _iter_sheet_rows(islice(lines, start + 1, None)))


def _iter_sheet_rows(lines: Iterable[str]) -> Iterator[Sequence[str]]:
    """Parse rows up to the next sheet."""
    return map(json.loads, takewhile(lambda line: line != "null", lines))


def _find_header(rows: Iterable[Sequence[str]], names: ColumnNames) -> _Header | None:
    """Find the first of the rows that have most of the names."""
    best: _Header | None = None
    for number, row in enumerate(rows):
        cells = [_normalise_name(cell) for cell in row]
        indices = {
            column: cells.index(name)
            for column, choices in names.items()
            if (name := next((choice for choice in choices if choice in cells), None))
        }
        if indices and (best is None or len(indices) > len(best.indices)):
            best = _Header(number, indices)
    return best


def _quote_first_cells(rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the cells of the first row that has any, as a message quotes them."""
    cells = next((row for row in rows if any(map(str.strip, row))), [])
    texts = [" ".join(cell.replace("\ufeff", "").split()) for cell in cells[:_MAX_QUOTED_CELLS]]
    return [text[:_MAX_QUOTED_CHARACTERS] for text in texts if text]


def _normalise_name(cell: str) -> str:
    """Return the name of a column without what programs and people put around it."""
    if len(cell) > _MAX_NAME:
        return ""
    text = unicodedata.normalize("NFKC", cell).replace("\ufeff", "").strip(" \t\r\n\"'*`")
    return re.sub(r"[\s-]+", "_", text).lower()


def _make_table(
    path: Path, columns: Iterable[str], header: _Header, rows: Iterator[Sequence[str]]
) -> Table:
    row = next(islice(rows, header.row, None))
    names = [_normalise_name(cell) for cell in row]
    for index in header.indices.values():
        if names.count(names[index]) > 1:
            raise DataError(f"{to_display_name(str(path))} has the column {names[index]} twice.")
    empty = dict.fromkeys(columns, "")
    pairs = list(header.indices.items())

    def iter_rows() -> Iterator[tuple[int, dict[str, str]]]:
        for number, row in enumerate(rows, header.row + 2):
            if number > _MAX_ROWS:
                raise DataError(f"{to_display_name(str(path))} has more rows than any table.")
            if any(map(str.strip, row)):
                cells = {column: row[index] for column, index in pairs if index < len(row)}
                yield number, empty | cells

    return Table(frozenset(header.indices), iter_rows(), _quote_first_cells([row]))
