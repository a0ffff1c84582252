"""The net under all events: the whole inbox compared with what is on record."""

import time
from collections.abc import Iterator

from batchdigits.config import Settings
from batchdigits.pipeline.scan import InboxWalk
from batchdigits.session.session import Session
from batchdigits.system.filenames import for_terminal
from batchdigits.system.logs import LOG
from batchdigits.watching.debounce import Found, Settling
from batchdigits.watching.events import Lookout
from batchdigits.watching.remove_processed import Removal

#: Files that are kept in mind while they settle: more wait in the inbox, for the next look.
MOST = 50_000
#: Files looked at between two signs of life.
_AT_ONCE = 2048


def scan_of(settings: Settings) -> InboxWalk:
    """A new look through the inbox."""
    return InboxWalk(settings.inbox, settings.include, settings.exclude)


class Rescanning:
    """Finds what nobody told of; what it finds goes the way of all files.

    Attributes:
        scan: the last look that was compared, and what it left alone.
    """

    def __init__(
        self, session: Session, settling: Settling, lookout: Lookout, removal: Removal
    ) -> None:
        self._session = session
        self._settling = settling
        self._lookout = lookout
        self._removal = removal
        self._listing: int | None = None
        self._dropped = 0
        self._empty = True
        self._closed: set[str] = set()
        self.scan = scan_of(session.settings)

    def look_closely(self) -> None:
        """The next look is to be compared, even where the inbox seems to be as it was."""
        self._listing = None

    def count(self) -> None:
        """Count once more what is left alone, for the last summary."""
        self.scan = scan_of(self._session.settings)
        for _ in self._ticking(self.scan):
            pass

    def take(self, now: float) -> bool:
        """Take a look; whether files are on record as present that are gone, or the other way.

        Nothing is asked of the journal where the inbox is as it was: that is what polling costs.
        """
        begun = time.process_time()
        more = changed = False
        self._lookout.rescanning()
        dropped = self._settling.dropped
        if self._listing is None or dropped != self._dropped or self._digest() != self._listing:
            self._dropped = dropped
            more, changed = self._compare(now)
        # Where something stood in the way the last time, it may be gone.
        before = self._session.journal.revision
        self._session.finish_moves()
        if self._removal.wanted:
            self._removal.take_known()
        changed |= self._session.journal.revision != before
        cost = time.process_time() - begun
        self._lookout.rescanned(now, cost, time.monotonic(), more, self._empty)
        return changed

    def _compare(self, now: float) -> tuple[bool, bool]:
        """Whether there is more than can be kept in mind, and whether files came or went."""
        session = self._session
        before = session.journal.revision
        self.scan = scan_of(session.settings)
        digest = 0

        def found() -> Iterator[Found]:
            nonlocal digest
            for each in self._ticking(self.scan):
                digest ^= hash(each)
                yield each

        plan = session.plan(found())
        self._empty = plan.files == 0
        self._tell_closed()
        # Those that could not be got at stay among what is to be read.
        most = MOST + len(self._settling)
        for each in plan.fetch_first(most):
            self._settling.found(*each, now)
        there = self._lookout.reachable()
        # An empty folder in the place of the inbox is a share that is not there, mostly.
        if there and (plan.files or not self._lookout.doubtful):
            plan.mark_gone(session.is_gone)
        more = plan.pending > most
        self._listing = None if more or not there else digest
        return more, session.journal.revision != before

    def _digest(self) -> int:
        """One number for the inbox: all names, sizes and mtimes, in whatever order."""
        digest = 0
        for found in self._ticking(scan_of(self._session.settings)):
            digest ^= hash(found)
        return digest

    def _ticking(self, scan: InboxWalk) -> Iterator[Found]:
        """A look that lasts long is no reason to seem dead."""
        for number, found in enumerate(scan):
            if number % _AT_ONCE == 0:
                self._session.notify_listener()
            yield found

    def _tell_closed(self) -> None:
        closed = set(self.scan.closed_folders)
        for folder in sorted(closed - self._closed):
            LOG.warning("The folder %s may not be looked into.", for_terminal(folder))
        self._closed = closed
