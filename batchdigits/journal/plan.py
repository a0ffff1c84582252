"""Which files of an inbox are to be read: those found there, against those on record.

The listing is in a temporary table, not in memory, so that an inbox of a million files takes
no more of it than one of ten.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from batchdigits.config import Thumbnails
from batchdigits.journal.files import FileState, PendingFile
from batchdigits.journal.journal import Journal
from batchdigits.records import ListedFile
from batchdigits.system.filenames import make_order_key

#: Files to be read that are fetched at a time.
_FETCH_SIZE = 4096
#: Files up to which each is looked up sooner than it is found out whether any is gone at all.
_SMALL_LISTING = 100
#: The ``--thumbnails`` with which a file may have been read, for each that is asked for: those of
#: ``each`` are enough for sheets.
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
# When a file's record holds, besides that all its file system says of it must be as it was. A file
# that was never read has no hash, and its record holds for nothing; nor does one that failed for
# the moment.
_IS_UP_TO_DATE = (
    "f.maker = :maker AND f.state = 'present' AND f.sha256 <> '' AND f.pictured IN ({thumbnails})"
    " AND (f.readable OR f.bad OR {unsupported})"
    " AND NOT (:retry_failed AND {failed})"
)
# Size and mtime alone do not show that two files were swapped, or that another was copied there
# with its times.
_IS_SAME_FILE = (
    "f.size = s.size AND f.mtime_ns = s.mtime_ns AND f.inode = s.inode AND f.ctime_ns = s.ctime_ns"
)
_INSERT_PENDING = """
INSERT INTO pending
SELECT coalesce(f.order_key, order_key(s.name)) AS sort_key, s.name, s.size, f.id,
       coalesce(f.sha256, ''), f.id IS NOT NULL AND NOT :force AND {is_up_to_date},
       (SELECT count(*) FROM files WHERE name = s.name) > 1, f.state IS 'present',
       f.maker IS NOT NULL AND f.maker <> :maker, s.mtime_ns, s.inode, s.ctime_ns
FROM listing s LEFT JOIN files f ON f.id =
     (SELECT id FROM files WHERE name = s.name ORDER BY state = 'present' DESC, id DESC)
WHERE :force OR NOT EXISTS (
    SELECT 1 FROM files f WHERE f.name = s.name AND {is_same_file} AND {is_up_to_date})
ORDER BY sort_key
"""
_SELECT_RETURNED = f"""
SELECT f.id FROM listing s JOIN files f ON f.name = s.name AND {_IS_SAME_FILE}
WHERE f.state = 'gone'
AND NOT EXISTS (SELECT 1 FROM files WHERE name = s.name AND state = 'present')
GROUP BY s.name HAVING f.id = max(f.id)
"""


class ReadPolicy(NamedTuple):
    """What the record of a file must be, so that the file is not read again.

    Attributes:
        reader_version_id: what must have read it, see :meth:`Journal.register_reader_version`.
        thumbnails: pictures that there must be.
        force: no record will do: all files are read again.
        retry_failed: nor will that of a file that could not be read.
    """

    reader_version_id: int
    thumbnails: Thumbnails
    force: bool = False
    retry_failed: bool = False


class Plan:
    """The files of one walk through the inbox, and which of them are to be read.

    Attributes:
        file_count: how many were found.
        pending_count: how many of them are to be read.
        pending_bytes: how many bytes these have.
        outdated_count: how many of these only because model or settings changed.
    """

    def __init__(self, journal: Journal, listing: Iterable[ListedFile], policy: ReadPolicy) -> None:
        """Compare files with what is on record; those that came back are noted as present.

        Args:
            journal: what is on record.
            listing: the files that were found.
            policy: which records hold.
        """
        self._journal = journal
        with journal.translate_errors():
            self._store_listing(listing)
            self.file_count = self._count("SELECT count(*) FROM listing")
            is_small = self.file_count <= _SMALL_LISTING
            if is_small or self._count("SELECT EXISTS (SELECT 1 FROM files WHERE state = 'gone')"):
                returned = [file_id for (file_id,) in journal.query(_SELECT_RETURNED).fetchall()]
                if returned:
                    journal.set_state(returned, FileState.PRESENT)
            self._select_pending(policy)
        counts = journal.query(
            "SELECT count(*), total(size), total(outdated), total(present) FROM pending"
        )
        self.pending_count, self.pending_bytes, self.outdated_count, self._present = map(
            int, counts.fetchone()
        )

    def _store_listing(self, listing: Iterable[ListedFile]) -> None:
        sql = self._journal.sql
        sql.create_function("order_key", 1, make_order_key, deterministic=True)
        for table in ("listing", "pending"):
            sql.execute(f"DROP TABLE IF EXISTS temp.{table}")
        sql.execute(
            "CREATE TEMP TABLE listing (name TEXT, size INTEGER, mtime_ns INTEGER,"
            " inode INTEGER, ctime_ns INTEGER)"
        )
        sql.execute(
            "CREATE TEMP TABLE pending (order_key TEXT, name TEXT, size INTEGER, earlier INTEGER,"
            " sha256 TEXT, is_valid INTEGER, crowded INTEGER, present INTEGER, outdated INTEGER,"
            " mtime_ns INTEGER, inode INTEGER, ctime_ns INTEGER)"
        )
        sql.execute("BEGIN")
        try:
            sql.executemany("INSERT INTO listing VALUES (?, ?, ?, ?, ?)", listing)
        finally:
            if sql.in_transaction:  # a full disk has rolled it back already
                sql.execute("COMMIT")

    def _select_pending(self, policy: ReadPolicy) -> None:
        is_up_to_date = _IS_UP_TO_DATE.format(
            thumbnails=_SUFFICIENT_THUMBNAILS[policy.thumbnails],
            failed=_HAS_FAILED_PAGE,
            unsupported=_HAS_UNSUPPORTED_PAGE,
        )
        self._journal.sql.execute(
            _INSERT_PENDING.format(is_same_file=_IS_SAME_FILE, is_up_to_date=is_up_to_date),
            {
                "maker": policy.reader_version_id,
                "force": policy.force,
                "retry_failed": policy.retry_failed,
            },
        )

    def _count(self, statement: str) -> int:
        return int(self._journal.query(statement).fetchone()[0])

    def fetch_first(self, limit: int) -> list[ListedFile]:
        """Fetch the first files to be read, at most so many."""
        rows = self._journal.query(
            "SELECT name, size, mtime_ns, inode, ctime_ns FROM pending ORDER BY rowid LIMIT ?",
            (limit,),
        )
        return list(map(ListedFile._make, rows))

    def iter_chunks(self, max_files: int, max_bytes: int) -> Iterator[list[PendingFile]]:
        """Fetch the files to be read, up to so many files, or so many bytes, at a time.

        In scan order: scanners write so, and the journal's indexes then grow at their end.
        """
        chunk: list[PendingFile] = []
        chunk_bytes = 0
        last_name = None
        for *cells, size in self._iter_rows():
            pending = PendingFile._make(cells)
            # A folder that changes while it is listed may name a file twice.
            if pending.name == last_name:
                continue
            last_name = pending.name
            if chunk and (len(chunk) >= max_files or chunk_bytes + size > max_bytes):
                yield chunk
                chunk, chunk_bytes = [], 0
            chunk.append(pending)
            chunk_bytes += size
        if chunk:
            yield chunk

    def _iter_rows(self) -> Iterator[tuple[Any, ...]]:
        """Fetch rows in blocks: an open cursor would keep SQLite's log from being cut back."""
        for start in range(0, self.pending_count, _FETCH_SIZE):
            yield from self._journal.query(
                "SELECT name, order_key, earlier, sha256, is_valid, crowded, size FROM pending "
                "WHERE rowid > ? AND rowid <= ? ORDER BY rowid",
                (start, start + _FETCH_SIZE),
            ).fetchall()

    def mark_gone(self, is_gone: Callable[[str], bool]) -> int:
        """Note which files on record, but not found, are gone.

        Args:
            is_gone: asked for each such name, since a file may also have been left out by
                ``--exclude`` or lie in a folder that may not be looked into just now.

        Returns:
            How many are.
        """
        present = self._count("SELECT count(*) FROM files WHERE state = 'present'")
        if self.file_count - self.pending_count + self._present == present:
            return 0
        missing = self._journal.query(
            "SELECT f.id, f.name FROM files f LEFT JOIN listing s ON s.name = f.name "
            "WHERE f.state = 'present' AND s.name IS NULL"
        )
        gone = [file_id for file_id, name in missing.fetchall() if is_gone(name)]
        if gone:
            self._journal.set_state(gone, FileState.GONE)
        return len(gone)
