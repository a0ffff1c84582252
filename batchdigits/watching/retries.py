"""Files that were read in vain: which are tried again, and which outcome is put on record."""

import time

from batchdigits.journal.entries import FileEntry
from batchdigits.reasons import Reason, Status
from batchdigits.session.busy_files import find_wait, make_busy
from batchdigits.session.chunk_recorder import ReadFile
from batchdigits.session.session import Session
from batchdigits.watching.debounce import Debouncer
from batchdigits.watching.inbox_presence import InboxPresence
from batchdigits.watching.rescan import Rescanner

#: Reasons for which a file is tried again by and by.
_TRANSIENT_REASONS = {Reason.PERMISSION, Reason.BUSY, Reason.DISK_FULL, Reason.IO_ERROR}
#: What half a file looks like.
_INCOMPLETE_REASONS = {str(Reason.TRUNCATED), str(Reason.CORRUPT), str(Reason.NOT_AN_IMAGE)}


class RetryPolicy:
    """Decides what becomes of a file right after it was read."""

    def __init__(
        self,
        session: Session,
        debouncer: Debouncer,
        presence: InboxPresence,
        rescanner: Rescanner,
    ) -> None:
        """Make a policy for one inbox.

        Args:
            session: reads it.
            debouncer: gets the files that are to be tried again.
            presence: tells whether the inbox is there.
            rescanner: has to find again what could not be read for want of an inbox.
        """
        self._inbox = session.inbox
        self._settle, self._grace = session.settings.settle, session.settings.grace
        self._debouncer = debouncer
        self._presence = presence
        self._rescanner = rescanner

    def decide(self, file: ReadFile) -> FileEntry | None:
        """Decide what is put on record of a file; have files tried again if that may help.

        A file that cannot be opened has its row at once, which says so, and is tried again, each
        time after longer; the same outcome is not recorded twice.

        Returns:
            What is put on record; ``None`` for nothing.
        """
        name, entry, now = file.source.name, file.entry, time.monotonic()
        if entry.needs_quarantine:
            wait = find_wait(file.source, entry, self._settle, self._grace, has_settled=True)
            is_incomplete = any(page.reason in _INCOMPLETE_REASONS for page in entry.pages)
            if (is_incomplete or wait) and self._debouncer.grant_grace(
                name, entry.file_stat.mtime_ns, now
            ):
                return None
            if wait:
                entry = make_busy(entry)
        failures = [page.reason for page in entry.pages if page.status == Status.FAILED]
        reason = Reason(failures[0]) if failures and failures[0] else None
        if reason is not None and not entry.sha256 and not self._presence.is_reachable():
            self._rescanner.force_comparison()
            return None  # not the file's fault: found again when the inbox is back
        # A link whose target is gone vanishes each time that it is read, and yet stays.
        is_dead_link = reason is Reason.VANISHED and not self._inbox.is_gone(name)
        if reason not in _TRANSIENT_REASONS and not is_dead_link:
            self._debouncer.mark_done(name)
            return entry
        return entry if self._debouncer.schedule_retry(name, str(reason), now) else None
