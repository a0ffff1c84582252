"""A chunk of files that were read, put on record; then its unreadable files are set aside."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import NamedTuple

from batchdigits.config import Thumbnails
from batchdigits.journal.corrections import find_checked
from batchdigits.journal.entries import FileEntry
from batchdigits.journal.files import PendingFile, RecordedFile
from batchdigits.journal.journal import Journal
from batchdigits.reasons import Status
from batchdigits.records import Source
from batchdigits.session.busy_files import make_busy, mark_busy_if_written
from batchdigits.session.entry_log import EntryLog
from batchdigits.session.file_identity import confirm_identity
from batchdigits.session.outbox_access import close_to_readers
from batchdigits.session.quarantine_moves import QuarantineMoves
from batchdigits.session.summary import Summary


class ReadFile(NamedTuple):
    """A file as it was to be read, where it lies, and what came of it."""

    pending: PendingFile
    source: Source
    entry: FileEntry


#: Says what is put on record of a file; ``None`` leaves it out, as if it had never been read.
RecordDecision = Callable[[ReadFile], FileEntry | None]


def record_all(file: ReadFile) -> FileEntry:
    """Decide to put on record what was read of a file."""
    return file.entry


class ReadChunk(NamedTuple):
    """A chunk that was read: every file of it, and those that were put on record anew."""

    files: list[tuple[PendingFile, FileEntry]]
    recorded: list[RecordedFile]


class ChunkRecorder:
    """Puts chunks on record in one journal."""

    def __init__(
        self,
        journal: Journal,
        quarantine: QuarantineMoves,
        summary: Summary,
        reader_version_id: int,
        thumbnails: Thumbnails,
    ) -> None:
        """Make a recorder.

        Args:
            journal: gets the files.
            quarantine: sets the unreadable ones aside.
            summary: counts them.
            reader_version_id: what reads them.
            thumbnails: with which pictures.
        """
        self._journal = journal
        self._quarantine = quarantine
        self._summary = summary
        self._reader_version_id = reader_version_id
        self._thumbnails = thumbnails
        self._entry_log = EntryLog(thumbnails)

    def record(self, files: Sequence[ReadFile], decide: RecordDecision) -> ReadChunk:
        """Put a chunk on record, and set its unreadable files aside.

        One that somebody writes to is not set aside, and is ``busy``.

        Raises:
            OSError: the outbox is no longer there.
            OutboxError: the journal cannot be written.
        """
        results: list[tuple[PendingFile, FileEntry]] = []
        bad_sources: dict[str, Source] = {}
        for file in files:
            if file.pending.earlier_id is not None:
                file = file._replace(entry=confirm_identity(self._journal, *file))
            if file.entry.needs_quarantine:
                file = file._replace(entry=mark_busy_if_written(file.source, file.entry))
            entry = decide(file)
            if entry is None:
                continue
            results.append((file.pending, entry))
            if entry.needs_quarantine:
                bad_sources[file.source.name] = file.source
            self._entry_log.log(file.source.name, entry)
        self._journal.check_in_place()
        close_to_readers(self._journal, [entry.file_stat for _, entry in results])
        with self._journal.use_full_sync() if bad_sources else nullcontext():
            recorded = self._record(results)
        if bad_sources:
            recorded = self._quarantine_files(recorded, bad_sources)
            entry_of = {file.pending.name: file.entry for file in recorded}
            results = [(pending, entry_of.get(pending.name, entry)) for pending, entry in results]
        self._count([entry for _, entry in results])
        return ReadChunk(results, recorded)

    def _count(self, entries: Sequence[FileEntry]) -> None:
        doubtful = (
            entry.sha256
            for entry in entries
            if any(page.status == Status.REVIEW for page in entry.pages)
        )
        self._summary.add(entries, find_checked(self._journal, doubtful))

    def _record(self, results: Sequence[tuple[PendingFile, FileEntry]]) -> list[RecordedFile]:
        return self._journal.record(results, self._reader_version_id, self._thumbnails.value)

    def _quarantine_files(
        self, recorded: list[RecordedFile], sources: dict[str, Source]
    ) -> list[RecordedFile]:
        """Set files aside; returns all files, with what is on record of them now."""
        bad_files = [file for file in recorded if file.entry.needs_quarantine]
        busy_ids = self._quarantine.quarantine_files(
            [(file.file_id, sources[file.pending.name], file.entry) for file in bad_files]
        )
        if not busy_ids:
            return recorded
        busy_files = [
            (file.pending._replace(earlier_id=file.file_id), make_busy(file.entry))
            for file in bad_files
            if file.file_id in busy_ids
        ]
        others = [file for file in recorded if file.file_id not in busy_ids]
        return others + self._record(busy_files)
