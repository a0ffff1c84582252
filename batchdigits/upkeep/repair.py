"""What was found in an outbox mended, as far as that can be done without reading an image.

Nothing that a person made is removed or overwritten, and what only the next run can do, reading a
file again, is left to it: its row says so.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from batchdigits.config import Settings
from batchdigits.journal.files import FileState, QuarantinedFile
from batchdigits.journal.journal import Journal
from batchdigits.journal.meta_keys import RUN_KEY
from batchdigits.journal.paths import inside, is_inside
from batchdigits.records import FileStat
from batchdigits.reports.contact_sheets import forget_sheets
from batchdigits.reports.rerender import rerender_reports
from batchdigits.session.inbox import Inbox
from batchdigits.session.outbox import check_folders, hold_outbox
from batchdigits.session.quarantine import restore_orphan
from batchdigits.session.quarantine_moves import QuarantineMoves
from batchdigits.session.quarantine_notes import read_note, renew_note
from batchdigits.session.summary import Summary
from batchdigits.system.filenames import to_display_name
from batchdigits.system.name_rules import find_name_rules
from batchdigits.system.safe_files.places import remove_file
from batchdigits.upkeep.findings import Finding, Findings
from batchdigits.upkeep.inbox_check import Hashing, OnProgress
from batchdigits.upkeep.journal_check import DamagedJournalError, check_journal
from batchdigits.upkeep.kinds import Kind
from batchdigits.upkeep.lost_corrections import add_missing, read_table_corrections
from batchdigits.upkeep.recover import Recovery, recover_journal
from batchdigits.upkeep.verify import (
    check_readable_origin,
    compare_outbox,
    copy_outbox_journal,
    get_settings,
    is_inbox_there,
    refuse_unused,
)

_SHEET_KINDS = (Kind.SHEET_OUTDATED, Kind.SHEET_ORPHAN)
_REPORT_KINDS = (
    *(Kind.REPORT_MISSING, Kind.REPORT_OUTDATED, Kind.REPORT_DIFFERENT, Kind.REPORT_CHANGED),
)


@dataclass(frozen=True, slots=True)
class RepairResult:
    """What came of mending an outbox.

    Attributes:
        damage: what was wrong with the journal, in a sentence; empty where it was whole.
        recovery: what became of a damaged journal.
        before: what was found at first.
        after: what is still found.
    """

    damage: str
    recovery: Recovery | None
    before: Findings
    after: Findings


def repair_outbox(
    outbox: Path,
    is_trusted: bool,
    is_quick: bool,
    on_progress: OnProgress,
    inbox: Path | None = None,
) -> RepairResult:
    """Compare an outbox with its journal and its inbox, and mend what can be mended.

    Args:
        outbox: the folder.
        is_trusted: whether its journal may be another user's.
        is_quick: whether sizes and times of files are compared instead of their contents.
        on_progress: told how it gets on.
        inbox: the folder that was read into the outbox, where its journal was made elsewhere.

    Raises:
        OutboxError: the outbox is in use, cannot be written, belongs to another inbox, or is not
            to be trusted.
        UsageError: nothing was read here yet.
    """
    refuse_unused(outbox)
    check_readable_origin(outbox, is_trusted)
    with hold_outbox(outbox, is_trusted=is_trusted):
        damage, recovery = "", None
        try:
            with copy_outbox_journal(outbox, is_held=True) as copy:
                check_journal(outbox, copy)
        except DamagedJournalError as error:
            damage = error.problem
            with copy_outbox_journal(outbox, is_held=True) as copy:
                recovery = recover_journal(outbox, copy)
        with Journal(outbox) as journal, journal.translate_errors():
            if inbox:
                check_folders(inbox, outbox)
                journal.claim(to_display_name(os.path.realpath(inbox)), rebind=False)
            before, after = Findings(), Findings()
            hashing = Hashing.NONE if is_quick else Hashing.ALL
            compare_outbox(journal, outbox, before, hashing, on_progress)
            _Mender(journal, outbox, before).mend()
            hashing = Hashing.NONE if is_quick else Hashing.SUSPECT
            compare_outbox(journal, outbox, after, hashing, lambda done, total: None)
    return RepairResult(damage, recovery, before, after)


class _Mender:
    """Mends what was found, one kind after the other."""

    def __init__(self, journal: Journal, outbox: Path, findings: Findings) -> None:
        self._journal = journal
        self._outbox = outbox
        self._root = journal.root
        self._findings = findings
        self._settings: Settings = get_settings(journal, outbox)
        self._inbox = Inbox(self._settings.inbox)
        # Nothing is put where a journal wants it that somebody handed over.
        self._has_inbox = is_inbox_there(journal, self._settings) and journal.is_in_known_place()

    def mend(self) -> None:
        """Mend all that can be mended."""
        revision = self._journal.revision
        self._take_back_corrections()
        self._update(Kind.FILE_GONE, "state = 'gone'")
        # The next run finds that they are not what is on record, and compares them.
        self._update(Kind.FILE_CHANGED, "mtime_ns = 0, ctime_ns = 0")
        for kind in (Kind.THUMBNAIL_MISSING, Kind.THUMBNAIL_DAMAGED):
            self._mend_thumbnails(kind)
        self._remove(Kind.THUMBNAIL_ORPHAN)
        for kind in (Kind.NOTE_MISSING, Kind.NOTE_DAMAGED):
            self._each(kind, self._write_note)
        if self._has_inbox:
            self._each(Kind.QUARANTINE_CHANGED, self._restore_changed)
            self._each(Kind.QUARANTINE_ORPHAN, self._restore_orphan)
        self._update(
            Kind.QUARANTINE_MISSING,
            "aside = CASE state WHEN 'present' THEN NULL ELSE aside END, "
            "state = CASE state WHEN 'present' THEN 'present' ELSE 'gone' END",
        )
        if self._has_inbox:
            self._finish_moves()
        self._write_reports(is_changed=self._journal.revision != revision)

    def _write_reports(self, is_changed: bool) -> None:
        """Write reports anew, unless none needs it: one that is being edited stays in its place."""
        if self._journal.get_meta(RUN_KEY) is None:
            return
        if any(map(self._findings.count, _SHEET_KINDS)):
            forget_sheets(self._journal)
        if is_changed or any(map(self._findings.count, (*_REPORT_KINDS, *_SHEET_KINDS))):
            rerender_reports(self._journal, self._outbox)

    def _each(self, kind: Kind, mend: Callable[[Finding], None]) -> None:
        for finding in self._findings.iter_kind(kind):
            with suppress(OSError):  # what cannot be mended is found once more
                mend(finding)

    def _update(self, kind: Kind, change: str) -> None:
        """Change the rows of all files of a kind."""
        if self._findings.count(kind):
            with self._journal.transaction() as sql:
                sql.executemany(
                    f"UPDATE files SET {change} WHERE id = ?",
                    ((finding.file_id,) for finding in self._findings.iter_kind(kind)),
                )

    def _take_back_corrections(self) -> None:
        """Put on record what a table says that shows the journal as it was before it changed.

        Only a table that is as the program wrote it, and of this very state of the journal: what
        it says was on record, and nobody took it back.
        """
        for finding in self._findings.iter_kind(Kind.REPORT_DIFFERENT):
            path = self._outbox / finding.path
            with self._journal.transaction() as sql:
                for found in read_table_corrections(path):
                    sql.execute(
                        "DELETE FROM corrections WHERE sha256 = ? AND page = ? AND digit <> ?",
                        (found.sha256, found.page, found.digit),
                    )
                    add_missing(sql, [found])

    def _mend_thumbnails(self, kind: Kind) -> None:
        """Take thumbnails off the record, so that the next run draws them."""
        if kind is Kind.THUMBNAIL_DAMAGED:
            self._remove(kind)
        if self._findings.count(kind):
            with self._journal.transaction() as sql:
                for _, name, file_id in self._findings.iter_kind(kind):
                    sql.execute(
                        "UPDATE pages SET thumbnail = NULL WHERE file = ? AND thumbnail = ?",
                        (file_id, name),
                    )
                    sql.execute("UPDATE files SET pictured = 'off' WHERE id = ?", (file_id,))

    def _remove(self, kind: Kind) -> None:
        """Remove pictures from the outbox."""
        self._each(kind, self._remove_picture)

    def _remove_picture(self, finding: Finding) -> None:
        remove_file(Path(inside(self._root, finding.path)), self._root)

    def _write_note(self, finding: Finding) -> None:
        entry = self._journal.load_entry(finding.file_id)
        name, state = self._journal.query(
            "SELECT name, state FROM files WHERE id = ?", (finding.file_id,)
        ).fetchone()
        outbox = self._outbox if state == FileState.QUARANTINED else None
        path = Path(inside(self._root, finding.path))
        source = self._inbox.make_source(name)
        renew_note(path, self._root, source, entry, outbox)

    def _restore_changed(self, finding: Finding) -> None:
        row = self._journal.query(
            "SELECT id, name, aside, size, mtime_ns, sha256 FROM files "
            "WHERE id = ? AND state = 'quarantined'",
            (finding.file_id,),
        ).fetchone()
        if row:  # else it is a copy, and its file is still in the inbox
            file_id, name, aside, *rest = row
            path = Path(inside(self._root, aside))
            self._make_moves().restore(QuarantinedFile(file_id, name, path, *rest))

    def _restore_orphan(self, finding: Finding) -> None:
        path = Path(inside(self._root, finding.path))
        note = read_note(path, self._root)
        if note and is_inside(note.name):
            source, file_stat = self._inbox.make_source(note.name), FileStat(path.lstat().st_size)
            restore_orphan(path, self._root, source, file_stat, note.sha256)

    def _finish_moves(self) -> None:
        self._make_moves().finish_moves()

    def _make_moves(self) -> QuarantineMoves:
        return QuarantineMoves(
            *(self._settings, self._journal, self._inbox, Summary()),
            find_name_rules(self._outbox),
        )
