"""What people said of pages: on record by content, so that it outlives names and readings."""

from collections.abc import Iterable
from typing import NamedTuple

from batchdigits.journal.journal import Journal


class Checked(NamedTuple):
    """A page that a person looked at: what was read and what it is, -1 for no digit.

    ``state`` tells where the file is, ``processed`` and ``aside`` its place in the outbox.
    """

    name: str
    page: int
    pages: int
    sha256: str
    digit: int | None
    corrected: int
    state: str
    processed: str | None


def correct(journal: Journal, said: Iterable[tuple[str, int, int]], at: str) -> None:
    """Put hash, page and digit (-1 for none) of pages on record; the last word counts."""
    with journal.transaction() as sql:
        sql.executemany(
            "INSERT OR REPLACE INTO corrections VALUES (?, ?, ?, ?)",
            [(sha256, page, digit, at) for sha256, page, digit in said],
        )


def known(journal: Journal, pages: Iterable[tuple[str, int]]) -> set[tuple[str, int]]:
    """Those of the given hashes and pages that are on record."""
    find = (
        "SELECT EXISTS (SELECT 1 FROM files f JOIN pages p ON p.file = f.id "
        "WHERE f.sha256 = ? AND p.page = ?)"
    )
    return {each for each in pages if each[0] and journal.query(find, each).fetchone()[0]}


def checked(journal: Journal) -> list[Checked]:
    """Every page that somebody looked at, in scan order, each content once."""
    rows = journal.query(
        "SELECT f.name, p.page, (SELECT count(*) FROM pages WHERE file = f.id), f.sha256, p.digit, "
        "c.digit, f.state, f.processed FROM corrections c JOIN files f ON f.id = "
        "(SELECT id FROM files WHERE sha256 = c.sha256 ORDER BY state = 'gone', order_key LIMIT 1) "
        "JOIN pages p ON p.file = f.id AND p.page = c.page ORDER BY f.order_key, p.page"
    )
    return [Checked._make(row) for row in rows.fetchall()]
