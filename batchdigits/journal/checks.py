"""Whether a journal is one that this program made: its tables first, then what its rows hold.

A journal comes with its outbox, from wherever that was before. So nothing in it is believed: an
outbox may have been handed over by a stranger, and a disk may have damaged it.
"""

import sqlite3
import sys
from functools import cache
from pathlib import Path

from batchdigits.errors import OutboxError
from batchdigits.journal.files import FileState
from batchdigits.journal.paths import format_damage_advice, is_inside
from batchdigits.journal.schema import MIGRATIONS, migrate, read_version
from batchdigits.reasons import Reason, Status

#: Bytes of any value, or any row, at the most; the largest that are written have some thousands.
_MAX_VALUE_BYTES = 1 << 24
#: Numbers below it can be counted on.
MAX_NUMBER = 1 << 62
#: Julian days of the first and last moment that a page may have been read at: the years 1 to 9998.
#: Local times of others are in years that no calendar has.
_FIRST_DAY, _LAST_DAY = 1721425.5, 5373119.5
_STORED_AS = {"INTEGER": "integer", "REAL": "real", "TEXT": "text", "BLOB": "blob"}


def _list_words(words: type[FileState | Status | Reason]) -> str:
    return ", ".join(f"'{word}'" for word in words)


def _is_path(column: str) -> str:
    """Return SQL that is true of a path below its folder; Python is asked about rare ones alone."""
    is_rare = (
        f"{column} GLOB '[./]*' OR {column} GLOB '*/[./]*' OR {column} GLOB '*/' OR {column} = '' "
        f"OR instr({column}, '\\') OR instr({column}, char(0))"
    )
    return f"CASE WHEN {is_rare} THEN is_inside({column}) ELSE 1 END"


def _is_array(column: str, length: int, max_bytes: int) -> str:
    """Return SQL that is true of a JSON array of so many numbers."""
    return (
        f"CASE WHEN {column} IS NULL THEN 1 "
        f"WHEN length({column}) <= {max_bytes} AND NOT instr({column}, '\"') "
        f"AND json_valid({column}) "
        f"THEN json_array_length({column}) = {length} ELSE 0 END"
    )


# What must hold of every row that is not NULL there, besides the declared types.
_FILE_RULES = (
    f"id BETWEEN 1 AND {MAX_NUMBER}",
    "size >= 0",
    f"state IN ({_list_words(FileState)})",
    "length(sha256) IN (0, 64)",
    "(state <> 'quarantined' OR aside IS NOT NULL)",
    "aside GLOB 'quarantine/*'",
    "processed GLOB 'processed/*'",
)
_PAGE_RULES = (
    f"page BETWEEN 1 AND {MAX_NUMBER}",
    f"status IN ({_list_words(Status)})",
    f"reason IN ({_list_words(Reason)})",
    f"(status = '{Status.OK}' OR reason IS NOT NULL)",
    "digit BETWEEN 0 AND 9",
    "second_digit BETWEEN 0 AND 9",
    "confidence BETWEEN 0 AND 1",
    "second_confidence BETWEEN 0 AND 1",
    "thumbnail GLOB 'thumbnails/*'",
    "width > 0",
    "height > 0",
    "contrast BETWEEN 0 AND 1",
    "length(image) <= 1024",
    f"ifnull(julianday(read_at) BETWEEN {_FIRST_DAY} AND {_LAST_DAY}, 0)",
    _is_array("scores", 10, 512),
    _is_array("box", 4, 128),
)
_RULES = {
    "files": (_FILE_RULES, ("name", "aside", "processed")),
    "pages": (_PAGE_RULES, ("thumbnail",)),
    "pictures": (("length(png) <= 1048576",), ()),
    "corrections": (
        (
            "digit BETWEEN -1 AND 9",
            f"page BETWEEN 1 AND {MAX_NUMBER}",
            "length(sha256) = 64",
            "sha256 NOT GLOB '*[^0-9a-f]*'",
        ),
        (),
    ),
}


def secure(connection: sqlite3.Connection) -> None:
    """Have SQLite take nothing from a journal but rows, and none that would fill the memory."""
    if sys.version_info >= (3, 12):
        connection.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, True)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE_BYTES)
    for setting in ("trusted_schema = OFF", "cell_size_check = ON", "mmap_size = 0"):
        connection.execute(f"PRAGMA {setting}")
    connection.create_function("is_inside", 1, is_inside, deterministic=True)


def check_tables(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a journal that has other tables than its migrations make, or anything beside them.

    Triggers, views and computed columns would run when rows are read or written.

    Raises:
        OutboxError: it has; or it was made by a newer batchdigits.
    """
    version = read_version(connection)
    if version > len(MIGRATIONS):
        raise OutboxError(
            f"The journal {path} was made by a newer batchdigits: update, or choose another outbox."
        )
    try:
        is_known = version >= 0 and _list_tables(connection) == _list_expected_tables(version)
    except UnicodeDecodeError:  # SQLite quotes damaged SQL in its error
        is_known = False
    if not is_known:
        raise OutboxError(
            f"The journal {path} has other tables than batchdigits makes, or is damaged. "
            f"{format_damage_advice(path.parent.parent)}"
        )


@cache
def _list_expected_tables(version: int) -> list[list[str]]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        migrate(connection, version)
        return _list_tables(connection)
    finally:
        connection.close()


def _list_tables(connection: sqlite3.Connection) -> list[list[str]]:
    """List kind, name, table and SQL of all that is in a journal; spaces do not count."""
    rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master")
    return sorted([" ".join(str(cell).split()) for cell in row] for row in rows)


def check_rows(connection: sqlite3.Connection, path: Path, table: str, where: str = "1") -> None:
    """Refuse a journal of which a row cannot have been written by this program.

    Args:
        connection: to the journal, as :func:`secure` leaves it.
        path: its file.
        table: where to look.
        where: at which rows, in SQL.

    Raises:
        OutboxError: there is such a row.
    """
    faults = build_fault_condition(connection, table)
    statement = f"SELECT EXISTS (SELECT 1 FROM {table} WHERE {where} AND ({faults}))"
    if connection.execute(statement).fetchone()[0]:
        raise OutboxError(
            f"The journal {path} was not made by batchdigits, or is damaged: its table {table} "
            f"holds what is never written there. {format_damage_advice(path.parent.parent)}"
        )


def build_fault_condition(connection: sqlite3.Connection, table: str) -> str:
    """Return the condition, in SQL, on a row of a table that this program cannot have written."""
    return " OR ".join(f"NOT ({rule})" for rule in _list_rules(connection, table))


def _list_rules(connection: sqlite3.Connection, table: str) -> list[str]:
    rules, paths = _RULES.get(table, ((), ()))
    found = []
    for _, column, kind, is_required, _, key in connection.execute(f"PRAGMA table_info({table})"):
        kinds = [_STORED_AS[kind]] if kind else ["integer", "text"]
        if not (is_required or key):
            kinds.append("null")
        found.append(f"typeof({column}) IN ({', '.join(map(repr, kinds))})")
    return [*found, *rules, *map(_is_path, paths)]
