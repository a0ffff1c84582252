"""The journal of an outbox: files and pages put on record, and found again."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from batchdigits.journal.entries import FileEntry, PageEntry
from batchdigits.journal.files import (
    FileState,
    PendingFile,
    QuarantinedFile,
    ReaderVersion,
    RecordedFile,
)
from batchdigits.journal.paths import inside
from batchdigits.journal.report_state import ReportStateStore
from batchdigits.records import FileStat
from batchdigits.system.filenames import to_display_name
from batchdigits.system.safe_files.places import remove_file

_PAGE_COLUMNS = ", ".join(PageEntry._fields)
_STAT_COUNT = 5  #: of the fields of a FileStat that are put on record
_STAT_COLUMNS = ", ".join(FileStat._fields[:_STAT_COUNT])
_PAGE_PLACEHOLDERS = ", ".join("?" * (len(PageEntry._fields) + 1))


class Journal(ReportStateStore):
    """The files and pages of one outbox."""

    def __init__(self, outbox: Path, is_read_only: bool = False) -> None:
        super().__init__(outbox, is_read_only)
        self._next_file_id = 1 + int(
            self.query("SELECT coalesce(max(id), 0) FROM files").fetchone()[0]
        )

    def register_reader_version(self, version: ReaderVersion) -> int:
        """Find the number under which a reader version is on record, or put it on record."""
        row = self.query(
            "SELECT id FROM makers WHERE model_sha256 = ? AND settings = ?",
            (version.model_sha256, version.settings),
        ).fetchone()
        if row is None:
            with self.transaction(invalidates_reports=False) as sql:
                sql.execute("INSERT INTO makers VALUES (NULL, ?, ?, ?)", version)
            return self.register_reader_version(version)
        return int(row[0])

    def record(
        self,
        results: Sequence[tuple[PendingFile, FileEntry]],
        reader_version_id: int,
        thumbnails: str,
    ) -> list[RecordedFile]:
        """Put a chunk on record, whole or not at all.

        Args:
            results: the files, each with what came of it.
            reader_version_id: what read them, see :meth:`register_reader_version`.
            thumbnails: the ``--thumbnails`` they were read with.

        Returns:
            The files that are on record anew: not those whose content was the one on record, nor
            those that cannot be read just now and were read before.
        """
        if not results:
            return []
        recorded: list[RecordedFile] = []
        orphans: set[str] = set()
        with self.transaction():
            for pending, entry in results:
                if not entry.pages:
                    self._update_file_stat(pending, entry.file_stat)
                    continue
                forgotten_count = 0
                if pending.earlier_id is not None:
                    replaced = self._replace_earlier(pending, entry, orphans)
                    if replaced is None:
                        continue
                    forgotten_count = replaced
                recorded.append(
                    RecordedFile(self._next_file_id, pending, entry, forgotten_count > 0)
                )
                self._next_file_id += 1
            self._insert(recorded, reader_version_id, thumbnails)
        drawn = {page.thumbnail for file in recorded for page in file.entry.pages}
        self._remove_thumbnails(orphans - drawn)
        return recorded

    def _insert(
        self, recorded: Sequence[RecordedFile], reader_version_id: int, thumbnails: str
    ) -> None:
        self.sql.executemany(
            f"INSERT INTO files (id, name, order_key, {_STAT_COLUMNS}, sha256, state, maker, "
            "pictured, readable, bad) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'present', ?, ?, ?, ?)",
            [
                (
                    *(file_id, pending.name, pending.order_key),
                    *(*entry.file_stat[:_STAT_COUNT], entry.sha256),
                    *(reader_version_id, thumbnails, entry.readable, entry.needs_quarantine),
                )
                for file_id, pending, entry, _ in recorded
            ],
        )
        self.sql.executemany(
            f"INSERT INTO pages (file, {_PAGE_COLUMNS}) VALUES ({_PAGE_PLACEHOLDERS})",
            [(file_id, *page) for file_id, _, entry, _ in recorded for page in entry.pages],
        )
        pictures = [
            (file_id, page, png)
            for file_id, _, entry, _ in recorded
            for page, png in entry.thumbnail_pngs
        ]
        if pictures:
            self.sql.executemany("INSERT INTO pictures VALUES (?, ?, ?)", pictures)

    def _update_file_stat(self, pending: PendingFile, file_stat: FileStat) -> None:
        """Update what the file system says of a file whose content is the one on record."""
        self.sql.execute(
            "UPDATE files SET size = ?, mtime_ns = ?, inode = ?, born_ns = ?, ctime_ns = ?, "
            "state = 'present' WHERE id = ?",
            (*file_stat[:_STAT_COUNT], pending.earlier_id),
        )

    def _replace_earlier(
        self, pending: PendingFile, entry: FileEntry, orphans: set[str]
    ) -> int | None:
        """Forget earlier contents under a name, or mark them as gone.

        The same content is read anew, one overwritten in place is replaced; one that was moved
        or deleted stays on record as gone, since scanners begin at ``scan0001`` every day.

        Args:
            pending: the file as it was to be read.
            entry: what came of it.
            orphans: thumbnails of what is forgotten are added to it.

        Returns:
            How many were forgotten; ``None`` where the new one is not to be recorded.
        """
        rows = self.query(
            "SELECT id, sha256, inode, born_ns, state FROM files WHERE name = ?", (pending.name,)
        ).fetchall()
        forgotten_count = 0
        for file_id, sha256, inode, born_ns, state in rows:
            is_present = state == FileState.PRESENT
            is_same_file = (inode, born_ns) == (entry.file_stat.inode, entry.file_stat.born_ns)
            if sha256 and not entry.sha256 and is_present:
                return None  # it cannot be read just now: what was read of it stays
            if not sha256 or sha256 == entry.sha256 or (is_present and is_same_file):
                orphans |= self._forget(file_id)
                forgotten_count += 1
            elif is_present:
                self.sql.execute("UPDATE files SET state = 'gone' WHERE id = ?", (file_id,))
        return forgotten_count

    def forget(self, file_id: int) -> None:
        """Take a file off the record, and its thumbnails from the outbox."""
        with self.transaction():
            thumbnails = self._forget(file_id)
        self._remove_thumbnails(thumbnails)

    def _remove_thumbnails(self, names: Iterable[str]) -> None:
        for name in names:
            # Names may be too much for the disk that the outbox was brought to.
            with suppress(OSError):
                remove_file(Path(inside(self.root, name)), self.root)

    def _forget(self, file_id: int) -> set[str]:
        """Take a file off the record; returns its thumbnails, which are left in the outbox."""
        self.check_file(file_id)
        rows = self.sql.execute(
            "SELECT thumbnail FROM pages WHERE file = ? AND thumbnail IS NOT NULL", (file_id,)
        )
        thumbnails = {str(thumbnail) for (thumbnail,) in rows}
        for table, key in (("pages", "file"), ("pictures", "file"), ("files", "id")):
            self.sql.execute(f"DELETE FROM {table} WHERE {key} = ?", (file_id,))
        return thumbnails

    def find_unquarantined(self) -> list[tuple[int, str, FileEntry]]:
        """Find unreadable files that are not in quarantine yet.

        Returns:
            Number, name and entry of each.
        """
        rows = self.query(
            "SELECT id, name FROM files WHERE bad AND aside IS NULL AND state = 'present'"
        )
        return [(file_id, name, self.load_entry(file_id)) for file_id, name in rows.fetchall()]

    def load_entry(self, file_id: int) -> FileEntry:
        """Load one file as it was recorded, without thumbnails."""
        self.check_file(file_id)
        *file_stat, sha256 = self.query(
            f"SELECT {_STAT_COLUMNS}, sha256 FROM files WHERE id = ?", (file_id,)
        ).fetchone()
        pages = self.query(
            f"SELECT {_PAGE_COLUMNS} FROM pages WHERE file = ? ORDER BY page", (file_id,)
        )
        return FileEntry.from_pages(FileStat(*file_stat), sha256, list(map(PageEntry._make, pages)))

    def count_unread(self) -> int:
        """Count the files in the inbox that could not be read, or not wholly."""
        (count,) = self.query(
            "SELECT count(*) FROM files WHERE state = 'present' AND (bad OR NOT readable)"
        ).fetchone()
        return int(count)

    def mark_quarantined(self, moves: Iterable[tuple[int, Path, bool]]) -> None:
        """Note where files lie in quarantine.

        Args:
            moves: number, path in quarantine, and whether the file has left the inbox, of each.
        """
        states = {True: FileState.QUARANTINED, False: FileState.PRESENT}
        with self.transaction() as sql:
            sql.executemany(
                "UPDATE files SET aside = ?, state = ? WHERE id = ?",
                [
                    (self._format_path(path), states[has_left], file_id)
                    for file_id, path, has_left in moves
                ],
            )

    def _format_path(self, path: Path) -> str:
        """Return a path from the outbox on, as text."""
        return to_display_name(os.path.relpath(path, self.root))

    def iter_quarantined(self) -> Iterator[QuarantinedFile]:
        """Find the files that were taken to quarantine."""
        rows = self.query(
            "SELECT id, name, aside, size, mtime_ns, sha256 FROM files "
            "WHERE state = 'quarantined' ORDER BY id"
        )
        for file_id, name, path, *rest in rows.fetchall():
            self.check_file(file_id)
            yield QuarantinedFile(file_id, name, Path(inside(self.root, path)), *rest)

    def mark_restored(self, file_id: int) -> None:
        """Note that a file is in the inbox again and not in quarantine."""
        with self.transaction() as sql:
            sql.execute("UPDATE files SET state = 'present', aside = NULL WHERE id = ?", (file_id,))

    def set_state(self, file_ids: Iterable[int], state: FileState) -> None:
        """Note where files are."""
        with self.transaction() as sql:
            sql.executemany(
                "UPDATE files SET state = ? WHERE id = ?",
                [(state, file_id) for file_id in file_ids],
            )

    def mark_gone(self, names: Iterable[str]) -> None:
        """Note that files are no longer in the inbox."""
        with self.transaction() as sql:
            sql.executemany(
                "UPDATE files SET state = 'gone' WHERE name = ? AND state = 'present'",
                [(name,) for name in names],
            )

    def is_present(self, name: str) -> bool:
        """Check whether a file is on record as one in the inbox."""
        (is_present,) = self.query(
            "SELECT EXISTS (SELECT 1 FROM files WHERE name = ? AND state = 'present')", (name,)
        ).fetchone()
        return bool(is_present)

    def find_removable(
        self, reader_version_id: int, only_ok: bool
    ) -> list[tuple[int, str, int, str]]:
        """Find files in the inbox that were read, and may be taken away.

        Args:
            reader_version_id: what must have read them.
            only_ok: leave out those of which somebody should look at a page.

        Returns:
            Number, name, size in bytes and hash of each.
        """
        self.check_rows()
        statement = (
            "SELECT id, name, size, sha256 FROM files f "
            "WHERE state = 'present' AND readable AND maker = ? AND NOT (bad AND aside IS NULL)"
        )
        if only_ok:
            statement += (
                " AND NOT EXISTS (SELECT 1 FROM pages WHERE file = f.id AND status <> 'ok')"
            )
        return self.query(statement, (reader_version_id,)).fetchall()

    def mark_processed(self, moves: Iterable[tuple[int, Path | None]]) -> None:
        """Note that read files are about to be taken away.

        Args:
            moves: number and new path of each; no path where it is to be deleted.
        """
        with self.transaction() as sql:
            sql.executemany(
                "UPDATE files SET state = 'processed', processed = ? WHERE id = ?",
                [(path and self._format_path(path), file_id) for file_id, path in moves],
            )
