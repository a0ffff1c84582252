"""Corrections that a journal has lost, found wherever else they are.

What people typed cannot be read from any scan: so it is looked for in the tables of the outbox, and
in the bytes of the journal itself.
"""

import io
import json
import mmap
import re
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from batchdigits.errors import DataError
from batchdigits.system.clock import utc_now
from batchdigits.system.safe_files.safe_open import open_file
from batchdigits.system.tables import MAX_LINE, MAX_TABLE_BYTES, ColumnNames, read_table

_COLUMNS = {name: (name,) for name in ("corrected_digit", "sha256", "page")}
#: In the names of reports that are kept as they were before a repair that lost rows.
KEPT_MARK = ".before-repair-"
_SHA256 = re.compile("[0-9a-f]{64}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
#: A row of the table as SQLite writes it: the types of its four values, then the values (see
#: https://www.sqlite.org/fileformat.html#record_format). Types 8 and 9 are 0 and 1 without bytes,
#: 1 and 2 are numbers of so many bytes.
_RECORD = re.compile(rb"\x06\x81\x0d([\x01\x02\x09])([\x01\x08\x09])\x35([0-9a-f]{64})", re.DOTALL)
_TIME_LENGTH = 20
#: Bytes at the beginning of a report in which its provenance ends.
_MAX_HEAD = 1 << 20


class FoundCorrection(NamedTuple):
    """A correction that was found outside of the table of corrections.

    Attributes:
        sha256: hash of the scan.
        page: from 1.
        digit: 0-9, or -1 for no digit.
        said_at: when somebody said so; empty where that is not known.
    """

    sha256: str
    page: int
    digit: int
    said_at: str = ""


def carve_corrections(path: Path) -> Iterator[FoundCorrection]:
    """Find corrections in the bytes of a journal, or of its log, in whatever state they are.

    Those that were changed or taken back since are found, too.
    """
    if not path.is_file() or not path.stat().st_size:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for match in _RECORD.finditer(data):
            end = match.end()
            page, end = _read_number(data, end, match[1][0])
            digit, end = _read_number(data, end, match[2][0])
            said_at = data[end : end + _TIME_LENGTH].decode("ascii", "replace")
            found = FoundCorrection(match[3].decode(), page, digit, said_at)
            if _TIME.fullmatch(said_at) and _is_possible(found):
                yield found


def _read_number(data: mmap.mmap, start: int, kind: int) -> tuple[int, int]:
    """Read a number of a record; returns it and where the next value begins."""
    if kind in (8, 9):
        return kind - 8, start
    return int.from_bytes(data[start : start + kind], signed=True), start + kind


def read_table_corrections(path: Path) -> Iterator[FoundCorrection]:
    """Find corrections in a table of results, ``.csv`` or ``.json``, as far as it can be read."""
    rows = iter_json_rows(path) if path.suffix == ".json" else iter_csv_rows(path, _COLUMNS)
    for cells in rows:
        try:
            found = FoundCorrection(
                str(cells["sha256"]), int(str(cells["page"])), int(str(cells["corrected_digit"]))
            )
        except (KeyError, ValueError):
            continue
        if _is_possible(found):
            yield found


def _is_possible(found: FoundCorrection) -> bool:
    return bool(_SHA256.fullmatch(found.sha256)) and found.page >= 1 and -1 <= found.digit <= 9


def iter_csv_rows(path: Path, columns: ColumnNames) -> Iterator[Mapping[str, object]]:
    """Read one row of a CSV after the other, as far as it can be read."""
    try:
        for _, cells in read_table(path, columns).rows:
            yield cells
    except DataError:
        return


def iter_json_rows(path: Path) -> Iterator[Mapping[str, object]]:
    """Read one row of a ``results.json`` after the other; a damaged line costs its row alone.

    It may have been made to fill the memory, or to have no end: lines are read up to the length,
    and the file up to the size, that tables may have.
    """
    try:
        with open_file(path) as file:
            bytes_left = MAX_TABLE_BYTES
            while bytes_left > 0 and (line := file.readline(MAX_LINE)):
                bytes_left -= len(line)
                text = line.decode("utf-8", "replace").strip().rstrip(",")
                if not text.startswith('{"file"'):
                    continue
                try:
                    row = json.loads(text)
                except (ValueError, RecursionError):
                    continue
                if isinstance(row, dict):
                    yield row
    except OSError:
        return


def find_inbox(outbox: Path) -> str:
    """Find the inbox that an outbox's reports name; empty where they name none."""
    for name, end in (("results.json", ',\n "rows": ['), ("summary.json", "\n}")):
        try:
            with io.TextIOWrapper(open_file(outbox / name), "utf-8", "replace") as file:
                head = file.read(_MAX_HEAD)
            inbox = json.loads(head[: head.index(end)] + "}")["settings"]["inbox"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue
        if isinstance(inbox, str) and inbox.startswith("/"):
            return inbox
    return ""


def list_tables(outbox: Path) -> list[Path]:
    """List the tables of an outbox that hold corrections, whoever wrote them last."""
    return [
        path
        for path in (
            *(outbox / "results.csv", outbox / "results.json"),
            *sorted(outbox.glob("results-*.csv")),
            *sorted(outbox.glob("results-*.json")),
        )
        if path.is_file() and not path.is_symlink() and KEPT_MARK not in path.name
    ]


def add_missing(sql: sqlite3.Connection, corrections: list[FoundCorrection]) -> None:
    """Put corrections on record of pages of which nothing is on record."""
    now = utc_now()
    sql.executemany(
        "INSERT OR IGNORE INTO corrections VALUES (?, ?, ?, ?)",
        [(found.sha256, found.page, found.digit, found.said_at or now) for found in corrections],
    )
