"""What is to be read: the files that were found, against what is on record.

The listing lies in a temporary table, not in memory, so that an inbox of a million files takes
no more of it than one of ten.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from batchdigits.config import Thumbnails
from batchdigits.journal.journal import GONE, PRESENT, Journal, PendingFile
from batchdigits.system.filenames import make_order_key

#: Files to be read that are fetched at a time.
_FETCH_SIZE = 4096
_SMALL_LISTING = 100
#: Pictures that serve other wishes too: those of ``each`` are enough for sheets.
_SUFFICIENT_THUMBNAILS = {
    Thumbnails.EACH: "'each'",
    Thumbnails.SHEETS: "'each', 'sheets'",
    Thumbnails.REVIEW: "'each', 'review'",
    Thumbnails.OFF: "'each', 'sheets', 'review', 'off'",
}
_HAS_FAILED_PAGE = (
    "EXISTS (SELECT 1 FROM pages WHERE file = f.id AND status IN ('quarantined', 'failed'))"
)
_HAS_UNSUPPORTED_PAGE = "EXISTS (SELECT 1 FROM pages WHERE file = f.id AND reason = 'unsupported')"
# What makes a file's record hold, besides that its size and mtime are still the same. A file
# that was never read has no hash and holds for nothing, nor does one that failed for the moment.
_IS_UP_TO_DATE = (
    "f.maker = :maker AND f.state = 'present' AND f.sha256 <> '' AND f.pictured IN ({serves})"
    " AND (f.readable OR f.bad OR {unsupported})"
    " AND NOT (:failures AND {failure})"
)
_INSERT_PENDING = """
INSERT INTO todo
SELECT coalesce(f.order_key, order_key(s.name)) AS place, s.name, s.size, f.id,
       coalesce(f.sha256, ''), f.id IS NOT NULL AND NOT :everything AND {holds},
       (SELECT count(*) FROM files WHERE name = s.name) > 1, f.state IS 'present',
       f.maker IS NOT NULL AND f.maker <> :maker, s.mtime_ns
FROM seen s LEFT JOIN files f ON f.id =
     (SELECT id FROM files WHERE name = s.name ORDER BY state = 'present' DESC, id DESC)
WHERE :everything OR NOT EXISTS (
    SELECT 1 FROM files f WHERE f.name = s.name AND f.size = s.size AND f.mtime_ns = s.mtime_ns
    AND {holds})
ORDER BY place
"""
_SELECT_RETURNED = """
SELECT f.id FROM seen s JOIN files f
ON f.name = s.name AND f.size = s.size AND f.mtime_ns = s.mtime_ns
WHERE f.state = 'gone'
AND NOT EXISTS (SELECT 1 FROM files WHERE name = s.name AND state = 'present')
GROUP BY s.name HAVING f.id = max(f.id)
"""


@dataclass(frozen=True, slots=True)
class ReadPolicy:
    """What a run wants to hold of every file.

    ``everything`` reads all files again, ``failures`` those that could not be read.
    """

    reader_version_id: int
    thumbnails: Thumbnails
    force: bool = False
    retry_failed: bool = False


class Plan:
    """The files of one look through the inbox, and which of them are to be read.

    Attributes:
        files: how many were found.
        todo: how many of them are to be read, with ``todo_bytes`` bytes.
        outdated: how many of those only because model or settings changed.
    """

    def __init__(
        self, journal: Journal, listing: Iterable[tuple[str, int, int]], policy: ReadPolicy
    ) -> None:
        """``found`` yields name, size in bytes and mtime in nanoseconds of each file."""
        self._journal = journal
        with journal.translate_errors():
            self._store_listing(listing)
            self.files = self._count("SELECT count(*) FROM seen")
            few = (
                self.files <= _SMALL_LISTING
            )  # then looking each up is sooner done than this question
            if few or self._count("SELECT EXISTS (SELECT 1 FROM files WHERE state = 'gone')"):
                back = [row[0] for row in journal.query(_SELECT_RETURNED).fetchall()]
                if back:
                    journal.set_state(back, PRESENT)
            self._select_pending(policy)
        counts = journal.query(
            "SELECT count(*), total(size), total(outdated), total(present) FROM todo"
        )
        self.pending, self.pending_bytes, self.outdated, self._present = map(int, counts.fetchone())

    def _store_listing(self, listing: Iterable[tuple[str, int, int]]) -> None:
        sql = self._journal.sql
        sql.create_function("order_key", 1, make_order_key, deterministic=True)
        for table in ("seen", "todo"):
            sql.execute(f"DROP TABLE IF EXISTS temp.{table}")
        sql.execute("CREATE TEMP TABLE seen (name TEXT, size INTEGER, mtime_ns INTEGER)")
        sql.execute(
            "CREATE TEMP TABLE todo (order_key TEXT, name TEXT, size INTEGER, earlier INTEGER,"
            " sha256 TEXT, is_valid INTEGER, crowded INTEGER, present INTEGER, outdated INTEGER,"
            " mtime_ns INTEGER)"
        )
        sql.execute("BEGIN")
        try:
            sql.executemany("INSERT INTO seen VALUES (?, ?, ?)", listing)
        finally:
            if sql.in_transaction:  # a full disk has rolled it back already
                sql.execute("COMMIT")

    def _select_pending(self, policy: ReadPolicy) -> None:
        holds = _IS_UP_TO_DATE.format(
            serves=_SUFFICIENT_THUMBNAILS[policy.thumbnails],
            failure=_HAS_FAILED_PAGE,
            unsupported=_HAS_UNSUPPORTED_PAGE,
        )
        self._journal.sql.execute(
            _INSERT_PENDING.format(holds=holds),
            {
                "maker": policy.reader_version_id,
                "everything": policy.force,
                "failures": policy.retry_failed,
            },
        )

    def _count(self, statement: str) -> int:
        return int(self._journal.query(statement).fetchone()[0])

    def fetch_first(self, limit: int) -> list[tuple[str, int, int]]:
        """Name, size and mtime of what is to be read, at most so many files."""
        find = "SELECT name, size, mtime_ns FROM todo ORDER BY rowid LIMIT ?"
        return self._journal.query(find, (limit,)).fetchall()

    def iter_chunks(self, max_files: int, max_bytes: int) -> Iterator[list[PendingFile]]:
        """What is to be read, up to so many files, or so many bytes, at a time.

        In scan order: scanners write so, and the journal's indexes then grow at their end.
        """
        chunk: list[PendingFile] = []
        held = 0
        before = None
        for *todo, size in self._iter_rows():
            if todo[0] == before:  # a folder that changes while it is listed may name a file twice
                continue
            before = todo[0]
            if chunk and (len(chunk) >= max_files or held + size > max_bytes):
                yield chunk
                chunk, held = [], 0
            chunk.append(PendingFile._make(todo))
            held += size
        if chunk:
            yield chunk

    def _iter_rows(self) -> Iterator[tuple[Any, ...]]:
        """In blocks: a cursor left open would keep SQLite's log from being cut back."""
        for after in range(0, self.pending, _FETCH_SIZE):
            yield from self._journal.query(
                "SELECT name, order_key, earlier, sha256, is_valid, crowded, size FROM todo "
                "WHERE rowid > ? AND rowid <= ? ORDER BY rowid",
                (after, after + _FETCH_SIZE),
            ).fetchall()

    def mark_gone(self, is_gone: Callable[[str], bool]) -> int:
        """Note which files on record, but not found, are gone; returns how many.

        Args:
            is_gone: asked for each such name, since a file may also have been left out by
                ``--exclude`` or lie in a folder that may not be looked into just now.
        """
        present = self._count("SELECT count(*) FROM files WHERE state = 'present'")
        if self.files - self.pending + self._present == present:
            return 0
        missing = self._journal.query(
            "SELECT f.id, f.name FROM files f LEFT JOIN seen s ON s.name = f.name "
            "WHERE f.state = 'present' AND s.name IS NULL"
        )
        gone = [number for number, name in missing.fetchall() if is_gone(name)]
        if gone:
            self._journal.set_state(gone, GONE)
        return len(gone)
