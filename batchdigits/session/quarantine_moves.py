"""Quarantine and journal kept in step: what is set aside is on record, and the other way round."""

from collections.abc import Sequence
from pathlib import Path

from batchdigits.config import Quarantine, Settings
from batchdigits.journal.entries import FileEntry
from batchdigits.journal.journal import Journal
from batchdigits.pipeline.inbox_walk import is_chosen
from batchdigits.records import Source
from batchdigits.session.inbox import Inbox
from batchdigits.session.quarantine import Restoration, quarantine_file, restore_file
from batchdigits.session.summary import Summary
from batchdigits.system.atomic_files import TEMPORARY_FILE_PATTERN
from batchdigits.system.file_moves import PARTIAL_COPY_PREFIX, has_content
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.leases import FileInUseError
from batchdigits.system.logs import LOG
from batchdigits.system.name_rules import NameRules

#: FAT keeps times to two seconds.
_COARSEST_MTIME_NS = 2 * 10**9


class QuarantineMoves:
    """The moves to and from the quarantine of one outbox."""

    def __init__(
        self,
        settings: Settings,
        journal: Journal,
        inbox: Inbox,
        summary: Summary,
        name_rules: NameRules,
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._inbox = inbox
        self._summary = summary
        self._name_rules = name_rules
        self._warned_ids: set[int] = set()

    def quarantine_files(self, files: Sequence[tuple[int, Source, FileEntry]]) -> set[int]:
        """Set files aside that are on record as unreadable, and note where they lie.

        One that cannot be set aside stays, and a line says so the first time.

        Args:
            files: number in the journal, file and entry of each.

        Returns:
            The numbers of those that stay because somebody writes to them.
        """
        moves = []
        busy_ids = set()
        for file_id, source, entry in files:
            try:
                if move := quarantine_file(source, entry, self._settings, self._name_rules):
                    moves.append((file_id, *move))
            except FileInUseError:
                busy_ids.add(file_id)
            except OSError as error:
                if file_id not in self._warned_ids:
                    name = escape_for_terminal(source.name)
                    LOG.warning("%s could not be quarantined and stays: %s.", name, error.strerror)
                self._warned_ids.add(file_id)
        if moves:
            self._journal.mark_quarantined(moves)
            moved = sum(has_left for _, _, has_left in moves)
            self._summary.moved += moved
            self._summary.copied += len(moves) - moved
        return busy_ids

    def finish_moves(self) -> None:
        """Set aside what is on record but was not moved: a kill came between, or a full disk."""
        if self._settings.quarantine is Quarantine.OFF:
            return
        if unmoved := self._journal.find_unquarantined():
            for pattern in (f"{PARTIAL_COPY_PREFIX}*", TEMPORARY_FILE_PATTERN):
                for partial in self._settings.quarantine_folder.rglob(pattern):
                    partial.unlink(missing_ok=True)
            self.quarantine_files(
                [(file_id, self._make_source(name), entry) for file_id, name, entry in unmoved]
            )

    def restore_files(self) -> None:
        """Move files from quarantine to where they came from, to be read again."""
        settings = self._settings
        for file_id, name, path, entry in list(self._journal.iter_quarantined()):
            if is_chosen(name, settings.include, settings.exclude):
                self._restore_file(file_id, name, path, entry)

    def restore_changed_files(self) -> None:
        """Put files back in the inbox that somebody went on writing to after they had been moved.

        Where the system cannot tell who writes to a file, that may happen.
        """
        for file_id, name, path, size, mtime_ns in self._journal.iter_quarantined_files():
            try:
                status = path.stat()
            except OSError:
                continue
            is_same_time = abs(status.st_mtime_ns - mtime_ns) <= _COARSEST_MTIME_NS
            if status.st_size == size and is_same_time:
                continue
            entry = self._journal.load_entry(file_id)
            if not has_content(path, size, entry.sha256):
                self._restore_file(file_id, name, path, entry)

    def _restore_file(self, file_id: int, name: str, path: Path, entry: FileEntry) -> None:
        restoration = restore_file(path, self._make_source(name), entry)
        if restoration is Restoration.BACK_CHANGED:
            LOG.info(
                "%s changed while it was in quarantine, and is back in the inbox.",
                escape_for_terminal(name),
            )
        if restoration in (Restoration.BACK, Restoration.BACK_CHANGED):
            self._journal.mark_restored(file_id)

    def _make_source(self, name: str) -> Source:
        return Source(self._inbox.get_path(name), name)
