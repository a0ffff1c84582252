"""Files that were read in vain: which are tried again, and which outcome is put on record."""

import time

from batchdigits.journal.entries import FileEntry
from batchdigits.journal.journal import Todo
from batchdigits.records import Reason, Status
from batchdigits.watching.lookout import Lookout
from batchdigits.watching.rescanning import Rescanning
from batchdigits.watching.settling import Settling

#: Reasons for which a file is tried again by and by.
_PASSING = {Reason.PERMISSION, Reason.BUSY, Reason.DISK_FULL, Reason.IO_ERROR}


class Retries:
    """Decides what becomes of a file right after it was read."""

    def __init__(self, settling: Settling, lookout: Lookout, rescanning: Rescanning) -> None:
        self._settling = settling
        self._lookout = lookout
        self._rescanning = rescanning

    def is_wanted(self, todo: Todo, entry: FileEntry) -> bool:
        """Whether an outcome is to be put on record; has files tried again where that may help.

        A file that cannot be got at has its row at once, which says so, and is tried again, each
        time after longer; the same outcome is not recorded twice.
        """
        settling, now = self._settling, time.monotonic()
        failed = [page.reason for page in entry.pages if page.status == Status.FAILED]
        reason = Reason(failed[0]) if failed and failed[0] else None
        if reason is not None and not entry.sha256 and not self._lookout.reachable():
            self._rescanning.look_closely()
            return False  # not the file's fault: found again when the inbox is back
        if entry.bad and settling.doubt(todo.name, entry.stamp.mtime_ns, now):
            return False
        if reason not in _PASSING:
            settling.read(todo.name)
            return True
        return settling.again(todo.name, reason, now)
