"""The journal's tables, as a list of migrations: an older journal is brought up step by step.

``PRAGMA user_version`` counts the migrations a journal has had. A migration, once released, is
never changed; a new one is added at the end.
"""

import sqlite3
from collections.abc import Callable

Migration = Callable[[sqlite3.Connection], None]

# Names here are names on disk, and keep their old words. What the program calls them today:
# makers and files.maker: the reader version; files.pictured: the thumbnails' mode; files.bad:
# whether it belongs in quarantine; files.aside: its path there; reports.shows: the fingerprint.
_TABLES = """
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value
) WITHOUT ROWID;

-- What decides a reading besides the file: a model, and the settings that change readings.
CREATE TABLE makers (
    id INTEGER PRIMARY KEY,
    model TEXT NOT NULL,
    model_sha256 TEXT NOT NULL,
    settings TEXT NOT NULL,
    UNIQUE (model_sha256, settings)
);

-- One content under one name. sha256 is empty where the file could not be read at all.
CREATE TABLE files (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    order_key TEXT NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    born_ns INTEGER NOT NULL,
    sha256 TEXT NOT NULL,           -- hexadecimal
    state TEXT NOT NULL,            -- present, gone, quarantined or processed
    maker INTEGER NOT NULL REFERENCES makers,
    pictured TEXT NOT NULL,         -- the --thumbnails it was read with
    readable INTEGER NOT NULL,      -- whether any page was read
    bad INTEGER NOT NULL,           -- whether any page belongs in quarantine
    aside TEXT                      -- where its copy in quarantine lies, from the outbox
);
CREATE UNIQUE INDEX files_by_name ON files (name, sha256);
CREATE INDEX files_in_order ON files (order_key, id);
CREATE INDEX files_to_set_aside ON files (id) WHERE bad AND aside IS NULL AND state = 'present';

CREATE TABLE pages (
    file INTEGER NOT NULL REFERENCES files,
    page INTEGER NOT NULL,
    status TEXT NOT NULL,
    reason TEXT,
    detail TEXT,
    digit INTEGER,
    confidence REAL,
    second_digit INTEGER,
    second_confidence REAL,
    width INTEGER,
    height INTEGER,
    read_at TEXT NOT NULL,
    thumbnail TEXT,
    scores TEXT,                    -- ten probabilities as JSON
    box TEXT,                       -- the ink: left, top, width, height in page pixels, as JSON
    contrast REAL,
    marks INTEGER,
    image BLOB,                     -- 28 x 28 gray levels, zlib
    PRIMARY KEY (file, page)
) WITHOUT ROWID;

-- Thumbnails that are no files of their own, for contact sheets.
CREATE TABLE pictures (
    file INTEGER NOT NULL REFERENCES files,
    page INTEGER NOT NULL,
    png BLOB NOT NULL,
    PRIMARY KEY (file, page)
);

-- What was last written under a report's name; next_sha256 while a new one takes its place.
CREATE TABLE reports (
    name TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL,
    next_sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    shows TEXT NOT NULL
) WITHOUT ROWID;
"""


def _create_first_tables(connection: sqlite3.Connection) -> None:
    """Create the tables of the first release."""
    for statement in _split_statements(_TABLES):
        connection.execute(statement)


def _add_watching(connection: sqlite3.Connection) -> None:
    """Add what a watcher needs: reports that grow, files moved once read, copies found fast."""
    connection.execute("ALTER TABLE reports ADD COLUMN next_size INTEGER NOT NULL DEFAULT 0")
    # Where a read file lies now, from the outbox; NULL where it was deleted, or is in the inbox.
    connection.execute("ALTER TABLE files ADD COLUMN processed TEXT")
    connection.execute("CREATE INDEX files_by_content ON files (sha256)")


def _add_corrections(connection: sqlite3.Connection) -> None:
    """Add what people said a page shows, 0-9 or -1 for no digit; and the scanner's streaks."""
    connection.execute(
        "CREATE TABLE corrections (sha256 TEXT NOT NULL, page INTEGER NOT NULL, "
        "digit INTEGER NOT NULL, said_at TEXT NOT NULL, PRIMARY KEY (sha256, page)) WITHOUT ROWID"
    )
    # Where a dark line from top to bottom lies, in pixels from the left.
    connection.execute("ALTER TABLE pages ADD COLUMN streak INTEGER")


def _add_ctime(connection: sqlite3.Connection) -> None:
    """Add when content, name or rights of a file last changed, by its file system.

    Of files read before it is not known: 0, so that their content is compared once.
    """
    connection.execute("ALTER TABLE files ADD COLUMN ctime_ns INTEGER NOT NULL DEFAULT 0")


def _take_digits_from_what_is_none(connection: sqlite3.Connection) -> None:
    """Make the best guess what it might be instead where a page was found to hold no digit."""
    connection.execute(
        "UPDATE pages SET second_digit = digit, second_confidence = confidence, "
        "digit = NULL, confidence = NULL WHERE reason = 'not_a_digit' AND digit IS NOT NULL"
    )


MIGRATIONS: list[Migration] = [
    _create_first_tables,
    _add_watching,
    _add_corrections,
    _add_ctime,
    _take_digits_from_what_is_none,
]


def read_version(connection: sqlite3.Connection) -> int:
    """Count the migrations that a journal has had; 0 for an empty file."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(connection: sqlite3.Connection, version: int | None = None) -> None:
    """Bring a journal up to date, or to a version, each step whole or not at all."""
    for number in range(read_version(connection), len(MIGRATIONS) if version is None else version):
        connection.execute("BEGIN IMMEDIATE")
        try:
            MIGRATIONS[number](connection)
            connection.execute(f"PRAGMA user_version = {number + 1}")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def _split_statements(script: str) -> list[str]:
    """Split SQL into its statements, since ``executescript`` would commit in between."""
    lines = [line.partition("--")[0] for line in script.splitlines()]
    return [statement for statement in "\n".join(lines).split(";") if statement.strip()]
