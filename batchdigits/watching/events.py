"""What goes on in the inbox: heard where events come, looked for where they do not.

A network share tells nobody here of what is written on its other side, and some file systems tell
of nothing at all: "it runs but picks up nothing" is the complaint met most often with watchers.
So it is tried out, said in one line, and watched over.
"""

import errno
import math
import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from multiprocessing.connection import Connection
from pathlib import Path

from batchdigits.config import Watching
from batchdigits.system.filesystems import describe_sharing
from batchdigits.system.logs import LOG
from batchdigits.watching.observer import EventKind, ObserverProcess

#: Seconds between two looks where nothing else is said, and the share of one core they may take.
DEFAULT_POLL_INTERVAL, _POLL_CPU_SHARE = 5.0, 0.008
#: Seconds that the first word, and the event of a probe file, are waited for.
_START_TIMEOUT, _PROBE_TIMEOUT = 10.0, 2.0
#: Events after which one more look is taken once it is quiet: some may have been lost.
_BURST_EVENTS = 2000
#: Seconds between looks for an inbox that is lost: doubled each time, up to the most.
_MIN_BACK_OFF, _MAX_BACK_OFF = 0.5, 30.0
#: Seconds until events are tried again where they could not be had.
_EVENTS_RETRY_DELAY = 600.0
#: Times that ears may fail within a minute before they are given up.
_MAX_FAILURES = 5
_ERRNO_HINTS = {
    errno.ENOSPC: "the limit of watches is reached: raise fs.inotify.max_user_watches",
    errno.EMFILE: "the limit of watchers is reached: raise fs.inotify.max_user_instances",
}


class WatchMode(StrEnum):
    """How it is known what happens in the inbox."""

    EVENTS = "events"
    POLLING = "polling"


@dataclass(slots=True)
class Arrivals:
    """What happened: names in the inbox as :func:`os.fsdecode` gives them, each once."""

    files: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)


class EventSource:
    """Keeps looking at one inbox, whatever becomes of events, observer and inbox.

    Attributes:
        mode: events or polling, and ``reason`` in words why.
        lost: since when the inbox cannot be reached, or 0.
        is_local: whether it lies on a disk of this machine, and nothing else is mounted in it.
        exchanged: whether it was found to be another folder, and no files in that yet;
            ``doubtful`` the same as it was when the last look began.
        last_event: seconds since 1970 of the last event, or 0.
    """

    def __init__(self, inbox: Path, watching: Watching) -> None:
        self._inbox = inbox
        self._path = os.fspath(inbox)
        self._prefix = f"{os.path.realpath(inbox).rstrip('/')}/"
        self._watching = watching
        self._observer: ObserverProcess | None = None
        self._identity = self._identify_inbox()
        self._rescan_at = 0.0
        self._event_count = 0
        self._quiet_from = 0.0
        self._check_at = 0.0
        self._back_off = _MIN_BACK_OFF
        self._failure_times: list[float] = []
        self.mode, self.reason = WatchMode.POLLING, "not started yet"
        self.interval = watching.rescan
        self.lost_since = 0.0
        self.is_local = True
        self.exchanged = self.was_exchanged = False
        self._retry_events_at = math.inf
        self.last_event = 0.0

    def start(self) -> None:
        """Choose events or polling; before the first look, so that nothing falls between."""
        shared = describe_sharing(self._inbox)
        self.is_local = shared is None
        self._retry_events_at = math.inf
        if self._watching.poll is not None:
            self._use_polling("--poll asks for it")
        elif shared is not None:
            self._use_polling(shared)
        else:
            self._use_events()

    def stop(self) -> None:
        """Stop listening."""
        if self._observer:
            self._observer.stop()
            self._observer = None

    @property
    def pid(self) -> int:
        """The process that listens, or 0."""
        return self._observer.pid if self._observer else 0

    @property
    def pipes(self) -> list[Connection]:
        """What becomes readable when there is news."""
        return [self._observer.pipe] if self._observer else []

    def _use_polling(self, reason: str) -> None:
        self.stop()
        if self.is_local and self._watching.poll is None:  # it may be better another time
            self._retry_events_at = time.monotonic() + _EVENTS_RETRY_DELAY
        if (self.mode, self.reason) == (WatchMode.POLLING, reason):
            return
        self.mode, self.reason = WatchMode.POLLING, reason
        self.interval = self._watching.poll or DEFAULT_POLL_INTERVAL
        LOG.info("Looking for new files every %g s: %s.", self.interval, reason)

    def _use_events(self) -> None:
        self.stop()
        # watchdog reports paths below the one it is given: the real one, as links may change.
        ears = self._observer = ObserverProcess(self._prefix.rstrip("/") or "/")
        first = ears.read_events(_START_TIMEOUT)
        for kind, number in first:
            if kind == EventKind.FAILED:
                return self._use_polling(_explain_errno(number))
        if not first:
            return self._use_polling("the observer of events did not start")
        heard = self._probe_events()
        if heard is False:
            return self._use_polling("a probe file raised no event here")
        self.interval = self._watching.rescan
        if self.mode is not WatchMode.EVENTS:
            self.mode = WatchMode.EVENTS
            self.reason = "a probe file raised one" if heard else "no probe file could be made"
            LOG.info("Watching for new files; all is compared again every %g s.", self.interval)
        return None

    def _probe_events(self) -> bool | None:
        """Whether a file made here raises an event; ``None`` where none can be made."""
        probe = f"{self._prefix}.batchdigits-probe-{os.getpid()}"
        try:
            os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except OSError:
            return None
        finally:
            with suppress(OSError):
                os.unlink(probe)
        assert self._observer
        until = time.monotonic() + _PROBE_TIMEOUT
        while self._observer.is_alive(time.monotonic()) and (left := until - time.monotonic()) > 0:
            # What else is heard meanwhile is found by the first look, which comes after.
            if any(path == probe for _, path in self._observer.read_events(left)):
                return True
        return False

    def collect_arrivals(self, now: float) -> Arrivals:
        """What has happened since the last call; also sees to it that news can come."""
        news = Arrivals()
        if self._observer:
            for kind, path in self._observer.read_events():
                self._dispatch_event(news, kind, path, now)
        if now >= self._check_at:
            self._check_inbox(now)
        return news

    def _dispatch_event(self, arrivals: Arrivals, kind: str, path: str, now: float) -> None:
        if kind == EventKind.FAILED:
            self._use_polling(_explain_errno(path))
        if kind == EventKind.STALE_WATCHES:
            self._use_events()
        if kind in (EventKind.OVERFLOW, EventKind.FAILED, EventKind.STALE_WATCHES):
            self.schedule_rescan()
        if not path.startswith(self._prefix):
            return
        name = path[len(self._prefix) :]
        {
            EventKind.FILE: arrivals.files,
            EventKind.FOLDER: arrivals.folders,
            EventKind.GONE: arrivals.gone,
        }.get(EventKind(kind), []).append(name)
        if kind == EventKind.FOLDER_GONE:
            self.schedule_rescan(now + self._watching.settle)
        self.last_event = time.time()
        self._event_count += 1
        self._quiet_from = now + max(self._watching.settle, 1.0)

    def _check_inbox(self, now: float) -> None:
        """See that the inbox is there and is the same, and that ears hear."""
        self._check_at = now + 1.0
        found = self._identify_inbox()
        if found is None:
            if not self.lost_since:
                LOG.warning("The inbox %s cannot be reached: waiting for it.", self._inbox)
                self.lost_since, self._back_off = now, _MIN_BACK_OFF
                self.stop()
            self._check_at = now + self._back_off
            self._back_off = min(self._back_off * 2, _MAX_BACK_OFF)
            return
        returned, self.lost_since = bool(self.lost_since), 0.0
        if returned:
            LOG.warning("The inbox %s is there again.", self._inbox)
        elif found != self._identity:
            LOG.warning("The inbox %s is another folder than before.", self._inbox)
        if returned or found != self._identity:
            self.exchanged = self.exchanged or found != self._identity
            self._identity = found
            self._prefix = f"{os.path.realpath(self._inbox).rstrip('/')}/"
            self.start()  # it may lie on another disk now
            self.schedule_rescan()
        elif self._observer and not self._observer.is_alive(now):
            self._restart_observer(now)
        elif now >= self._retry_events_at:
            self.start()
            self.schedule_rescan()

    def _restart_observer(self, now: float) -> None:
        """The observer ended or hangs."""
        self._failure_times = [each for each in self._failure_times if now - each < 60] + [now]
        if len(self._failure_times) > _MAX_FAILURES:
            self._use_polling("the observer of events keeps failing")
        else:
            LOG.warning("The observer of events ended and is started again.")
            self._use_events()
        self.schedule_rescan()

    def is_reachable(self) -> bool:
        """Whether the inbox is there this moment, and is the one that is watched."""
        return not self.lost_since and self._identify_inbox() == self._identity

    def _identify_inbox(self) -> tuple[int, int] | None:
        """Which folder the inbox is; ``None`` where it cannot be listed."""
        try:
            status = os.stat(self._path)
            os.scandir(self._path).close()
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def schedule_rescan(self, when: float = 0.0) -> None:
        """Have the whole inbox compared, not before ``when``."""
        self._rescan_at = min(self._rescan_at, when)

    def is_rescan_due(self, now: float) -> bool:
        """Whether the whole inbox is to be compared with what is on record."""
        if self.lost_since:
            return False
        return now >= self._rescan_at or (
            self._event_count >= _BURST_EVENTS and now >= self._quiet_from
        )

    @property
    def next_rescan(self) -> float:
        """When it is due; never while there is no inbox."""
        if self.lost_since:
            return math.inf
        many = self._quiet_from if self._event_count >= _BURST_EVENTS else math.inf
        return min(self._rescan_at, many)

    def start_rescan(self) -> None:
        """A look begins: what comes up from now on asks for another."""
        self._rescan_at = math.inf
        self._event_count = 0
        self.was_exchanged, self.exchanged = self.exchanged, False

    def finish_rescan(
        self, started: float, cpu_seconds: float, now: float, has_more: bool, is_empty: bool
    ) -> None:
        """A look was taken that cost so many seconds of processor time; ``more`` is left to do.

        Polling slows itself down to keep its share of the processor.
        """
        self.exchanged = self.exchanged or (self.was_exchanged and is_empty)
        if self.mode is WatchMode.EVENTS:
            self.schedule_rescan(now if has_more else started + self._watching.rescan)
            if describe_sharing(self._inbox) is not None:
                self.start()
            return
        wanted = self._watching.poll or DEFAULT_POLL_INTERVAL
        interval = max(wanted, cpu_seconds / _POLL_CPU_SHARE)
        if interval > max(1.2 * self.interval, 1.1 * wanted):
            LOG.info(
                "A look through the inbox takes %.2f s: one is taken every %.1f s, not every %g s.",
                *(cpu_seconds, interval, wanted),
            )
        self.interval = interval if interval > 1.1 * wanted else wanted
        self.schedule_rescan(now if has_more else now + self.interval)


def _explain_errno(number: str) -> str:
    """Why events cannot be had, from the error number that the system gave."""
    words = _ERRNO_HINTS.get(int(number), os.strerror(int(number)).lower())
    return f"events cannot be had, {words}"
