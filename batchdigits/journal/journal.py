"""What was read: files and pages put on record, and found again."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from batchdigits.journal.entries import FileEntry, PageEntry
from batchdigits.journal.report_state import ReportStateStore
from batchdigits.records import FileStat
from batchdigits.system.filenames import to_display_name, to_raw_name

#: ``source_state``: in the inbox, no longer there, or taken away by the program itself, to
#: quarantine or because it was read and was not to be left there.
PRESENT, GONE, QUARANTINED, PROCESSED = "present", "gone", "quarantined", "processed"

_PAGE_COLUMNS = ", ".join(PageEntry._fields)
_PAGE_PLACEHOLDERS = ", ".join("?" * (len(PageEntry._fields) + 1))


class ReaderVersion(NamedTuple):
    """What made a reading: the model's name and hash, and the settings that change readings."""

    model: str
    model_sha256: str
    settings: str


class PendingFile(NamedTuple):
    """One file to read.

    ``earlier`` is the number of the file last recorded under this name (``None`` for a new
    name) and ``earlier_sha256`` its content; ``is_valid`` tells that its reading would still
    hold for the same content; ``crowded`` that several contents are on record under the name.
    """

    name: str
    order_key: str
    earlier_id: int | None
    earlier_sha256: str
    has_valid_reading: bool
    has_other_contents: bool


class RecordedFile(NamedTuple):
    """A file put on record anew under a number; ``replaces`` tells that an earlier row went."""

    file_id: int
    pending: PendingFile
    entry: FileEntry
    replaces_earlier: bool


class Journal(ReportStateStore):
    """The files and pages of one outbox."""

    def __init__(self, outbox: Path) -> None:
        super().__init__(outbox)
        self._outbox_path = outbox
        self._next_file_id = 1 + int(
            self.query("SELECT coalesce(max(id), 0) FROM files").fetchone()[0]
        )

    def register_reader_version(self, version: ReaderVersion) -> int:
        """The number under which a maker is on record; it is added where it is new."""
        find = "SELECT id FROM makers WHERE model_sha256 = ? AND settings = ?"
        found = self.query(find, (version.model_sha256, version.settings)).fetchone()
        if found is None:
            with self.transaction(invalidates_reports=False) as sql:
                sql.execute("INSERT INTO makers VALUES (NULL, ?, ?, ?)", version)
            return self.register_reader_version(version)
        return int(found[0])

    def record(
        self,
        results: Sequence[tuple[PendingFile, FileEntry]],
        reader_version_id: int,
        thumbnails: str,
    ) -> list[RecordedFile]:
        """Put a chunk on record, whole or not at all; returns what is on record anew."""
        if not results:
            return []
        new: list[RecordedFile] = []
        orphans: set[str] = set()
        with self.transaction():
            for todo, entry in results:
                if not entry.pages:
                    self._update_file_stat(todo, entry.file_stat)
                    continue
                forgotten = 0
                if todo.earlier_id is not None:
                    made = self._replace_earlier(todo, entry, orphans)
                    if made is None:
                        continue
                    forgotten = made
                new.append(RecordedFile(self._next_file_id, todo, entry, forgotten > 0))
                self._next_file_id += 1
            self._insert(new, reader_version_id, thumbnails)
        drawn = {page.thumbnail for each in new for page in each.entry.pages}
        for thumbnail in orphans - drawn:
            (self._outbox_path / thumbnail).unlink(missing_ok=True)
        return new

    def _insert(
        self, recorded: Sequence[RecordedFile], reader_version_id: int, thumbnails: str
    ) -> None:
        self.sql.executemany(
            "INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'present', ?, ?, ?, ?, NULL, NULL)",
            [
                (
                    *(number, todo.name, todo.order_key, *entry.file_stat, entry.sha256),
                    *(reader_version_id, thumbnails, entry.readable, entry.needs_quarantine),
                )
                for number, todo, entry, _ in recorded
            ],
        )
        self.sql.executemany(
            f"INSERT INTO pages (file, {_PAGE_COLUMNS}) VALUES ({_PAGE_PLACEHOLDERS})",
            [(number, *page) for number, _, entry, _ in recorded for page in entry.pages],
        )
        pictures = [
            (number, *each) for number, _, entry, _ in recorded for each in entry.thumbnail_pngs
        ]
        if pictures:
            self.sql.executemany("INSERT INTO pictures VALUES (?, ?, ?)", pictures)

    def _update_file_stat(self, pending: PendingFile, file_stat: FileStat) -> None:
        """The content is the one on record: only what the file system says of it is new."""
        self.sql.execute(
            "UPDATE files SET size = ?, mtime_ns = ?, inode = ?, born_ns = ?, state = 'present' "
            "WHERE id = ?",
            (*file_stat, pending.earlier_id),
        )

    def _replace_earlier(
        self, pending: PendingFile, entry: FileEntry, orphans: set[str]
    ) -> int | None:
        """Settle what becomes of earlier contents under a name.

        Returns how many were forgotten; ``None`` where the new one is not to be recorded.

        The same content is read anew, one overwritten in place is replaced; one that was moved
        or deleted stays on record as gone, since scanners begin at ``scan0001`` every day.
        """
        rows = self.query(
            "SELECT id, sha256, inode, born_ns, state FROM files WHERE name = ?", (pending.name,)
        ).fetchall()
        forgotten = 0
        for number, sha256, inode, born_ns, state in rows:
            here = (inode, born_ns) == (entry.file_stat.inode, entry.file_stat.born_ns)
            if sha256 and not entry.sha256 and state == PRESENT:
                return None  # it cannot be read just now: what was read of it stays
            if not sha256 or sha256 == entry.sha256 or (state == PRESENT and here):
                orphans |= self._forget(number)
                forgotten += 1
            elif state == PRESENT:
                self.sql.execute("UPDATE files SET state = 'gone' WHERE id = ?", (number,))
        return forgotten

    def forget(self, file_id: int) -> None:
        """Take a file off the record, and its pictures with it."""
        with self.transaction():
            thumbnails = self._forget(file_id)
        for thumbnail in thumbnails:
            (self._outbox_path / thumbnail).unlink(missing_ok=True)

    def _forget(self, file_id: int) -> set[str]:
        find = "SELECT thumbnail FROM pages WHERE file = ? AND thumbnail IS NOT NULL"
        thumbnails = {str(row[0]) for row in self.sql.execute(find, (file_id,))}
        for table, key in (("pages", "file"), ("pictures", "file"), ("files", "id")):
            self.sql.execute(f"DELETE FROM {table} WHERE {key} = ?", (file_id,))
        return thumbnails

    def find_unquarantined(self) -> list[tuple[int, str, FileEntry]]:
        """Number, name and entry of unreadable files that are not in quarantine yet."""
        find = "SELECT id, name FROM files WHERE bad AND aside IS NULL AND state = 'present'"
        return [
            (number, name, self.load_entry(number)) for number, name in self.query(find).fetchall()
        ]

    def load_entry(self, file_id: int) -> FileEntry:
        """One file as it was recorded."""
        find = "SELECT size, mtime_ns, inode, born_ns, sha256 FROM files WHERE id = ?"
        *stamp, sha256 = self.query(find, (file_id,)).fetchone()
        pages = self.query(
            f"SELECT {_PAGE_COLUMNS} FROM pages WHERE file = ? ORDER BY page", (file_id,)
        )
        return FileEntry.from_pages(FileStat(*stamp), sha256, list(map(PageEntry._make, pages)))

    def count_unread(self) -> int:
        """How many files in the inbox could not be read, or not wholly."""
        found = "SELECT count(*) FROM files WHERE state = 'present' AND (bad OR NOT readable)"
        return int(self.query(found).fetchone()[0])

    def mark_quarantined(self, moves: Iterable[tuple[int, Path, bool]]) -> None:
        """Note where files lie in quarantine, and which of them have left the inbox."""
        with self.transaction() as sql:
            sql.executemany(
                "UPDATE files SET aside = ?, state = ? WHERE id = ?",
                [
                    (self._format_path(place), QUARANTINED if left else PRESENT, number)
                    for number, place, left in moves
                ],
            )

    def _format_path(self, path: Path) -> str:
        return to_display_name(os.path.relpath(path, self._outbox_path))

    def iter_quarantined(self) -> Iterator[tuple[int, str, Path, FileEntry]]:
        """Number, name, place and entry of every file that was taken to quarantine."""
        find = "SELECT id, name, aside FROM files WHERE state = 'quarantined' ORDER BY id"
        for number, name, aside in self.query(find).fetchall():
            yield number, name, self._outbox_path / to_raw_name(aside), self.load_entry(number)

    def mark_restored(self, file_id: int) -> None:
        """Note that a file is in the inbox again and not in quarantine."""
        with self.transaction() as sql:
            sql.execute("UPDATE files SET state = 'present', aside = NULL WHERE id = ?", (file_id,))

    def set_state(self, file_ids: Iterable[int], state: str) -> None:
        """Note that files are ``present`` or ``gone``."""
        with self.transaction() as sql:
            sql.executemany(
                "UPDATE files SET state = ? WHERE id = ?", [(state, each) for each in file_ids]
            )

    def mark_gone(self, names: Iterable[str]) -> None:
        """Note that files are no longer in the inbox."""
        with self.transaction() as sql:
            sql.executemany(
                "UPDATE files SET state = 'gone' WHERE name = ? AND state = 'present'",
                [(name,) for name in names],
            )

    def is_present(self, name: str) -> bool:
        """Whether a file is on record as one in the inbox."""
        find = "SELECT EXISTS (SELECT 1 FROM files WHERE name = ? AND state = 'present')"
        return bool(self.query(find, (name,)).fetchone()[0])

    def find_removable(
        self, reader_version_id: int, only_ok: bool
    ) -> list[tuple[int, str, int, str]]:
        """Number, name, size in bytes and hash of files in the inbox that were read.

        ``sure`` leaves out those of which somebody should look at a page.
        """
        find = (
            "SELECT id, name, size, sha256 FROM files f "
            "WHERE state = 'present' AND readable AND maker = ? AND NOT (bad AND aside IS NULL)"
        )
        if only_ok:
            find += " AND NOT EXISTS (SELECT 1 FROM pages WHERE file = f.id AND status <> 'ok')"
        return self.query(find, (reader_version_id,)).fetchall()

    def mark_processed(self, moves: Iterable[tuple[int, Path | None]]) -> None:
        """Note where read files are about to be moved, or that they are to be deleted."""
        with self.transaction() as sql:
            sql.executemany(
                "UPDATE files SET state = 'processed', processed = ? WHERE id = ?",
                [(place and self._format_path(place), number) for number, place in moves],
            )
