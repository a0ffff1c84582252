"""What can still be read of a damaged journal, put into a new one.

Tables are read in the order of their keys. Where SQLite refuses, the next key is sought at which it
reads on, so that a damaged page costs its own rows and no others. What was read is then held
against all that holds of a journal; what does not meet it is left out. The next run reads all files
again that are in the inbox: of the others, what could be read of their rows is kept.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from batchdigits.journal.checks import MAX_NUMBER, build_fault_condition, secure
from batchdigits.journal.meta_keys import INBOX_KEY, PLACE_KEY, REVISION_KEY, RUN_KEY
from batchdigits.journal.schema import migrate
from batchdigits.reports.rerender import parse_run_record
from batchdigits.upkeep.journal_check import BROKEN_FILES, create_check_functions

#: What reading a damaged table raises.
_READ_ERRORS = (sqlite3.Error, UnicodeError, OverflowError)
#: Tables with the integer by which their rows are found.
_NUMBERED_TABLES = {"makers": "id", "files": "id", "pages": "file", "pictures": "rowid"}
#: Of every journal: SQLite's default, which nothing here changes.
_PAGE_SIZE = 4096
_NAMED_TABLES = {"corrections": "sha256", "reports": "name", "meta": "key"}
_ALL_TABLES = (*_NUMBERED_TABLES, *_NAMED_TABLES)
#: Of what is known about the outbox as a whole; all else is found out anew.
_KEPT_KEYS = (INBOX_KEY, PLACE_KEY, REVISION_KEY, RUN_KEY)


class Salvage(NamedTuple):
    """What came of a damaged journal.

    Attributes:
        file_count: files whose rows are in the new journal.
        are_corrections_whole: whether every page of the table of corrections could be read.
    """

    file_count: int
    are_corrections_whole: bool


def salvage_tables(damaged: Path, target: Path) -> Salvage:
    """Read a damaged journal into a new one.

    Args:
        damaged: a copy of the journal, which may be changed.
        target: the new one; must not be there.

    Raises:
        OSError: it cannot be written.
        sqlite3.Error: nor so.
    """
    _mend_header(damaged)
    source = sqlite3.connect(damaged, isolation_level=None)
    sql = sqlite3.connect(target, isolation_level=None)
    try:
        secure(sql)
        create_check_functions(sql)
        migrate(sql)
        sql.execute("BEGIN")
        reader = _Reader(source, sql)
        reader.copy_tables()
        _drop_faults(sql, reader.suspect_files)
        _restore_facts(sql)
        if "pictures" in reader.damaged_tables:
            sql.execute("UPDATE files SET pictured = 'off' WHERE pictured <> 'each'")
        (file_count,) = sql.execute("SELECT count(*) FROM files").fetchone()
        sql.execute("COMMIT")
        return Salvage(file_count, "corrections" not in reader.damaged_tables)
    finally:
        sql.close()
        source.close()


def _mend_header(path: Path) -> None:
    """Put back what is the same at the beginning of all journals, where SQLite refuses the file.

    See https://www.sqlite.org/fileformat.html#the_database_header.
    """
    sql = sqlite3.connect(path, isolation_level=None)
    try:
        sql.execute("SELECT count(*) FROM sqlite_master").fetchone()
        return
    except _READ_ERRORS:
        pass
    finally:
        sql.close()
    with path.open("r+b") as file:
        page_count = file.seek(0, 2) // _PAGE_SIZE
        for offset, value in (
            *((0, b"SQLite format 3\0"), (16, _PAGE_SIZE.to_bytes(2)), (20, b"\0\x40\x20\x20")),
            *((28, page_count.to_bytes(4)), (44, (4).to_bytes(4)), (56, (1).to_bytes(4))),
        ):
            file.seek(offset)
            file.write(value)


class _Reader:
    """Copies from a damaged journal whatever can be read.

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
            with suppress(*_READ_ERRORS):
                source.execute(f"PRAGMA {setting}")
        source.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 1 << 24)

    def copy_tables(self) -> None:
        """Copy all tables."""
        for table in _ALL_TABLES:
            self._copy(table)

    def _copy(self, table: str) -> None:
        columns = self._list_columns(table)
        if not columns:
            self.damaged_tables.add(table)
            return
        places = ", ".join("?" * len(columns))
        statement = f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({places})"
        is_numbered = table in _NUMBERED_TABLES
        iter_rows = self._iter_numbered if is_numbered else self._iter_named
        for row in iter_rows(table, columns):
            try:
                self._sql.execute(statement, row)
            except sqlite3.IntegrityError:
                continue  # NULL where there must be something

    def _list_columns(self, table: str) -> list[str]:
        """List the columns that both journals have; none where it is no table."""
        known = [row[1] for row in self._sql.execute(f"PRAGMA table_info({table})")]
        try:
            is_table = self._source.execute(
                "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ? "
                "AND sql LIKE 'CREATE TABLE%'",
                (table,),
            ).fetchone()
            found = {row[1] for row in self._source.execute(f"PRAGMA table_info({table})")}
        except _READ_ERRORS:
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
            except _READ_ERRORS:
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
        except _READ_ERRORS:
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
                except _READ_ERRORS:  # what lies behind the damage is reached from the other end
                    self.damaged_tables.add(table)


def _drop_faults(sql: sqlite3.Connection, suspect_files: set[int]) -> None:
    """Leave out what this program cannot have written, and what lacks a part."""
    for table in _ALL_TABLES:
        sql.execute(f"DELETE FROM {table} WHERE {build_fault_condition(sql, table)}")
    # Without its reader version a file is read again; what is gone keeps its row.
    sql.execute(
        "INSERT OR IGNORE INTO makers SELECT DISTINCT maker, 'unknown', '', 'lost ' || maker "
        "FROM files WHERE maker NOT IN (SELECT id FROM makers)"
    )
    sql.executemany("DELETE FROM pages WHERE file = ?", ((number,) for number in suspect_files))
    sql.execute(f"DELETE FROM files WHERE {BROKEN_FILES}")
    for table in ("pages", "pictures"):
        sql.execute(f"DELETE FROM {table} WHERE file NOT IN (SELECT id FROM files)")
    places = ", ".join("?" * len(_KEPT_KEYS))
    sql.execute(f"DELETE FROM meta WHERE key NOT IN ({places})", _KEPT_KEYS)
    sql.execute("UPDATE reports SET shows = ''")  # all are written anew
    # Numbers in rows may be damaged, too: to the next run all were read with other settings.
    sql.execute("UPDATE makers SET settings = settings || ' '")


def _restore_facts(sql: sqlite3.Connection) -> None:
    """Leave out what is not as it was written of the outbox as a whole, and count on."""
    facts = dict(sql.execute("SELECT key, value FROM meta"))
    try:
        revision = int(facts.get(REVISION_KEY) or 0)
    except ValueError:
        revision = 0
    if not 0 <= revision < MAX_NUMBER - 1:
        revision = 0
    sql.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (REVISION_KEY, revision + 1))
    if not str(facts.get(INBOX_KEY, "")).startswith("/"):
        sql.execute("DELETE FROM meta WHERE key = ?", (INBOX_KEY,))
    try:
        parse_run_record(json.loads(facts.get(RUN_KEY) or ""), Path())
    except (AttributeError, LookupError, ValueError, TypeError, RecursionError):
        sql.execute("DELETE FROM meta WHERE key = ?", (RUN_KEY,))
