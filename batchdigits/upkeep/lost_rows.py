"""Rows that a journal has lost, put on record as the tables of the outbox show them.

What no table shows is lost: the image that was read, its contrast, how many marks there were.
"""

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

from batchdigits.journal.checks import MAX_NUMBER
from batchdigits.journal.columns import TABLE_HEADER
from batchdigits.journal.files import FileState
from batchdigits.journal.paths import is_inside
from batchdigits.reports.tables.csvfile import from_spreadsheet_time, unguard_cell
from batchdigits.session.quarantine_notes import read_note
from batchdigits.system.filenames import make_order_key, to_raw_name
from batchdigits.upkeep.lost_corrections import iter_csv_rows, iter_json_rows

_Row = Mapping[str, object]
_CSV_COLUMNS = {name: (name,) for name in TABLE_HEADER}
_NO_ID = -1
#: As floating-point numbers 0.0006 times 10,000 is less than 6.
_BELOW_LAST_PLACE = 1e-7
_HAS_PAGE = "EXISTS (SELECT 1 FROM pages WHERE file = files.id AND status IN"


#: What comes of a row that nobody wrote for the program: a value is missing, none, or too long.
_ROW_ERRORS = (
    *(KeyError, ValueError, TypeError, OverflowError, RecursionError),
    *(sqlite3.IntegrityError, sqlite3.DataError),
)


class RowRebuilder:
    """Puts rows of tables on record that a new journal lacks.

    Attributes:
        shown_files: numbers of the files that the tables show, so that all their pages are there.
        row_count: how many rows the longest table has, but for those that are none.
    """

    def __init__(self, sql: sqlite3.Connection, outbox: Path) -> None:
        """Begin.

        Args:
            sql: the new journal, in a transaction.
            outbox: whose tables are read; its quarantine tells which files lie there.
        """
        self._sql = sql
        self._root = os.path.realpath(outbox)
        self._changed: set[int] = set()
        self._added_count = 0
        self._next_file_id = 1
        self.shown_files: set[int] = set()
        self.row_count = 0

    def rebuild(self) -> int:
        """Put what the tables show on record, the most complete one first.

        Returns:
            How many rows were.
        """
        # There may be pages still of files that are lost.
        (last,) = self._sql.execute(
            "SELECT ifnull(max(file), 0) FROM (SELECT file FROM pages UNION SELECT id FROM files) "
            f"WHERE file BETWEEN 0 AND {MAX_NUMBER // 2}"
        ).fetchone()
        self._next_file_id = int(last) + 1
        root = Path(self._root)
        self._add_rows(iter_json_rows(root / "results.json"))
        self._add_rows(_iter_plain_csv_rows(root / "results.csv"))
        self._sql.executemany(
            f"UPDATE files SET readable = {_HAS_PAGE} ('ok', 'review')), "
            f"bad = {_HAS_PAGE} ('quarantined')) WHERE id = ?",
            ((file_id,) for file_id in self._changed),
        )
        return self._added_count

    def _add_rows(self, rows: Iterator[_Row]) -> None:
        count = 0
        for row in rows:
            try:
                self._add_row(row)
            except _ROW_ERRORS:
                continue
            count += 1
        self.row_count = max(self.row_count, count)

    def _add_row(self, row: _Row) -> None:
        name, sha256 = str(row["file"]), str(row["sha256"] or "")
        page = _to_page(row)
        file_id = self._find_file(name, sha256)
        if file_id == _NO_ID:
            file_id = self._add_file(name, sha256, row)
        self.shown_files.add(file_id)
        columns = {"file": file_id, **page}
        added = self._sql.execute(
            f"INSERT OR IGNORE INTO pages ({', '.join(columns)}) "
            f"VALUES ({', '.join('?' * len(columns))})",
            list(columns.values()),
        )
        if added.rowcount > 0:
            self._changed.add(file_id)
            self._added_count += 1

    def _find_file(self, name: str, sha256: str) -> int:
        row = self._sql.execute(
            "SELECT id FROM files WHERE name = ? AND sha256 = ?", (name, sha256)
        ).fetchone()
        return int(row[0]) if row else _NO_ID

    def _add_file(self, name: str, sha256: str, row: _Row) -> int:
        state = FileState(str(row["source_state"]))
        aside = self._find_aside(name, sha256)
        if state is FileState.QUARANTINED and not aside:
            state = FileState.GONE
        columns = {
            "id": self._next_file_id,
            "name": name,
            "order_key": make_order_key(name),
            "size": _to_integer(row["bytes"]) or 0,
            **dict.fromkeys(("mtime_ns", "inode", "born_ns", "ctime_ns"), 0),
            "sha256": sha256,
            "state": state,
            "maker": self._find_maker(str(row["model"] or "unknown")),
            "pictured": "each" if row["thumbnail"] else "off",
            **dict.fromkeys(("readable", "bad"), 0),
            "aside": aside,
        }
        self._sql.execute(
            f"INSERT INTO files ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",
            list(columns.values()),
        )
        self._next_file_id += 1
        return self._next_file_id - 1

    def _find_aside(self, name: str, sha256: str) -> str | None:
        """Find where a file lies in quarantine, as its note says."""
        if not is_inside(name):
            return None
        path = Path(self._root, "quarantine", to_raw_name(name))
        note = read_note(path, self._root)
        is_it = note and (note.name, note.sha256) == (name, sha256) and os.path.lexists(path)
        return f"quarantine/{name}" if is_it else None

    def _find_maker(self, model: str) -> int:
        values = model, "", f"rebuilt {model}"
        self._sql.execute("INSERT OR IGNORE INTO makers VALUES (NULL, ?, ?, ?)", values)
        row = self._sql.execute(
            "SELECT id FROM makers WHERE model_sha256 = ? AND settings = ?", values[1:]
        ).fetchone()
        return int(row[0])


def _to_page(row: _Row) -> dict[str, object]:
    """Return the columns of ``pages`` that a row of a table shows."""
    return {
        "page": _to_integer(row["page"]),
        **{name: str(row[name]) for name in ("status", "read_at")},
        **{name: _to_text(row.get(name)) for name in ("reason", "detail", "thumbnail")},
        **{name: _to_integer(row[name]) for name in ("digit", "second_digit", "width", "height")},
        **{name: _to_probability(row[name]) for name in ("confidence", "second_confidence")},
        "scores": _to_array(row.get("scores")),
        "box": _to_array(row.get("ink_box")),
    }


def _iter_plain_csv_rows(path: Path) -> Iterator[_Row]:
    for row in iter_csv_rows(path, _CSV_COLUMNS):
        read_at = from_spreadsheet_time(str(row["read_at"]))
        yield {**row, "file": unguard_cell(str(row["file"])), "read_at": read_at}


def _to_text(value: object) -> str | None:
    return str(value) if value else None


def _to_integer(value: object) -> int | None:
    if value is None or value == "":
        return None
    number = int(str(value))
    if abs(number) >= MAX_NUMBER:
        raise ValueError(number)
    return number


def _to_probability(value: object) -> float | None:
    """Return a number that is cut to the same four places; it may have a decimal comma."""
    if value is None or value == "":
        return None
    return min(float(str(value).replace(",", ".")) + _BELOW_LAST_PLACE, 1)


def _to_array(value: object) -> str | None:
    """Return a list of numbers as JSON; anything else is none of the program's."""
    if not isinstance(value, list) or not value:
        return None
    if not all(type(number) in (int, float) for number in value):
        raise TypeError(value)
    return json.dumps(value, allow_nan=False)
