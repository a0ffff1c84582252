"""The net under all events: the whole inbox compared with what is on record."""

import time
from collections.abc import Iterator

from batchdigits.config import Settings
from batchdigits.pipeline.inbox_walk import InboxWalk
from batchdigits.session.session import Session
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.logs import LOG
from batchdigits.watching.debounce import Debouncer, InboxFile
from batchdigits.watching.events import EventSource
from batchdigits.watching.remove_processed import ProcessedFileRemover

#: Files that are kept in mind while they settle: more wait in the inbox, for the next look.
MAX_SETTLING_FILES = 50_000
#: Files looked at between two signs of life.
_FILES_PER_TICK = 2048


def walk_inbox(settings: Settings) -> InboxWalk:
    """A new look through the inbox."""
    return InboxWalk(settings.inbox, settings.include, settings.exclude)


class Rescanner:
    """Finds what nobody told of; what it finds goes the way of all files.

    Attributes:
        scan: the last look that was compared, and what it left alone.
    """

    def __init__(
        self,
        session: Session,
        debouncer: Debouncer,
        event_source: EventSource,
        remover: ProcessedFileRemover,
    ) -> None:
        self._session = session
        self._debouncer = debouncer
        self._event_source = event_source
        self._remover = remover
        self._last_digest: int | None = None
        self._last_dropped_count = 0
        self._is_empty = True
        self._closed_folders: set[str] = set()
        self.last_walk = walk_inbox(session.settings)

    def force_comparison(self) -> None:
        """The next look is to be compared, even where the inbox seems to be as it was."""
        self._last_digest = None

    def recount_ignored(self) -> None:
        """Count once more what is left alone, for the last summary."""
        self.last_walk = walk_inbox(self._session.settings)
        for _ in self._iter_with_ticks(self.last_walk):
            pass

    def rescan(self, now: float) -> bool:
        """Take a look; whether files are on record as present that are gone, or the other way.

        Nothing is asked of the journal where the inbox is as it was: that is what polling costs.
        """
        begun = time.process_time()
        more = changed = False
        self._event_source.start_rescan()
        dropped = self._debouncer.dropped_count
        if (
            self._last_digest is None
            or dropped != self._last_dropped_count
            or self._compute_digest() != self._last_digest
        ):
            self._last_dropped_count = dropped
            more, changed = self._compare_with_journal(now)
        # Where something stood in the way the last time, it may be gone.
        before = self._session.journal.revision
        self._session.quarantine.finish_moves()
        if self._remover.is_enabled:
            self._remover.remove_previously_read()
        changed |= self._session.journal.revision != before
        cost = time.process_time() - begun
        self._event_source.finish_rescan(now, cost, time.monotonic(), more, self._is_empty)
        return changed

    def _compare_with_journal(self, now: float) -> tuple[bool, bool]:
        """Whether there is more than can be kept in mind, and whether files came or went."""
        session = self._session
        before = session.journal.revision
        self.last_walk = walk_inbox(session.settings)
        digest = 0

        def iter_files() -> Iterator[InboxFile]:
            nonlocal digest
            for each in self._iter_with_ticks(self.last_walk):
                digest ^= hash(each)
                yield each

        plan = session.plan(iter_files())
        self._is_empty = plan.files == 0
        self._warn_closed_folders()
        # Those that could not be got at stay among what is to be read.
        most = MAX_SETTLING_FILES + len(self._debouncer)
        for each in plan.fetch_first(most):
            self._debouncer.add(*each, now)
        there = self._event_source.is_reachable()
        # An empty folder in the place of the inbox is a share that is not there, mostly.
        if there and (plan.files or not self._event_source.was_exchanged):
            plan.mark_gone(session.inbox.is_gone)
        more = plan.pending > most
        self._last_digest = None if more or not there else digest
        return more, session.journal.revision != before

    def _compute_digest(self) -> int:
        """One number for the inbox: all names, sizes and mtimes, in whatever order."""
        digest = 0
        for found in self._iter_with_ticks(walk_inbox(self._session.settings)):
            digest ^= hash(found)
        return digest

    def _iter_with_ticks(self, walk: InboxWalk) -> Iterator[InboxFile]:
        """A look that lasts long is no reason to seem dead."""
        for number, found in enumerate(walk):
            if number % _FILES_PER_TICK == 0:
                self._session.notify_listener()
            yield found

    def _warn_closed_folders(self) -> None:
        closed = set(self.last_walk.closed_folders)
        for folder in sorted(closed - self._closed_folders):
            LOG.warning("The folder %s may not be looked into.", escape_for_terminal(folder))
        self._closed_folders = closed
