"""What people said pages show: on record by content, so that it outlives names and readings."""

from collections.abc import Iterable
from typing import NamedTuple

from batchdigits.journal.journal import Journal


class CheckedPage(NamedTuple):
    """A page that a person looked at.

    Attributes:
        name: its file's path inside the inbox.
        page: from 1.
        page_count: how many pages the file has.
        sha256: of the file, hexadecimal.
        digit: what was read; ``None`` for a blank.
        corrected_digit: what it is; -1 for no digit.
        state: where the file is, one of the states in :mod:`batchdigits.journal.journal`.
        processed_path: its place in the outbox if a watcher moved it there.
    """

    name: str
    page: int
    page_count: int
    sha256: str
    digit: int | None
    corrected_digit: int
    state: str
    processed_path: str | None


def record_corrections(
    journal: Journal, corrections: Iterable[tuple[str, int, int | None]], timestamp: str
) -> None:
    """Put corrections on record, all or none.

    Args:
        journal: of the outbox.
        corrections: hash of the file, page, and digit: 0-9, -1 for none, ``None`` to take back
            what is on record.
        timestamp: when people said so.
    """
    with journal.transaction() as sql:
        for sha256, page, digit in corrections:
            if digit is None:
                sql.execute("DELETE FROM corrections WHERE sha256 = ? AND page = ?", (sha256, page))
            else:
                row = sha256, page, digit, timestamp
                sql.execute("INSERT OR REPLACE INTO corrections VALUES (?, ?, ?, ?)", row)


def load_page_corrections(journal: Journal, sha256: str) -> dict[int, int | None]:
    """Load the pages of a content, each with the corrected digit on record, if there is one."""
    if not sha256:  # files that could not be read at all have no hash, and share no content
        return {}
    rows = journal.query(
        "SELECT DISTINCT p.page, c.digit FROM files f JOIN pages p ON p.file = f.id "
        "LEFT JOIN corrections c ON c.sha256 = f.sha256 AND c.page = p.page WHERE f.sha256 = ?",
        (sha256,),
    )
    return dict(rows.fetchall())


def load_checked_pages(journal: Journal) -> list[CheckedPage]:
    """Load every page that somebody looked at, in scan order, each content once."""
    rows = journal.query(
        "SELECT f.name, p.page, (SELECT count(*) FROM pages WHERE file = f.id), f.sha256, p.digit, "
        "c.digit, f.state, f.processed FROM corrections c JOIN files f ON f.id = "
        "(SELECT id FROM files WHERE sha256 = c.sha256 ORDER BY state = 'gone', order_key LIMIT 1) "
        "JOIN pages p ON p.file = f.id AND p.page = c.page ORDER BY f.order_key, p.page"
    )
    return [CheckedPage._make(row) for row in rows.fetchall()]
