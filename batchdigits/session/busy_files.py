"""Files that somebody may still be writing to: they are left alone, and tried again.

A scan may be half written when it is read and whole a moment later. So an unreadable file is only
taken away once nobody writes to it, as far as the system can tell.
"""

import os
import time
from pathlib import Path

from batchdigits.execution.jobs import make_rejected_page
from batchdigits.journal.entries import FileEntry, PageEntry
from batchdigits.reasons import Reason, Rejection, Status
from batchdigits.records import FileStat, Source
from batchdigits.system.file_moves import has_content
from batchdigits.system.safe_files.leases import Writers, find_writers

_CHANGED = "The file changed while it was being read."
_OPEN = "Another program has the file open for writing."
_UNDER_WAY = "A download tool keeps its state beside the file: it is not complete."
#: Of a download tool that writes into the file under its final name.
_DOWNLOAD_STATE_ENDING = ".aria2"
_YOUNG = "The file was written to a moment ago, and may not be complete."
#: What a file looks like that is closed before it is complete.
_CUT_OFF_REASONS = frozenset({str(Reason.EMPTY), str(Reason.TRUNCATED)})
_HARMFUL_REASONS = frozenset({str(Reason.CRASHED_READER), str(Reason.TIMED_OUT)})


def mark_busy_if_written(source: Source, entry: FileEntry) -> FileEntry:
    """Return the entry of an unreadable file, or a ``busy`` one where somebody writes to the file.

    Somebody does so who has it open for writing, has changed it since it was read, or has yet to
    download the rest of it.
    """
    if find_writers(source.path, source.root) is Writers.SOME:
        return make_busy(entry, _OPEN)
    if os.path.exists(f"{source.path}{_DOWNLOAD_STATE_ENDING}"):
        return make_busy(entry, _UNDER_WAY)
    if not has_content(Path(source.path), entry.file_stat.size, entry.sha256, source.root):
        return make_busy(entry, _CHANGED)
    return entry


def make_busy(entry: FileEntry, detail: str = _YOUNG) -> FileEntry:
    """Make an entry in which the pages that cannot be read are ``busy``.

    It counts as unreadable, though some pages may have been read, so that it is tried again.
    """
    pages = [_to_busy_page(page, detail) for page in entry.pages]
    busy = FileEntry.from_pages(entry.file_stat, entry.sha256, pages, entry.thumbnail_pngs)
    return busy._replace(readable=False)


def make_changed_entry() -> FileEntry:
    """Make the entry of a file that is not what was read of it, so that nothing is known."""
    page = make_rejected_page(Rejection(Reason.BUSY, _CHANGED))
    return FileEntry.from_pages(FileStat(), "", [page])


def _to_busy_page(page: PageEntry, detail: str) -> PageEntry:
    if page.status != Status.QUARANTINED:
        return page
    return page._replace(status=str(Status.FAILED), reason=str(Reason.BUSY), detail=detail)


def find_wait(
    source: Source, entry: FileEntry, settle: float, grace: float, has_settled: bool
) -> float:
    """Find out how long to leave an unreadable file alone before it is looked at once more.

    Where the system tells who has a file open, only one that is empty or cut off is waited for:
    a scanner may close a file and open it again for the rest.

    Args:
        source: the file.
        entry: what was read of it; it needs quarantine.
        settle: seconds that a file must be left alone where the system tells.
        grace: seconds that it must be left alone where the system does not.
        has_settled: whether two looks, ``settle`` seconds apart, found the same size and time.

    Returns:
        Seconds, 0 where the file may be taken away.
    """
    # One that ended or held up its reader was looked at twice already, and long enough.
    has_settled = has_settled or any(page.reason in _HARMFUL_REASONS for page in entry.pages)
    age = abs(time.time() - entry.file_stat.mtime_ns / 1e9)
    if find_writers(source.path, source.root) is Writers.NONE:
        is_cut_off = any(page.reason in _CUT_OFF_REASONS for page in entry.pages)
        return max(0.0, settle - age) if is_cut_off else 0.0
    return max(0.0, grace - age, 0.0 if has_settled else settle)
