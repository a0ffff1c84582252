"""What people said of pages: on record by content, so that it outlives names and readings."""

from collections.abc import Iterable
from typing import NamedTuple

from batchdigits.journal.journal import Journal


class CheckedPage(NamedTuple):
    """A page that a person looked at: what was read and what it is, -1 for no digit.

    ``state`` tells where the file is, ``processed`` its place in the outbox if it is there.
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
    """Put hash, page and digit of pages on record: 0-9, -1 for none, ``None`` to take it back."""
    with journal.transaction() as sql:
        for sha256, page, digit in corrections:
            if digit is None:
                sql.execute("DELETE FROM corrections WHERE sha256 = ? AND page = ?", (sha256, page))
            else:
                row = sha256, page, digit, timestamp
                sql.execute("INSERT OR REPLACE INTO corrections VALUES (?, ?, ?, ?)", row)


def load_page_corrections(journal: Journal, sha256: str) -> dict[int, int | None]:
    """The pages of a content, each with what is on record that somebody said of it."""
    rows = journal.query(
        "SELECT DISTINCT p.page, c.digit FROM files f JOIN pages p ON p.file = f.id "
        "LEFT JOIN corrections c ON c.sha256 = f.sha256 AND c.page = p.page WHERE f.sha256 = ?",
        (sha256,),
    )
    return dict(rows.fetchall()) if sha256 else {}


def load_checked_pages(journal: Journal) -> list[CheckedPage]:
    """Every page that somebody looked at, in scan order, each content once."""
    rows = journal.query(
        "SELECT f.name, p.page, (SELECT count(*) FROM pages WHERE file = f.id), f.sha256, p.digit, "
        "c.digit, f.state, f.processed FROM corrections c JOIN files f ON f.id = "
        "(SELECT id FROM files WHERE sha256 = c.sha256 ORDER BY state = 'gone', order_key LIMIT 1) "
        "JOIN pages p ON p.file = f.id AND p.page = c.page ORDER BY f.order_key, p.page"
    )
    return [CheckedPage._make(row) for row in rows.fetchall()]
