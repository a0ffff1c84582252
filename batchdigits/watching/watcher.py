"""A folder watched: every arriving file is read once, whole and soon.

One loop, and no threads. It only decides *when*: what happens to a file is what happens to it in
a run, since both use a :class:`~batchdigits.session.session.Session`.
"""

import math
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import replace
from multiprocessing import connection
from typing import Protocol

from batchdigits.config import Settings, Watching
from batchdigits.errors import BatchdigitsError, OutboxBusyError, OutboxError
from batchdigits.execution.chunks import CHUNK_FILES, count_cores
from batchdigits.inference.registry import open_engine
from batchdigits.reports import parquetfile
from batchdigits.reports.rows import ReportRow, ReportRows
from batchdigits.session.outbox import check_folders, open_outbox
from batchdigits.session.session import ReadChunk, Session
from batchdigits.session.summary import Summary
from batchdigits.system.filenames import escape_for_terminal, to_display_name
from batchdigits.system.logs import LOG
from batchdigits.watching import heartbeat
from batchdigits.watching.debounce import Debouncer, InboxFile
from batchdigits.watching.events import EventSource
from batchdigits.watching.on_batch_hook import BatchHook
from batchdigits.watching.remove_processed import ProcessedFileRemover
from batchdigits.watching.report_scheduler import ReportScheduler
from batchdigits.watching.rescan import MAX_SETTLING_FILES, Rescanner, walk_inbox
from batchdigits.watching.retries import RetryPolicy

#: Seconds that the loop sleeps at the most: so soon a signal is noticed.
_MAX_SLEEP = 0.5
#: Seconds between two looks at oneself.
_STATUS_INTERVAL = 0.2
#: Settled files that are read before the next look around.
_FILES_PER_TURN = 2048
#: Seconds until files are looked for again that could not be put on record.
_ERROR_RETRY_DELAY = 5.0


class WatchListener(Protocol):
    """Whoever wants to see how the watcher is, and may end it."""

    def on_rows(self, rows: Sequence[ReportRow]) -> None:
        """Told the rows of each batch."""

    def on_heartbeat(self, status: heartbeat.WatcherStatus) -> None:
        """Told several times a second how things are."""

    def get_stop_signal(self) -> int:
        """Asked several times a second: the signal that ends the watcher, or 0."""
        ...


def watch(settings: Settings, watching: Watching, listener: WatchListener) -> Summary:
    """Read what is in the inbox and whatever arrives, until the listener ends it.

    Returns:
        The counts, with the exit code.

    Raises:
        UsageError: the inbox is no folder, or inbox and outbox lie in each other.
        ModelError: no usable model.
        OutboxError: the outbox cannot be written, is in use, belongs to another inbox, or went.
    """
    check_folders(settings.inbox, settings.outbox)
    if settings.parquet:
        parquetfile.check_installed()
    engine = open_engine(settings.model, settings.models_folder)
    # Sent where somebody opens a file for writing in the moment that it is asked whether it is
    # open (see :mod:`~batchdigits.watching.debounce`); it would end the program.
    signal.signal(signal.SIGIO, signal.SIG_IGN)
    with open_outbox(settings.outbox) as journal:
        watcher = _Watcher(settings, watching, listener)
        session = Session(settings, journal, engine, watcher)
        watcher.run(session)
    return session.summary


class _Watcher:
    def __init__(self, settings: Settings, watching: Watching, listener: WatchListener) -> None:
        self._settings = settings
        self._listener = listener
        self._event_source = EventSource(settings.inbox, watching)
        self._debouncer = Debouncer(
            *(walk_inbox(settings), watching.settle, watching.grace),
            lambda: self._event_source.is_local,
        )
        self._hook = BatchHook(watching.on_batch)
        self._watching = watching
        self._gone_names: list[str] = []
        self._last_error = ""
        self._reading_count = 0
        self._heartbeat_at = self._status_at = self._check_at = 0.0
        self._worker_count = settings.workers or count_cores()
        self._status = heartbeat.WatcherStatus(
            pid=os.getpid(),
            inbox=to_display_name(os.path.realpath(settings.inbox)),
            started=time.time(),
        )

    # What the session asks and tells.

    def on_progress(self, summary: Summary) -> None:
        """Several times a second, whatever goes on: news is taken in and the heart beats."""
        now = time.monotonic()
        self._handle_arrivals(now)
        if now >= self._heartbeat_at:
            self._heartbeat_at = now + heartbeat.HEARTBEAT_INTERVAL
            self._update_status(now)
            heartbeat.write(self._settings.outbox, self._status)
        elif now >= self._status_at:
            self._update_status(now)
        self._listener.on_heartbeat(self._status)

    def get_stop_signal(self) -> int:
        """The signal that ends the watcher."""
        return self._listener.get_stop_signal()

    # The loop.

    def run(self, session: Session) -> None:
        """Watch until the listener says stop."""
        self._session = session
        self._report_scheduler = ReportScheduler(session, self._watching.rotate.form)
        self._remover = ProcessedFileRemover(session, self._watching.processed)
        self._rescanner = Rescanner(session, self._debouncer, self._event_source, self._remover)
        self._retry_policy = RetryPolicy(
            *(self._debouncer, self._event_source, self._rescanner), session.inbox.is_gone
        )
        try:
            with session.start_workers(self._worker_count):
                # Before the first look: what arrives from now on is heard of.
                self._event_source.start()
                self._report_scheduler.start(self._rescanner.last_walk)
                while not self.get_stop_signal():
                    try:
                        self._run_once()
                    except (OSError, OutboxBusyError) as error:
                        self._wait_after_error(error)
                self._shut_down()
        except BatchdigitsError as error:
            self._status.ended_by = str(error)
            raise
        finally:
            self._event_source.stop()
            self._update_status(time.monotonic())
            self._status.ended = time.time()
            heartbeat.write(self._settings.outbox, self._status)

    def _run_once(self) -> None:
        session, settling = self._session, self._debouncer
        session.notify_listener()
        if time.monotonic() >= self._check_at:
            self._check_at = time.monotonic() + heartbeat.HEARTBEAT_INTERVAL
            session.journal.check_in_place()
            session.replace_dead_workers()
        if self._gone_names and not self._event_source.lost_since:
            self._forget_gone()
        now = time.monotonic()
        if self._event_source.is_rescan_due(now) and settling.new_file_count < MAX_SETTLING_FILES:
            self._rescan(now)
        if ready := settling.take_settled(time.monotonic(), _FILES_PER_TURN):
            try:
                self._read_files(ready)
            finally:
                self._reading_count = 0
            self._last_error = ""
        self._hook.poll()
        now = time.monotonic()
        self._report_scheduler.draw_due(
            now, settling.get_next_due() - now, self._rescanner.last_walk, self._is_busy
        )
        self._sleep()

    def _wait_after_error(self, error: OSError | OutboxBusyError) -> None:
        """A disk that is full for a while holds files up, and loses none."""
        why = str(error)
        if isinstance(error, OSError):
            why = f"{error.filename or 'The outbox'}: {error.strerror}"
        if why != self._last_error:
            LOG.warning(
                "%s Trying again every %g s.",
                escape_for_terminal(f"{why.rstrip('.')}."),
                _ERROR_RETRY_DELAY,
            )
        self._last_error = why
        # What was in hand is found again: it is not on record.
        self._debouncer.forget_retry_reasons()
        self._rescanner.force_comparison()
        self._event_source.schedule_rescan(time.monotonic() + _ERROR_RETRY_DELAY)
        self._sleep()

    def _is_busy(self) -> bool:
        return bool(self.get_stop_signal()) or self._debouncer.get_next_due() <= time.monotonic()

    def _sleep(self) -> None:
        now = time.monotonic()
        rescan = (
            self._event_source.next_rescan
            if self._debouncer.new_file_count < MAX_SETTLING_FILES
            else math.inf
        )
        until = min(self._debouncer.get_next_due(), rescan, self._report_scheduler.next_due)
        wait = min(max(until - now, 0.02), self._hook.poll_delay, _MAX_SLEEP)
        connection.wait(self._event_source.pipes, wait)

    def _shut_down(self) -> None:
        """Everything that was read is reported before the watcher goes."""
        session = self._session
        session.summary.interrupted_by = self.get_stop_signal()
        session.journal.check_in_place()
        self._rescanner.recount_ignored()
        self._hook.finish()
        self._report_scheduler.finish(self._rescanner.last_walk)
        for name, why in self._report_scheduler.write_errors.items():
            raise OutboxError(
                f"{name} could not be written ({why}): its rows are kept, and written when the "
                "watcher, or a run, begins again."
            )

    # What comes up.

    def _handle_arrivals(self, now: float) -> None:
        news = self._event_source.collect_arrivals(now)
        settling = self._debouncer
        if self._event_source.lost_since:
            settling.clear()
            return
        for place in news.files:
            settling.note_change(to_display_name(place), now)
        for place in news.folders:
            for found in walk_inbox(self._settings).walk_folder(f"{place}/"):
                settling.add(*found, now)
        self._gone_names += map(to_display_name, news.gone)

    def _forget_gone(self) -> None:
        gone = [name for name in self._gone_names if self._session.inbox.is_gone(name)]
        self._gone_names.clear()
        for name in gone:
            self._debouncer.forget(name)
        if known := [name for name in gone if self._session.journal.is_present(name)]:
            self._session.journal.mark_gone(known)
            self._report_scheduler.request_redraw()

    def _rescan(self, now: float) -> None:
        if self._rescanner.rescan(now):
            self._report_scheduler.request_redraw()
        self._status.last_rescan = time.time()
        self._heartbeat_at = 0.0

    # What is read.

    def _read_files(self, files: Sequence[InboxFile]) -> None:
        session = self._session
        plan = session.plan(files)
        self._reading_count = plan.pending
        chunk = max(1, min(CHUNK_FILES, math.ceil(plan.pending / self._worker_count)))
        for done in (
            session.read(plan, chunk, self._retry_policy.should_record) if plan.pending else ()
        ):
            self._reading_count -= len(done.files)
            self._handle_chunk(done)

    def _handle_chunk(self, chunk: ReadChunk) -> None:
        """A chunk is on record: its files may go, and its rows are told."""
        if not chunk.recorded:
            return
        self._status.last_read = time.time()
        self._event_source.exchanged = False  # there are files in it
        self._report_scheduler.request_redraw()
        try:
            if self._remover.is_enabled:
                self._remover.remove_recorded(chunk.recorded)
        finally:  # they are on record, whatever keeps them from being taken away
            lines = ReportRows(self._session.journal, self._settings.duplicates)
            rows = [(each, list(lines.iter_file(each.file_id))) for each in chunk.recorded]
            new = [line for _, told in rows for line in told]
            self._hook.add(new)
            self._listener.on_rows(new)
        # A file that was read before still has its old row there: both change when it is drawn.
        self._report_scheduler.add(
            [line for each, told in rows if not each.replaces_earlier for line in told]
        )
        self._hook.poll()

    def _update_status(self, now: float) -> None:
        """Take note of how things are."""
        self._status_at = now + _STATUS_INTERVAL
        lookout, settling, summary = self._event_source, self._debouncer, self._session.summary
        oldest = settling.find_oldest(now)
        failing = {"--on-batch": self._hook.last_error} if self._hook.last_error else {}
        self._status = replace(
            self._status,
            beat=time.time(),
            mode=str(lookout.mode),
            reason=lookout.reason,
            interval=lookout.interval,
            lost_since=time.time() - (now - lookout.lost_since) if lookout.lost_since else 0.0,
            exchanged=lookout.exchanged,
            last_event=lookout.last_event,
            settling=len(settling),
            reading=self._reading_count,
            oldest=oldest.name if oldest else "",
            oldest_seconds=oldest.seconds if oldest else 0.0,
            overdue=max(0.0, now - settling.get_next_due()),
            observer=lookout.pid,
            workers=self._session.worker_pids,
            files=summary.files,
            pages=dict(summary.statuses),
            behind=self._report_scheduler.write_errors | failing,
        )
