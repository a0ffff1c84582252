"""A folder watched: every arriving file is read once, whole and soon.

One loop, and no threads. It only decides *when*: what happens to a file is what happens to it in
a run, since both use a :class:`~batchdigits.session.session.Session`.
"""

import math
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from multiprocessing import connection
from typing import Protocol

from batchdigits.config import Settings, Watching
from batchdigits.errors import BatchdigitsError, OutboxBusyError, OutboxError
from batchdigits.execution.backend import ExecutionBackend
from batchdigits.execution.chunks import count_cores
from batchdigits.inference.registry import open_engine
from batchdigits.reports.formats import require_extras
from batchdigits.reports.rows import ReportRow
from batchdigits.session.handover import take_up_submissions
from batchdigits.session.outbox import check_folders, check_outbox_origin, open_outbox
from batchdigits.session.session import Session
from batchdigits.session.summary import Summary
from batchdigits.system.child_process import ProcessStartError
from batchdigits.system.filenames import escape_for_terminal, to_display_name
from batchdigits.system.logs import LOG
from batchdigits.watching.backlog import Backlog
from batchdigits.watching.batches import BatchReader
from batchdigits.watching.debounce import Debouncer
from batchdigits.watching.dispatch import EventDispatcher
from batchdigits.watching.events import EventSource
from batchdigits.watching.heartbeat import HEARTBEAT_INTERVAL, write_heartbeat
from batchdigits.watching.inbox_presence import InboxPresence
from batchdigits.watching.on_batch_hook import BatchHook
from batchdigits.watching.remove_processed import ProcessedFileRemover
from batchdigits.watching.report_scheduler import ReportScheduler
from batchdigits.watching.rescan import MAX_SETTLING_FILES, Rescanner, walk_inbox
from batchdigits.watching.rescan_schedule import RescanSchedule
from batchdigits.watching.retries import RetryPolicy
from batchdigits.watching.status import WatcherStatus

#: Seconds that the loop sleeps at the least and at the most: so soon a signal is noticed.
_MIN_SLEEP, _MAX_SLEEP = 0.02, 0.5
#: Seconds between two updates of the status.
_STATUS_INTERVAL = 0.2
_SUBMISSIONS_INTERVAL = 0.25  #: seconds between two looks for corrections handed in
#: Settled files that are read before the next look around.
_FILES_PER_TURN = 2048
#: Seconds until files that could not be put on record are looked for again.
_ERROR_RETRY_DELAY = 5.0


class WatchListener(Protocol):
    """Whoever wants to see how the watcher is, and may end it."""

    def on_rows(self, rows: Sequence[ReportRow]) -> None:
        """Take the rows of each batch."""

    def on_heartbeat(self, status: WatcherStatus) -> None:
        """Take note of how the watcher is; called several times a second."""

    def get_stop_signal(self) -> int:
        """Return the signal that ends the watcher, or 0; called several times a second."""
        ...


def watch(
    settings: Settings,
    watching: Watching,
    listener: WatchListener,
    backend: ExecutionBackend | None = None,
) -> Summary:
    """Read what is in the inbox and whatever arrives, until the listener ends it.

    Args:
        settings: inbox, outbox and how files are read.
        watching: how files are waited for.
        listener: told what is read, and asked whether to go on.
        backend: where workers are started; processes of this machine where it is not given.

    Returns:
        The counts, with the exit code.

    Raises:
        UsageError: the inbox is no folder, or inbox and outbox lie in each other.
        MissingExtraError: a library is missing that a report needs.
        ModelError: no usable model.
        OutboxError: the outbox cannot be written, is in use, belongs to another inbox, or went.
    """
    check_folders(settings.inbox, settings.outbox)
    check_outbox_origin(settings.outbox, settings.trust_outbox)
    require_extras(settings)
    engine = open_engine(settings.model, settings.models_folder)
    with open_outbox(settings.outbox, settings.inbox, settings.trust_outbox) as journal:
        watcher = _Watcher(settings, watching, listener)
        session = Session(settings, journal, engine, watcher, backend)
        watcher.run(session)
    return session.summary


class _Watcher:
    """The loop and its parts; a listener of the session, so that it goes on while files are read.

    All times are those of :func:`time.monotonic`, but for those of the status.
    """

    def __init__(self, settings: Settings, watching: Watching, listener: WatchListener) -> None:
        self._settings = settings
        self._watching = watching
        self._listener = listener
        self._presence = InboxPresence(settings.inbox)
        self._schedule = RescanSchedule(watching, settings.settle)
        self._event_source = EventSource(settings.inbox, watching, self._presence, self._schedule)
        self._debouncer = Debouncer(walk_inbox(settings), settings.settle, settings.grace)
        self._dispatcher = EventDispatcher(
            settings, self._event_source, self._presence, self._debouncer
        )
        self._hook = BatchHook(watching.on_batch)
        self._backlog = Backlog()
        self._next_heartbeat = self._next_status = 0.0
        self._next_check = self._next_submissions = 0.0
        self._worker_count = settings.workers or count_cores()
        self._status = WatcherStatus(
            pid=os.getpid(),
            inbox=to_display_name(os.path.realpath(settings.inbox)),
            started=time.time(),
        )

    # What the session calls.

    def on_progress(self, summary: Summary) -> None:
        """Take in events and give signs of life, several times a second, whatever goes on."""
        now = time.monotonic()
        self._dispatcher.dispatch(now)
        if now >= self._next_heartbeat:
            self._next_heartbeat = now + HEARTBEAT_INTERVAL
            self._update_status(now)
            write_heartbeat(self._settings.outbox, self._status)
        elif now >= self._next_status:
            self._update_status(now)
        self._listener.on_heartbeat(self._status)

    def get_stop_signal(self) -> int:
        """Return the signal that ends the watcher, or 0."""
        return self._listener.get_stop_signal()

    # The loop.

    def run(self, session: Session) -> None:
        """Watch until the listener says stop."""
        self._build_parts(session)
        try:
            with session.start_workers(self._worker_count):
                # Before the first rescan: no event from now on is missed.
                self._event_source.start()
                self._report_scheduler.start(self._rescanner.last_walk)
                while not self.get_stop_signal():
                    try:
                        self._run_once()
                    except (OSError, OutboxBusyError, ProcessStartError) as error:
                        self._wait_after_error(error)
                self._shut_down()
        except BatchdigitsError as error:
            self._status.ended_by = str(error)
            raise
        finally:
            self._event_source.stop()
            self._update_status(time.monotonic())
            self._status.ended = time.time()
            write_heartbeat(self._settings.outbox, self._status)

    def _build_parts(self, session: Session) -> None:
        self._session = session
        self._report_scheduler = ReportScheduler(session, self._watching.rotate.form)
        remover = ProcessedFileRemover(session, self._watching.processed)
        self._rescanner = Rescanner(
            *(session, self._debouncer, self._event_source, self._presence, self._schedule),
            remover,
        )
        retry_policy = RetryPolicy(session, self._debouncer, self._presence, self._rescanner)
        self._batch_reader = BatchReader(
            *(session, self._worker_count, self._presence, retry_policy, remover),
            *(self._report_scheduler, self._hook, self._listener.on_rows),
            self._answer_submissions,
        )

    def _run_once(self) -> None:
        session = self._session
        session.notify_listener()
        self._answer_submissions()
        if time.monotonic() >= self._next_check:
            self._next_check = time.monotonic() + HEARTBEAT_INTERVAL
            session.journal.check_in_place()
            session.replace_dead_workers()
        if self._dispatcher.mark_gone(session):
            self._report_scheduler.request_redraw()
        now = time.monotonic()
        if self._schedule.is_due(now) and self._can_take_in_more():
            self._rescan(now)
        if files := self._debouncer.take_settled(time.monotonic(), _FILES_PER_TURN):
            with self._backlog.track(file.name for file in files):
                self._batch_reader.read(files)
        if self._backlog.end_if_recorded(self._debouncer):
            LOG.warning("The outbox can be written again, and everything is on record.")
            self._next_heartbeat = 0.0
        self._hook.poll()
        now = time.monotonic()
        idle_seconds = self._debouncer.get_next_due() - now
        self._report_scheduler.draw_due(now, idle_seconds, self._rescanner.last_walk, self._is_busy)
        self._sleep()

    def _answer_submissions(self) -> None:
        """Put corrections on record that somebody handed in, and show them in the tables."""
        if (now := time.monotonic()) >= self._next_submissions:
            self._next_submissions = now + _SUBMISSIONS_INTERVAL
            if take_up_submissions(self._session.journal, self._session.inbox):
                self._report_scheduler.request_redraw(is_urgent=True)
                self._report_scheduler.draw_urgent(self._rescanner.last_walk)

    def _can_take_in_more(self) -> bool:
        return self._debouncer.new_file_count < MAX_SETTLING_FILES

    def _rescan(self, now: float) -> None:
        if self._rescanner.rescan(now):
            self._report_scheduler.request_redraw()
        self._backlog.note_comparison()
        self._status.last_rescan = time.time()
        self._next_heartbeat = 0.0

    def _wait_after_error(self, error: OSError | OutboxBusyError | ProcessStartError) -> None:
        """Try again later: a disk that is full for a while, say, holds files up, and loses none."""
        reason = str(error)
        if isinstance(error, OSError):
            reason = f"{error.filename or 'The outbox'}: {error.strerror}"
        reason = escape_for_terminal(f"{reason.rstrip('.')}.")
        if self._backlog.add_failure(reason):
            LOG.warning("%s Trying again every %g s.", reason, _ERROR_RETRY_DELAY)
            self._next_heartbeat = 0.0
        # What was in hand is found again: it is not on record.
        self._debouncer.forget_retry_reasons()
        self._rescanner.force_comparison()
        self._schedule.request(time.monotonic() + _ERROR_RETRY_DELAY)
        self._sleep()

    def _is_busy(self) -> bool:
        return bool(self.get_stop_signal()) or self._debouncer.get_next_due() <= time.monotonic()

    def _sleep(self) -> None:
        """Wait for an event, or until there is something to do."""
        next_rescan = self._schedule.next_due if self._can_take_in_more() else math.inf
        next_due = min(self._debouncer.get_next_due(), next_rescan, self._report_scheduler.next_due)
        delay = max(next_due - time.monotonic(), _MIN_SLEEP)
        timeout = min(delay, self._hook.poll_delay, _MAX_SLEEP)
        connection.wait(self._event_source.pipes, timeout)

    def _shut_down(self) -> None:
        """Report everything that was read before the watcher goes."""
        session = self._session
        session.summary.interrupted_by = self.get_stop_signal()
        session.journal.check_in_place()
        self._rescanner.recount_ignored()
        self._hook.finish()
        self._report_scheduler.finish(self._rescanner.last_walk)
        for name, reason in self._report_scheduler.write_errors.items():
            raise OutboxError(
                f"{name} could not be written ({reason}): its rows are kept, and written when the "
                "watcher, or a run, starts again."
            )

    def _update_status(self, now: float) -> None:
        self._next_status = now + _STATUS_INTERVAL
        events, presence, summary = self._event_source, self._presence, self._session.summary
        oldest = self._debouncer.find_oldest(now)
        hook_error = {"--on-batch": self._hook.last_error} if self._hook.last_error else {}
        self._status = replace(
            self._status,
            beat=time.time(),
            mode=str(events.mode),
            reason=events.reason,
            interval=self._schedule.interval,
            lost_since=time.time() - (now - presence.lost_since) if presence.lost_since else 0.0,
            exchanged=presence.exchanged,
            last_event=events.last_event,
            last_read=self._batch_reader.last_read,
            settling=len(self._debouncer),
            reading=self._batch_reader.pending_count,
            oldest=oldest.name if oldest else "",
            oldest_seconds=oldest.seconds if oldest else 0.0,
            overdue=max(0.0, now - self._debouncer.get_next_due()),
            observer=events.pid,
            workers=self._session.worker_pids,
            files=summary.files,
            pages=dict(summary.statuses),
            behind=self._report_scheduler.write_errors | hook_error,
            unrecorded=self._backlog.count(len(self._debouncer) + self._batch_reader.pending_count),
            unrecorded_reason=self._backlog.reason,
            unrecorded_since=self._backlog.since,
        )
