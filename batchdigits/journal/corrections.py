"""What people said pages show: on record by content, so that it outlives names and readings."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from batchdigits.journal.journal import Journal

#: Values of one statement, of which older versions of SQLite take 999.
_MAX_VALUES = 500


class RecordedPage(NamedTuple):
    """What is on record of a page of a content.

    Attributes:
        page: from 1.
        digit: what was read; ``None`` for a blank, for what is no digit, or where it could not be
            read.
        confidence: how sure that is, 0-1.
        guess: what a page that is no digit might be instead, which tables of earlier versions have
            as their digit; ``None`` for all other pages.
        model: what read it.
        corrected_digit: what a person said it is; -1 for no digit, ``None`` where nobody did.
    """

    page: int
    digit: int | None
    confidence: float | None
    guess: int | None
    model: str
    corrected_digit: int | None


class CheckedPage(NamedTuple):
    """A page that a person looked at.

    Attributes:
        name: its file's path inside the inbox.
        page: from 1.
        page_count: how many pages the file has.
        sha256: of the file, hexadecimal.
        digit: what was read; ``None`` for a blank, and for what is no digit.
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


def load_pages(journal: Journal, hashes: Iterable[str]) -> dict[str, list[RecordedPage]]:
    """Load the pages of contents by the hashes of their files; copies may have been read apart."""
    journal.check_rows()
    pages: dict[str, list[RecordedPage]] = {}
    # Files that could not be read at all have no hash, and share no content.
    remaining = iter({sha256 for sha256 in hashes if sha256})
    while part := list(islice(remaining, _MAX_VALUES)):
        rows = journal.query(
            "SELECT DISTINCT f.sha256, p.page, p.digit, p.confidence, "
            "CASE WHEN p.digit IS NULL THEN p.second_digit END, m.model, c.digit "
            "FROM files f JOIN pages p ON p.file = f.id JOIN makers m ON m.id = f.maker "
            "LEFT JOIN corrections c ON c.sha256 = f.sha256 AND c.page = p.page "
            f"WHERE f.sha256 IN ({', '.join('?' * len(part))})",
            part,
        )
        for sha256, *page in rows:
            pages.setdefault(sha256, []).append(RecordedPage._make(page))
    return pages


def find_checked(journal: Journal, hashes: Iterable[str]) -> set[tuple[str, int]]:
    """Find the pages of some contents that a person has checked: hash of the file, and page."""
    checked: set[tuple[str, int]] = set()
    remaining = iter({sha256 for sha256 in hashes if sha256})
    while part := list(islice(remaining, _MAX_VALUES)):
        checked.update(
            journal.query(
                "SELECT sha256, page FROM corrections "
                f"WHERE sha256 IN ({', '.join('?' * len(part))})",
                part,
            )
        )
    return checked


def find_hashes(journal: Journal, name: str) -> set[str]:
    """Find the hashes of all contents on record under a name; a file never read has none."""
    journal.check_rows()
    rows = journal.query("SELECT sha256 FROM files WHERE name = ? AND sha256 <> ''", (name,))
    return {str(sha256) for (sha256,) in rows}


def find_places(journal: Journal, sha256: str) -> list[tuple[str | None, str | None, str | None]]:
    """Find where files with a content may lie, those that are surely gone last.

    Returns:
        For each of them its path inside the inbox, and where it may lie in quarantine and among
        the processed, from the outbox; ``None`` for where it is not.
    """
    journal.check_rows()
    rows = journal.query(
        "SELECT name, aside, processed FROM files WHERE sha256 = ? "
        "ORDER BY state = 'gone', order_key LIMIT 20",
        (sha256,),
    )
    return [(name, aside, processed) for name, aside, processed in rows.fetchall()]


def iter_names(journal: Journal) -> Iterator[str]:
    """Fetch the names of all files on record; those with several contents come as often."""
    journal.check_rows()
    return (str(name) for (name,) in journal.query("SELECT name FROM files"))


def load_checked_pages(journal: Journal) -> list[CheckedPage]:
    """Load every page that somebody looked at, in scan order, each content once."""
    journal.check_rows()
    rows = journal.query(
        "SELECT f.name, p.page, (SELECT count(*) FROM pages WHERE file = f.id), f.sha256, p.digit, "
        "c.digit, f.state, f.processed FROM corrections c JOIN files f ON f.id = "
        "(SELECT id FROM files WHERE sha256 = c.sha256 ORDER BY state = 'gone', order_key LIMIT 1) "
        "JOIN pages p ON p.file = f.id AND p.page = c.page ORDER BY f.order_key, p.page"
    )
    return [CheckedPage._make(row) for row in rows.fetchall()]
