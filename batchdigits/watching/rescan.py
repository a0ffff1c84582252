"""The net under all events: the whole inbox compared with what is on record."""

import time
from collections.abc import Iterator

from batchdigits.config import Settings
from batchdigits.pipeline.inbox_walk import InboxWalk
from batchdigits.records import ListedFile
from batchdigits.session.session import Session
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.logs import LOG
from batchdigits.watching.debounce import Debouncer
from batchdigits.watching.events import EventSource
from batchdigits.watching.inbox_presence import InboxPresence
from batchdigits.watching.remove_processed import ProcessedFileRemover
from batchdigits.watching.rescan_schedule import RescanSchedule

#: Files that are kept in mind while they settle: more wait in the inbox for the next rescan.
MAX_SETTLING_FILES = 50_000
#: Files looked at between two signs of life.
_FILES_PER_TICK = 2048


def walk_inbox(settings: Settings) -> InboxWalk:
    """Begin a new walk through the inbox."""
    return InboxWalk(settings.inbox, settings.include, settings.exclude)


class Rescanner:
    """Finds files that no event told of; what it finds has to settle as all files have.

    Attributes:
        last_walk: the last walk that was compared, and what it left alone.
    """

    def __init__(
        self,
        session: Session,
        debouncer: Debouncer,
        event_source: EventSource,
        presence: InboxPresence,
        schedule: RescanSchedule,
        remover: ProcessedFileRemover,
    ) -> None:
        """Make a rescanner for the inbox of a session.

        Args:
            session: whose journal the inbox is compared with.
            debouncer: gets the files that are to be read.
            event_source: looks again whether events are still to be had.
            presence: tells whether the inbox is there.
            schedule: is told of each rescan, and when the next one is.
            remover: takes away files that were read before.
        """
        self._session = session
        self._debouncer = debouncer
        self._event_source = event_source
        self._presence = presence
        self._schedule = schedule
        self._remover = remover
        self._last_digest: int | None = None
        self._last_dropped_count = 0
        self._is_empty = True
        self._closed_folders: set[str] = set()
        self.last_walk = walk_inbox(session.settings)

    def force_comparison(self) -> None:
        """Have the next rescan compare everything, even where the inbox seems to be as it was."""
        self._last_digest = None

    def recount_ignored(self) -> None:
        """Count once more what is left alone, for the last summary."""
        self.last_walk = walk_inbox(self._session.settings)
        for _ in self._iter_with_ticks(self.last_walk):
            pass

    def rescan(self, now: float) -> bool:
        """Compare the inbox with the journal.

        Nothing is asked of the journal where the inbox is as it was: that is what polling costs.

        Returns:
            Whether files were on record as present that are gone, or the other way round.
        """
        cpu_started = time.process_time()
        has_more = False
        self._schedule.start_rescan()
        self._presence.start_rescan()
        dropped_count = self._debouncer.dropped_count
        revision = self._session.journal.revision
        # Nor did these go, which are in quarantine already where the journal could not be written.
        self._session.quarantine.finish_moves()
        if (
            self._last_digest is None
            or dropped_count != self._last_dropped_count
            or self._compute_digest() != self._last_digest
        ):
            self._last_dropped_count = dropped_count
            has_more = self._compare_with_journal(now)
        # What stood in the way of these the last time may be gone.
        if self._remover.is_enabled:
            self._remover.remove_previously_read()
        cpu_seconds = time.process_time() - cpu_started
        self._presence.finish_rescan(self._is_empty)
        self._schedule.finish_rescan(now, cpu_seconds, time.monotonic(), has_more)
        self._event_source.recheck_sharing()
        return self._session.journal.revision != revision

    def _compare_with_journal(self, now: float) -> bool:
        """Find what is to be read and what is gone.

        Returns:
            Whether there is more than can be kept in mind.
        """
        session = self._session
        self.last_walk = walk_inbox(session.settings)
        digest = 0

        def iter_files() -> Iterator[ListedFile]:
            nonlocal digest
            for file in self._iter_with_ticks(self.last_walk):
                digest ^= hash(file)
                yield file

        plan = session.plan(iter_files())
        self._is_empty = plan.file_count == 0
        self._warn_closed_folders()
        # Those that could not be read stay among what is to be read.
        limit = MAX_SETTLING_FILES + len(self._debouncer)
        for file in plan.fetch_first(limit):
            self._debouncer.add(file, now)
        is_reachable = self._presence.is_reachable()
        # An empty folder in the place of the inbox is a share that is not there, mostly.
        if is_reachable and (plan.file_count or not self._presence.was_exchanged):
            plan.mark_gone(session.inbox.is_gone)
        has_more = plan.pending_count > limit
        self._last_digest = None if has_more or not is_reachable else digest
        return has_more

    def _compute_digest(self) -> int:
        """Compute one number for all names, sizes, times and inodes, in whatever order."""
        digest = 0
        for file in self._iter_with_ticks(walk_inbox(self._session.settings)):
            digest ^= hash(file)
        return digest

    def _iter_with_ticks(self, walk: InboxWalk) -> Iterator[ListedFile]:
        """Walk, and give signs of life: a walk that lasts long is no reason to seem dead."""
        for number, file in enumerate(walk):
            if number % _FILES_PER_TICK == 0:
                self._session.notify_listener()
            yield file

    def _warn_closed_folders(self) -> None:
        closed_folders = set(self.last_walk.closed_folders)
        for folder in sorted(closed_folders - self._closed_folders):
            LOG.warning("The folder %s cannot be opened.", escape_for_terminal(folder))
        self._closed_folders = closed_folders
