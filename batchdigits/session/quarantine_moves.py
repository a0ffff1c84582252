"""Quarantine and journal kept in step: what is set aside is on record, and the other way round."""

from collections.abc import Sequence

from batchdigits.config import Quarantine, Settings
from batchdigits.journal.entries import FileEntry
from batchdigits.journal.journal import Journal
from batchdigits.pipeline.inbox_walk import is_chosen
from batchdigits.records import Source
from batchdigits.session.inbox import Inbox
from batchdigits.session.quarantine import quarantine_file, restore_file
from batchdigits.system.atomic_files import TEMPORARY_FILE_PATTERN
from batchdigits.system.file_moves import PARTIAL_COPY_PREFIX
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.logs import LOG
from batchdigits.system.name_rules import NameRules


class QuarantineMoves:
    """The moves to and from the quarantine of one outbox."""

    def __init__(
        self, settings: Settings, journal: Journal, inbox: Inbox, name_rules: NameRules
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._inbox = inbox
        self._name_rules = name_rules
        self._warned_ids: set[int] = set()

    def quarantine_files(self, files: Sequence[tuple[int, Source, FileEntry]]) -> None:
        """Set files aside that are on record as unreadable, and note where they lie.

        One that cannot be set aside stays, and a line says so the first time.

        Args:
            files: number in the journal, file and entry of each.
        """
        moves = []
        for file_id, source, entry in files:
            try:
                if move := quarantine_file(source, entry, self._settings, self._name_rules):
                    moves.append((file_id, *move))
            except OSError as error:
                if file_id not in self._warned_ids:
                    name = escape_for_terminal(source.name)
                    LOG.warning("%s could not be quarantined and stays: %s.", name, error.strerror)
                self._warned_ids.add(file_id)
        if moves:
            self._journal.mark_quarantined(moves)

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
            if is_chosen(name, settings.include, settings.exclude) and restore_file(
                path, self._make_source(name), entry
            ):
                self._journal.mark_restored(file_id)

    def _make_source(self, name: str) -> Source:
        return Source(self._inbox.get_path(name), name)
