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
from batchdigits.execution.chunks import CHUNK, cores
from batchdigits.inference.registry import open_engine
from batchdigits.reports import parquetfile
from batchdigits.reports.rows import ReportRow, ReportRows
from batchdigits.session.outbox import check_folders, open_outbox
from batchdigits.session.session import ReadChunk, Session
from batchdigits.session.summary import Summary
from batchdigits.system.filenames import display_name, for_terminal
from batchdigits.system.logs import LOG
from batchdigits.watching import heartbeat
from batchdigits.watching.debounce import Found, Settling
from batchdigits.watching.events import Lookout
from batchdigits.watching.on_batch_hook import Hook
from batchdigits.watching.remove_processed import Removal
from batchdigits.watching.report_scheduler import Reporting
from batchdigits.watching.rescan import MOST, Rescanning, scan_of
from batchdigits.watching.retries import Retries

#: Seconds that the loop sleeps at the most: so soon a signal is noticed.
_TICK = 0.5
#: Seconds between two looks at oneself.
_OBSERVE = 0.2
#: Settled files that are read before the next look around.
_AT_ONCE = 2048
#: Seconds until files are looked for again that could not be put on record.
_TROUBLE = 5.0


class Listener(Protocol):
    """Whoever wants to see how the watcher is, and may end it."""

    def read(self, lines: Sequence[ReportRow]) -> None:
        """Told the rows of each batch."""

    def beat(self, condition: heartbeat.Condition) -> None:
        """Told several times a second how things are."""

    def stopped(self) -> int:
        """Asked several times a second: the signal that ends the watcher, or 0."""
        ...


def watch(settings: Settings, watching: Watching, listener: Listener) -> Summary:
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
    def __init__(self, settings: Settings, watching: Watching, listener: Listener) -> None:
        self._settings = settings
        self._listener = listener
        self._lookout = Lookout(settings.inbox, watching)
        self._settling = Settling(
            *(scan_of(settings), watching.settle, watching.grace), lambda: self._lookout.is_local
        )
        self._hook = Hook(watching.on_batch)
        self._watching = watching
        self._gone: list[str] = []
        self._trouble = ""
        self._reading = 0
        self._beat_at = self._observe_at = self._mend_at = 0.0
        self._workers = settings.workers or cores()
        self._condition = heartbeat.Condition(
            pid=os.getpid(),
            inbox=display_name(os.path.realpath(settings.inbox)),
            started=time.time(),
        )

    # What the session asks and tells.

    def on_progress(self, summary: Summary) -> None:
        """Several times a second, whatever goes on: news is taken in and the heart beats."""
        now = time.monotonic()
        self._take_news(now)
        if now >= self._beat_at:
            self._beat_at = now + heartbeat.BEAT
            self._observe(now)
            heartbeat.write(self._settings.outbox, self._condition)
        elif now >= self._observe_at:
            self._observe(now)
        self._listener.beat(self._condition)

    def get_stop_signal(self) -> int:
        """The signal that ends the watcher."""
        return self._listener.stopped()

    # The loop.

    def run(self, session: Session) -> None:
        """Watch until the listener says stop."""
        self._session = session
        self._reporting = Reporting(session, self._watching.rotate.form)
        self._removal = Removal(session, self._watching.processed)
        self._rescanning = Rescanning(session, self._settling, self._lookout, self._removal)
        self._retries = Retries(*(self._settling, self._lookout, self._rescanning), session.is_gone)
        try:
            with session.start_workers(self._workers):
                # Before the first look: what arrives from now on is heard of.
                self._lookout.start()
                self._reporting.start(self._rescanning.scan)
                while not self.get_stop_signal():
                    try:
                        self._turn()
                    except (OSError, OutboxBusyError) as error:
                        self._wait_out(error)
                self._end()
        except BatchdigitsError as error:
            self._condition.ended_by = str(error)
            raise
        finally:
            self._lookout.end()
            self._observe(time.monotonic())
            self._condition.ended = time.time()
            heartbeat.write(self._settings.outbox, self._condition)

    def _turn(self) -> None:
        session, settling = self._session, self._settling
        session.notify_listener()
        if time.monotonic() >= self._mend_at:
            self._mend_at = time.monotonic() + heartbeat.BEAT
            session.journal.check_in_place()
            session.replace_dead_workers()
        if self._gone and not self._lookout.lost:
            self._forget_gone()
        now = time.monotonic()
        if self._lookout.rescan_due(now) and settling.fresh < MOST:
            self._rescan(now)
        if ready := settling.take(time.monotonic(), _AT_ONCE):
            try:
                self._read(ready)
            finally:
                self._reading = 0
            self._trouble = ""
        self._hook.tend()
        now = time.monotonic()
        self._reporting.tend(now, settling.next_due() - now, self._rescanning.scan, self._is_busy)
        self._sleep()

    def _wait_out(self, error: OSError | OutboxBusyError) -> None:
        """A disk that is full for a while holds files up, and loses none."""
        why = str(error)
        if isinstance(error, OSError):
            why = f"{error.filename or 'The outbox'}: {error.strerror}"
        if why != self._trouble:
            LOG.warning(
                "%s Trying again every %g s.", for_terminal(f"{why.rstrip('.')}."), _TROUBLE
            )
        self._trouble = why
        # What was in hand is found again: it is not on record.
        self._settling.unsaid()
        self._rescanning.look_closely()
        self._lookout.rescan_soon(time.monotonic() + _TROUBLE)
        self._sleep()

    def _is_busy(self) -> bool:
        return bool(self.get_stop_signal()) or self._settling.next_due() <= time.monotonic()

    def _sleep(self) -> None:
        now = time.monotonic()
        rescan = self._lookout.next_rescan if self._settling.fresh < MOST else math.inf
        until = min(self._settling.next_due(), rescan, self._reporting.wait)
        wait = min(max(until - now, 0.02), self._hook.wait, _TICK)
        connection.wait(self._lookout.pipes, wait)

    def _end(self) -> None:
        """Everything that was read is reported before the watcher goes."""
        session = self._session
        session.summary.interrupted_by = self.get_stop_signal()
        session.journal.check_in_place()
        self._rescanning.count()
        self._hook.end()
        self._reporting.end(self._rescanning.scan)
        for name, why in self._reporting.behind.items():
            raise OutboxError(
                f"{name} could not be written ({why}): its rows are kept, and written when the "
                "watcher, or a run, begins again."
            )

    # What comes up.

    def _take_news(self, now: float) -> None:
        news = self._lookout.news(now)
        settling = self._settling
        if self._lookout.lost:
            settling.clear()
            return
        for place in news.files:
            settling.heard(display_name(place), now)
        for place in news.folders:
            for found in scan_of(self._settings).walk_folder(f"{place}/"):
                settling.found(*found, now)
        self._gone += map(display_name, news.gone)

    def _forget_gone(self) -> None:
        gone = [name for name in self._gone if self._session.is_gone(name)]
        self._gone.clear()
        for name in gone:
            self._settling.forget(name)
        if known := [name for name in gone if self._session.journal.is_present(name)]:
            self._session.journal.mark_gone(known)
            self._reporting.changed()

    def _rescan(self, now: float) -> None:
        if self._rescanning.take(now):
            self._reporting.changed()
        self._condition.last_rescan = time.time()
        self._beat_at = 0.0

    # What is read.

    def _read(self, ready: Sequence[Found]) -> None:
        session = self._session
        plan = session.plan(ready)
        self._reading = plan.pending
        chunk = max(1, min(CHUNK, math.ceil(plan.pending / self._workers)))
        for done in session.read(plan, chunk, self._retries.is_wanted) if plan.pending else ():
            self._reading -= len(done.files)
            self._finish(done)

    def _finish(self, done: ReadChunk) -> None:
        """A chunk is on record: its files may go, and its rows are told."""
        if not done.recorded:
            return
        self._condition.last_read = time.time()
        self._lookout.exchanged = False  # there are files in it
        self._reporting.changed()
        try:
            if self._removal.wanted:
                self._removal.take_recorded(done.recorded)
        finally:  # they are on record, whatever keeps them from being taken away
            lines = ReportRows(self._session.journal, self._settings.duplicates)
            rows = [(each, list(lines.iter_file(each.file_id))) for each in done.recorded]
            new = [line for _, told in rows for line in told]
            self._hook.add(new)
            self._listener.read(new)
        # A file that was read before still has its old row there: both change when it is drawn.
        self._reporting.add(
            [line for each, told in rows if not each.replaces_earlier for line in told]
        )
        self._hook.tend()

    def _observe(self, now: float) -> None:
        """Take note of how things are."""
        self._observe_at = now + _OBSERVE
        lookout, settling, summary = self._lookout, self._settling, self._session.summary
        oldest = settling.oldest(now)
        failing = {"--on-batch": self._hook.trouble} if self._hook.trouble else {}
        self._condition = replace(
            self._condition,
            beat=time.time(),
            mode=str(lookout.mode),
            reason=lookout.reason,
            interval=lookout.interval,
            lost_since=time.time() - (now - lookout.lost) if lookout.lost else 0.0,
            exchanged=lookout.exchanged,
            last_event=lookout.last_event,
            settling=len(settling),
            reading=self._reading,
            oldest=oldest.name if oldest else "",
            oldest_seconds=oldest.seconds if oldest else 0.0,
            overdue=max(0.0, now - settling.next_due()),
            observer=lookout.pid,
            workers=self._session.worker_pids,
            files=summary.files,
            pages=dict(summary.statuses),
            behind=self._reporting.behind | failing,
        )
