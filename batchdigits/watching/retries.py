"""Files that were read in vain: which are tried again, and which outcome is put on record."""

import time
from collections.abc import Callable

from batchdigits.journal.entries import FileEntry
from batchdigits.journal.journal import PendingFile
from batchdigits.records import Reason, Status
from batchdigits.watching.debounce import Settling
from batchdigits.watching.events import Lookout
from batchdigits.watching.rescan import Rescanning

#: Reasons for which a file is tried again by and by.
_PASSING = {Reason.PERMISSION, Reason.BUSY, Reason.DISK_FULL, Reason.IO_ERROR}
#: What half a file looks like.
_UNFINISHED = {str(Reason.TRUNCATED), str(Reason.CORRUPT), str(Reason.NOT_AN_IMAGE)}


class Retries:
    """Decides what becomes of a file right after it was read."""

    def __init__(
        self,
        settling: Settling,
        lookout: Lookout,
        rescanning: Rescanning,
        is_gone: Callable[[str], bool],
    ) -> None:
        """``is_gone`` tells whether a name is surely no longer in the inbox."""
        self._settling = settling
        self._lookout = lookout
        self._rescanning = rescanning
        self._is_gone = is_gone

    def is_wanted(self, todo: PendingFile, entry: FileEntry) -> bool:
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
        doubtful = any(page.reason in _UNFINISHED for page in entry.pages)
        if doubtful and settling.doubt(todo.name, entry.file_stat.mtime_ns, now):
            return False
        # A link whose target is gone vanishes each time that it is read, and yet stays.
        stays = reason is Reason.VANISHED and not self._is_gone(todo.name)
        if reason not in _PASSING and not stays:
            settling.read(todo.name)
            return True
        return settling.again(todo.name, str(reason), now)
