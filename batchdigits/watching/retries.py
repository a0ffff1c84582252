"""Files that were read in vain: which are tried again, and which outcome is put on record."""

import time
from collections.abc import Callable

from batchdigits.journal.entries import FileEntry
from batchdigits.journal.journal import PendingFile
from batchdigits.reasons import Reason, Status
from batchdigits.watching.debounce import Debouncer
from batchdigits.watching.events import EventSource
from batchdigits.watching.rescan import Rescanner

#: Reasons for which a file is tried again by and by.
_TRANSIENT_REASONS = {Reason.PERMISSION, Reason.BUSY, Reason.DISK_FULL, Reason.IO_ERROR}
#: What half a file looks like.
_INCOMPLETE_REASONS = {str(Reason.TRUNCATED), str(Reason.CORRUPT), str(Reason.NOT_AN_IMAGE)}


class RetryPolicy:
    """Decides what becomes of a file right after it was read."""

    def __init__(
        self,
        debouncer: Debouncer,
        event_source: EventSource,
        rescanner: Rescanner,
        is_gone: Callable[[str], bool],
    ) -> None:
        """``is_gone`` tells whether a name is surely no longer in the inbox."""
        self._debouncer = debouncer
        self._event_source = event_source
        self._rescanner = rescanner
        self._is_gone = is_gone

    def should_record(self, pending: PendingFile, entry: FileEntry) -> bool:
        """Whether an outcome is to be put on record; has files tried again where that may help.

        A file that cannot be got at has its row at once, which says so, and is tried again, each
        time after longer; the same outcome is not recorded twice.
        """
        settling, now = self._debouncer, time.monotonic()
        failed = [page.reason for page in entry.pages if page.status == Status.FAILED]
        reason = Reason(failed[0]) if failed and failed[0] else None
        if reason is not None and not entry.sha256 and not self._event_source.is_reachable():
            self._rescanner.force_comparison()
            return False  # not the file's fault: found again when the inbox is back
        doubtful = any(page.reason in _INCOMPLETE_REASONS for page in entry.pages)
        if doubtful and settling.grant_grace(pending.name, entry.file_stat.mtime_ns, now):
            return False
        # A link whose target is gone vanishes each time that it is read, and yet stays.
        stays = reason is Reason.VANISHED and not self._is_gone(pending.name)
        if reason not in _TRANSIENT_REASONS and not stays:
            settling.mark_done(pending.name)
            return True
        return settling.schedule_retry(pending.name, str(reason), now)
