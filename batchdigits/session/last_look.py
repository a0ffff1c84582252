"""Unreadable files that a run looks at once more at its end, as they may not be complete."""

import time
from collections.abc import Iterable

from batchdigits.journal.entries import FileEntry
from batchdigits.records import FileStat
from batchdigits.session.busy_files import find_wait, make_busy
from batchdigits.session.chunk_recorder import ReadFile


class LastLook:
    """Decides in a run which unreadable files are looked at once more at its end.

    Attributes:
        names: files to look at again.
        due: when, on the clock of :func:`time.monotonic`.
    """

    def __init__(self, settle: float, grace: float) -> None:
        self._settle = settle
        self._grace = grace
        self._first_stats: dict[str, FileStat] = {}
        self._is_second = False
        self.due = 0.0

    @property
    def names(self) -> Iterable[str]:
        """Names of the files to look at again."""
        return self._first_stats

    def begin(self) -> None:
        """Take what is read from now on for the second look, which is the last."""
        self._is_second = True

    def decide(self, file: ReadFile) -> FileEntry | None:
        """Decide what is put on record of a file.

        Returns:
            What was read; a ``busy`` entry where that may not be all; ``None`` where the file is
            to be looked at again.
        """
        name, entry = file.source.name, file.entry
        if not entry.needs_quarantine:
            return entry
        first_stat = self._first_stats.get(name)
        has_settled = self._is_second and first_stat == entry.file_stat
        wait = find_wait(file.source, entry, self._settle, self._grace, has_settled)
        if not wait:
            return entry
        if self._is_second or wait > self._settle:
            return make_busy(entry)
        self._first_stats[name] = entry.file_stat
        self.due = max(self.due, time.monotonic() + wait)
        return None
