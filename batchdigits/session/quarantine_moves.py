"""Quarantine and journal kept in step: what is set aside is on record, and the other way round."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from batchdigits.config import Quarantine, Settings
from batchdigits.journal.entries import FileEntry
from batchdigits.journal.files import FileState, QuarantinedFile
from batchdigits.journal.journal import Journal
from batchdigits.journal.meta_keys import REMOVING_KEY
from batchdigits.pipeline.inbox_walk import is_chosen
from batchdigits.records import Source
from batchdigits.session.inbox import Inbox
from batchdigits.session.quarantine import Restoration, quarantine_file, restore_file
from batchdigits.session.summary import Summary
from batchdigits.system.atomic_files import TEMPORARY_FILE_PATTERN
from batchdigits.system.file_moves import PARTIAL_COPY_PREFIX, has_content
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.held_files import FileInUseError, put_back_leftover
from batchdigits.system.logs import LOG
from batchdigits.system.name_rules import NameRules
from batchdigits.system.safe_files.places import is_missing
from batchdigits.system.safe_files.safe_open import safe_open

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
        """Finish what a kill came between, or a full disk.

        What was about to go is put back; what is on record as unreadable, but was not moved, is.
        """
        unmoved = self._journal.find_unquarantined()
        leaving = self._journal.get_json(REMOVING_KEY, [])
        names = [*leaving, *(name for _, name, _ in unmoved)]
        stuck = [name for name in names if not self._put_back_leftover(name)]
        if not set(stuck) <= set(leaving):  # else nobody would look for them once they are gone
            self._journal.set_meta(REMOVING_KEY, json.dumps(stuck))
        if self._settings.quarantine is Quarantine.OFF:
            return
        if unmoved:
            for pattern in (f"{PARTIAL_COPY_PREFIX}*", TEMPORARY_FILE_PATTERN):
                for partial in self._settings.quarantine_folder.rglob(pattern):
                    partial.unlink(missing_ok=True)
            self.quarantine_files(
                [
                    (file_id, self._inbox.make_source(name), entry)
                    for file_id, name, entry in unmoved
                ]
            )

    def _put_back_leftover(self, name: str) -> bool:
        """Put a file back that was about to go, if it was; ``False`` where that cannot be done."""
        try:
            put_back_leftover(Path(self._inbox.get_path(name)), self._inbox.root)
        except OSError as error:
            shown = escape_for_terminal(name)
            LOG.warning("%s was about to go, and cannot be put back: %s.", shown, error.strerror)
            return False
        return True

    def finish_moves_of(self, names: Sequence[str]) -> None:
        """Finish moves if one of these files, which are gone from the inbox, was to be moved.

        It may have got as far as quarantine, and no further: the journal could not be written.
        """
        unmoved_names = {name for _, name, _ in self._journal.find_unquarantined()}
        if not unmoved_names.isdisjoint(names):
            self.finish_moves()

    def restore_files(self) -> None:
        """Move files from quarantine to where they came from, to be read again."""
        settings = self._settings
        for file in self._journal.iter_quarantined():
            if is_chosen(file.name, settings.include, settings.exclude):
                self.restore(file)

    def catch_up_with_folder(self) -> None:
        """Take in what happened to the folder: files that somebody deleted, or went on writing to.

        The latter, which may happen where the system cannot tell who writes to a file, are put
        back in the inbox.
        """
        is_there = self._settings.quarantine_folder.is_dir()  # else it lies elsewhere for now
        for file in self._journal.iter_quarantined():
            if has_changed(file, self._journal.root):
                self.restore(file)
            elif is_there and is_missing(file.path):
                self._journal.set_state([file.file_id], FileState.GONE)

    def restore(self, file: QuarantinedFile) -> None:
        """Put a file back in the inbox, whatever has become of its content."""
        entry = self._journal.load_entry(file.file_id)
        restoration = restore_file(
            file.path, self._journal.root, self._inbox.make_source(file.name), entry
        )
        if restoration is Restoration.BACK:
            self._journal.mark_restored(file.file_id)
        elif restoration is Restoration.BACK_CHANGED:  # nothing is known of what it is now
            self._journal.forget(file.file_id)
        elif restoration is Restoration.MISSING:
            self._journal.set_state([file.file_id], FileState.GONE)


def has_changed(file: QuarantinedFile, root: str) -> bool:
    """Tell whether a file has another content than when it was taken to quarantine.

    A link in its place is not its file. ``root`` is the real path of the outbox.
    """
    try:
        descriptor, status = safe_open(str(file.path), root)
        os.close(descriptor)
    except OSError:
        return False
    is_same_time = abs(status.st_mtime_ns - file.mtime_ns) <= _COARSEST_MTIME_NS
    if status.st_size == file.size and is_same_time:
        return False
    return not has_content(file.path, file.size, file.sha256, root)
