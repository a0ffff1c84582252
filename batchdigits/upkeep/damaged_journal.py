"""The tables of a damaged journal, read as far as they can be."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from batchdigits.journal.checks import MAX_NUMBER
from batchdigits.upkeep.leaf_pages import iter_stray_rows

#: What reading a damaged table raises.
READ_ERRORS = (sqlite3.Error, UnicodeError, OverflowError)
#: Tables with the integer by which their rows are found.
_NUMBERED_TABLES = {"makers": "id", "files": "id", "pages": "file", "pictures": "rowid"}
#: The rows that are sought on each page by itself: table, whether they have a number, and the
#: counts of their values, of earlier versions as well.
_SHAPES = {
    **{(True, count): "files" for count in (14, 15, 16)},
    **{(False, count): "pages" for count in (18, 19)},
    **{(True, 4): "makers", (True, 3): "pictures"},
}
_NAMED_TABLES = {"corrections": "sha256", "reports": "name", "meta": "key"}
#: The tables of a journal.
ALL_TABLES = (*_NUMBERED_TABLES, *_NAMED_TABLES)


class DamagedJournal:
    """A damaged journal of which whatever can be read is copied.

    Attributes:
        damaged_tables: those that could not be read wholly.
        suspect_files: numbers of files of which some pages may not have been read.
    """

    def __init__(self, source: sqlite3.Connection, sql: sqlite3.Connection) -> None:
        self._source = source
        self._sql = sql
        self.damaged_tables: set[str] = set()
        self.suspect_files: set[int] = set()
        # A fault in the SQL of one table leaves the others as they are; nothing of it is run.
        for setting in (
            *("writable_schema = ON", "trusted_schema = OFF", "cell_size_check = ON"),
            *("mmap_size = 0", "temp_store = FILE"),
        ):
            with suppress(*READ_ERRORS):
                source.execute(f"PRAGMA {setting}")
        source.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 1 << 24)

    def copy_tables(self) -> None:
        """Copy all tables."""
        for table in ALL_TABLES:
            self._copy(table)

    def copy_stray_rows(self, path: Path) -> None:
        """Copy the rows of damaged tables that SQLite does not find.

        Args:
            path: the damaged journal.
        """
        columns = {table: self._list_known_columns(table) for table in _NUMBERED_TABLES}
        for number, values, is_last in iter_stray_rows(path) if self.damaged_tables else ():
            table = _SHAPES.get((number is not None, len(values)), "")
            if table not in self.damaged_tables:
                continue
            if table == "pages" and is_last and type(values[0]) is int:
                self.suspect_files.add(values[0])
            if table in ("files", "makers"):
                values[0] = number
            self._insert(table, columns[table][: len(values)], values)

    def _copy(self, table: str) -> None:
        columns = self._list_columns(table)
        if not columns:
            self.damaged_tables.add(table)
            return
        is_numbered = table in _NUMBERED_TABLES
        iter_rows = self._iter_numbered if is_numbered else self._iter_named
        for row in iter_rows(table, columns):
            self._insert(table, columns, row)

    def _insert(self, table: str, columns: Sequence[str], row: Sequence[object]) -> None:
        places = ", ".join("?" * len(columns))
        statement = f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({places})"
        # NULL where there must be something, or a number where there must be another
        with suppress(sqlite3.IntegrityError, OverflowError):
            self._sql.execute(statement, row)

    def _list_known_columns(self, table: str) -> list[str]:
        return [row[1] for row in self._sql.execute(f"PRAGMA table_info({table})")]

    def _list_columns(self, table: str) -> list[str]:
        """List the columns that both journals have; none where it is no table."""
        known = self._list_known_columns(table)
        try:
            is_table = self._source.execute(
                "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ? "
                "AND sql LIKE 'CREATE TABLE%'",
                (table,),
            ).fetchone()
            found = {row[1] for row in self._source.execute(f"PRAGMA table_info({table})")}
        except READ_ERRORS:
            return []
        return [name for name in known if name in found] if is_table else []

    def _iter_numbered(self, table: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Fetch the rows that can be read of a table, found by a number."""
        key = _NUMBERED_TABLES[table]
        position: int | None = 1
        select = f"SELECT {', '.join(columns)}, {key} FROM {table} WHERE {key} >= ? ORDER BY {key}"
        while position is not None:
            try:
                for *row, number in self._source.execute(select, (position,)):
                    if type(number) is not int or number < position:
                        raise sqlite3.DatabaseError("keys out of order")
                    position = number
                    yield tuple(row)
                return
            except READ_ERRORS:
                self.damaged_tables.add(table)
                if table == "pages":
                    self.suspect_files.add(position)
                position = self._find_next(f"{select} LIMIT 1", position + 1)

    def _find_next(self, select: str, position: int) -> int | None:
        """Find the next number from which a table can be read on; ``None`` where there is none."""
        if self._can_read(select, position):
            return position
        low, high = position, position + 1
        while not self._can_read(select, high):
            low, high = high, high + 2 * (high - position)
            if high >= MAX_NUMBER:
                return None
        while high - low > 1:
            middle = (low + high) // 2
            if self._can_read(select, middle):
                high = middle
            else:
                low = middle
        return high

    def _can_read(self, select: str, position: int) -> bool:
        try:
            self._source.execute(select, (position,)).fetchone()
        except READ_ERRORS:
            return False
        return True

    def _iter_named(self, table: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Fetch the rows that can be read of a table whose key is a text."""
        key = _NAMED_TABLES[table]
        select = f"SELECT {', '.join(columns)} FROM {table}"
        prefixes = [f"{number:02x}" for number in range(256)] if table == "corrections" else [""]
        for prefix in prefixes:
            where, values = f"{key} >= ? AND {key} < ?", (prefix, f"{prefix}\U0010ffff")
            for order in (key, f"{key} DESC"):
                try:
                    yield from self._source.execute(
                        f"{select} WHERE {where} ORDER BY {order}", values
                    )
                    break
                except READ_ERRORS:  # what lies behind the damage is reached from the other end
                    self.damaged_tables.add(table)
