"""What can still be read of a damaged journal, put into a new one.

Tables are read in the order of their keys. Where SQLite refuses, the next key is sought at which it
reads on, and then each page by itself, so that a damaged page costs its own rows and no others.
What was read is held against all that holds of a journal; what does not meet it is left out. What
is lost so is taken from the tables of the outbox. The next run reads all files again that are in
the inbox: of the others, what could be read of their rows is kept.
"""

import json
import sqlite3
from pathlib import Path
from typing import NamedTuple

from batchdigits.journal.checks import MAX_NUMBER, build_fault_condition, secure
from batchdigits.journal.meta_keys import INBOX_KEY, PLACE_KEY, REVISION_KEY, RUN_KEY
from batchdigits.journal.schema import migrate
from batchdigits.reports.rerender import parse_run_record
from batchdigits.upkeep.damaged_journal import ALL_TABLES, READ_ERRORS, DamagedJournal
from batchdigits.upkeep.journal_check import BROKEN_FILES, create_check_functions
from batchdigits.upkeep.leaf_pages import PAGE_SIZE
from batchdigits.upkeep.lost_rows import RowRebuilder

#: Of what is known about the outbox as a whole; all else is found out anew.
_KEPT_KEYS = (INBOX_KEY, PLACE_KEY, REVISION_KEY, RUN_KEY)


class Salvage(NamedTuple):
    """What came of a damaged journal.

    Attributes:
        file_count: files whose rows are in the new journal.
        row_count: rows of the table that there were, as far as that is known.
        rebuilt_count: how many of them were taken from the tables of the outbox.
        lost_count: how many of them are not in the new journal; ``None`` where rows may be lost,
            and no table says how many there were.
        are_corrections_whole: whether every page of the table of corrections could be read.
    """

    file_count: int
    row_count: int
    rebuilt_count: int
    lost_count: int | None
    are_corrections_whole: bool


def salvage_tables(damaged: Path, target: Path, outbox: Path) -> Salvage:
    """Read a damaged journal into a new one.

    Args:
        damaged: a copy of the journal, which may be changed.
        target: the new one; must not be there.
        outbox: whose tables are looked into for what cannot be read.

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
        reader = DamagedJournal(source, sql)
        reader.copy_tables()
        reader.copy_stray_rows(damaged)
        (row_count,) = sql.execute("SELECT count(*) FROM pages").fetchone()
        _drop_faults(sql)
        rebuilder = RowRebuilder(sql, outbox)
        is_whole = not {"files", "pages"} & reader.damaged_tables
        rebuilt_count = 0
        if not is_whole or _count_whole_pages(sql) < row_count:
            rebuilt_count = rebuilder.rebuild()
            _drop_faults(sql)
        row_count = max(row_count, rebuilder.row_count)
        _drop_parts(sql, reader.suspect_files - rebuilder.shown_files)
        _forget_readers(sql)
        _restore_facts(sql)
        if "pictures" in reader.damaged_tables:
            sql.execute("UPDATE files SET pictured = 'off' WHERE pictured <> 'each'")
        (file_count,) = sql.execute("SELECT count(*) FROM files").fetchone()
        (kept_count,) = sql.execute("SELECT count(*) FROM pages").fetchone()
        sql.execute("COMMIT")
        is_count_known = is_whole or rebuilder.row_count
        return Salvage(
            file_count,
            max(row_count, kept_count),
            rebuilt_count,
            max(0, row_count - kept_count) if is_count_known else None,
            "corrections" not in reader.damaged_tables,
        )
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
    except READ_ERRORS:
        pass
    finally:
        sql.close()
    with path.open("r+b") as file:
        page_count = file.seek(0, 2) // PAGE_SIZE
        for offset, value in (
            *((0, b"SQLite format 3\0"), (16, PAGE_SIZE.to_bytes(2)), (20, b"\0\x40\x20\x20")),
            *((28, page_count.to_bytes(4)), (44, (4).to_bytes(4)), (56, (1).to_bytes(4))),
        ):
            file.seek(offset)
            file.write(value)


def _drop_faults(sql: sqlite3.Connection) -> None:
    """Leave out what this program cannot have written."""
    for table in ALL_TABLES:
        sql.execute(f"DELETE FROM {table} WHERE {build_fault_condition(sql, table)}")
    # Without its reader version a file is read again; what is gone keeps its row.
    sql.execute(
        "INSERT OR IGNORE INTO makers SELECT DISTINCT maker, 'unknown', '', 'lost ' || maker "
        "FROM files WHERE maker NOT IN (SELECT id FROM makers)"
    )


def _count_whole_pages(sql: sqlite3.Connection) -> int:
    """Count the pages of files that lack no part."""
    (count,) = sql.execute(
        "SELECT count(*) FROM pages WHERE file IN "
        f"(SELECT id FROM files WHERE NOT ({BROKEN_FILES}))"
    ).fetchone()
    return int(count)


def _drop_parts(sql: sqlite3.Connection, suspect_files: set[int]) -> None:
    """Leave out what lacks a part.

    Args:
        sql: the new journal.
        suspect_files: numbers of files of which the last pages may be missing. Only TIFF has
            several.
    """
    sql.executemany(
        "DELETE FROM pages WHERE file = ?1 AND EXISTS (SELECT 1 FROM files WHERE id = ?1 AND "
        "(name LIKE '%.tif' OR name LIKE '%.tiff' OR "
        "(SELECT count(*) FROM pages WHERE file = ?1) > 1))",
        ((number,) for number in suspect_files),
    )
    sql.execute(f"DELETE FROM files WHERE {BROKEN_FILES}")
    for table in ("pages", "pictures"):
        sql.execute(f"DELETE FROM {table} WHERE file NOT IN (SELECT id FROM files)")


def _forget_readers(sql: sqlite3.Connection) -> None:
    """Have all files that are there read again, and all reports written anew."""
    places = ", ".join("?" * len(_KEPT_KEYS))
    sql.execute(f"DELETE FROM meta WHERE key NOT IN ({places})", _KEPT_KEYS)
    sql.execute("UPDATE reports SET shows = ''")
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
