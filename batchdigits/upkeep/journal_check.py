"""Whether a journal is whole: SQLite's pages, and what the program reads of them."""

import sqlite3
from pathlib import Path

from batchdigits.errors import OutboxBusyError, OutboxError
from batchdigits.journal.checks import check_tables
from batchdigits.journal.entries import decompress_image
from batchdigits.journal.journal import Journal
from batchdigits.journal.meta_keys import REMOVING_KEY, RUN_KEY
from batchdigits.journal.paths import format_damage_advice
from batchdigits.journal.schema import MIGRATIONS, read_version
from batchdigits.journal.store import JOURNAL_FILE, STATE_FOLDER
from batchdigits.reports.alarms import find_alarms
from batchdigits.reports.rerender import load_context
from batchdigits.session.outbox import describe_lost_journal
from batchdigits.system.filenames import make_order_key

_HAS_PAGE = "EXISTS (SELECT 1 FROM pages WHERE file = files.id AND status"
#: Files of which not all pages are there, or whose rows do not agree. SQL, of a table ``files``.
BROKEN_FILES = (
    "order_key <> make_order_key(name) "
    "OR (SELECT count(*) FROM pages WHERE file = files.id) <> "
    "(SELECT ifnull(max(page), -1) FROM pages WHERE file = files.id) "
    "OR NOT EXISTS (SELECT 1 FROM makers WHERE id = files.maker) "
    "OR EXISTS (SELECT 1 FROM pages WHERE file = files.id AND image IS NOT NULL "
    "AND NOT is_image(image)) "
    f"OR bad <> {_HAS_PAGE} = 'quarantined') "
    f"OR (readable <> {_HAS_PAGE} IN ('ok', 'review')) "
    # What is partly read while somebody writes to it counts as unread, to be tried again.
    f"AND NOT (NOT readable AND {_HAS_PAGE} = 'failed' AND reason = 'busy')))"
)


class DamagedJournalError(OutboxError):
    """A journal that is damaged or lost; the sentence says how, and what to do.

    Attributes:
        problem: how.
        path: of the journal.
    """

    def __init__(self, outbox: Path, problem: str) -> None:
        super().__init__(f"{problem} {format_damage_advice(outbox)}")
        self.problem = problem
        self.path = outbox / STATE_FOLDER / JOURNAL_FILE


def check_journal(outbox: Path, copy: Path) -> None:
    """Look at every page and row of a journal.

    Args:
        outbox: whose journal.
        copy: an outbox with a copy of it, which is changed.

    Raises:
        DamagedJournalError: it is damaged, or not made by this program.
        OutboxBusyError: there is no space to look at it.
        OutboxError: it was made by a newer version.
    """
    path = outbox / STATE_FOLDER / JOURNAL_FILE
    if problem := describe_lost_journal(outbox):
        raise DamagedJournalError(outbox, problem)
    _refuse_newer(copy / STATE_FOLDER / JOURNAL_FILE, path)
    try:
        with Journal(copy) as journal, journal.translate_errors():
            _check_pages(journal, outbox)
            journal.check_rows()
            _check_relations(journal, outbox)
            journal.get_json(REMOVING_KEY, [])
            if journal.get_meta(RUN_KEY) is not None:
                if not journal.get_json(RUN_KEY, {}):
                    raise DamagedJournalError(
                        outbox,
                        f"The journal {path} is damaged: its record of the last run is empty.",
                    )
                context = load_context(journal, outbox)
                context.rows.count_totals()
                find_alarms(journal, context.rows)
    except OutboxBusyError:
        raise
    except OutboxError as error:
        if isinstance(error, DamagedJournalError):
            raise
        problem = str(error)
        for place in (copy, outbox, "OUTBOX"):
            problem = problem.removesuffix(f" {format_damage_advice(place)}")
        raise DamagedJournalError(outbox, problem.replace(str(copy), str(outbox))) from error


def _refuse_newer(copy: Path, path: Path) -> None:
    sql = sqlite3.connect(copy, isolation_level=None)
    try:
        if read_version(sql) > len(MIGRATIONS):
            check_tables(sql, path)
    except sqlite3.DatabaseError:
        pass  # what is wrong is told later on
    finally:
        sql.close()


def _check_pages(journal: Journal, outbox: Path) -> None:
    (answer,) = journal.query("PRAGMA quick_check(1)").fetchone()
    if answer != "ok":
        path = outbox / STATE_FOLDER / JOURNAL_FILE
        raise DamagedJournalError(outbox, f"The journal {path} is damaged.")


def _check_relations(journal: Journal, outbox: Path) -> None:
    path = outbox / STATE_FOLDER / JOURNAL_FILE
    create_check_functions(journal.sql)
    for statement in (
        f"SELECT 1 FROM files WHERE {BROKEN_FILES} LIMIT 1",
        "SELECT 1 FROM pages WHERE file NOT IN (SELECT id FROM files) LIMIT 1",
        "SELECT 1 FROM pictures WHERE file NOT IN (SELECT id FROM files) LIMIT 1",
    ):
        if journal.query(statement).fetchone():
            raise DamagedJournalError(
                outbox, f"The journal {path} is damaged: it lacks rows that others belong to."
            )


def create_check_functions(connection: sqlite3.Connection) -> None:
    """Create what :data:`BROKEN_FILES` needs besides SQL."""
    connection.create_function("is_image", 1, _is_image, deterministic=True)
    connection.create_function("make_order_key", 1, make_order_key, deterministic=True)


def _is_image(blob: object) -> bool:
    """Tell whether a value is an image of the table ``pages``."""
    try:
        return isinstance(blob, bytes) and bool(decompress_image(blob))
    except ValueError:
        return False
