"""The events of the inbox: had from the system where it tells of files, done without elsewhere.

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
from batchdigits.watching.inbox_presence import InboxPresence, InboxState
from batchdigits.watching.observer import EventKind, ObserverProcess
from batchdigits.watching.rescan_schedule import RescanSchedule

#: Seconds that the observer's first message, and the event of a probe file, are waited for.
_START_TIMEOUT, _PROBE_TIMEOUT = 10.0, 2.0
#: Seconds until events are tried again where they could not be had.
_EVENTS_RETRY_DELAY = 600.0
#: Times that the observer may fail within so many seconds before it is given up.
_MAX_FAILURES, _FAILURE_PERIOD = 5, 60.0
_ERRNO_HINTS = {
    errno.ENOSPC: "the limit of watches is reached: raise fs.inotify.max_user_watches",
    errno.EMFILE: "the limit of watchers is reached: raise fs.inotify.max_user_instances",
}
#: Events that mean that others may be missing.
_LOSSES = (EventKind.OVERFLOW, EventKind.FAILED, EventKind.STALE_WATCHES)


class WatchMode(StrEnum):
    """How the watcher learns of files."""

    EVENTS = "events"
    POLLING = "polling"


@dataclass(slots=True)
class InboxChanges:
    """What happened in the inbox: names inside it as :func:`os.fsdecode` gives them.

    Attributes:
        files: files that were made, written or moved here.
        folders: folders that were made or moved here, perhaps with files in them.
        gone: files that were deleted or moved away.
    """

    files: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)


class EventSource:
    """Collects events, whatever becomes of events, observer and inbox.

    Attributes:
        mode: events or polling.
        reason: why, in words.
        is_local: whether the inbox lies on a disk of this machine, and nothing else is mounted in
            it.
        last_event: seconds since 1970 of the last event, or 0.
    """

    def __init__(
        self, inbox: Path, watching: Watching, presence: InboxPresence, schedule: RescanSchedule
    ) -> None:
        """Make it ready to start.

        Args:
            inbox: the folder.
            watching: its options.
            presence: tells whether the inbox is there.
            schedule: is asked for a rescan where events may be missing.
        """
        self._inbox = inbox
        self._prefix = self._resolve_prefix()
        self._watching = watching
        self._presence = presence
        self._schedule = schedule
        self._observer: ObserverProcess | None = None
        self._failure_times: list[float] = []
        self._retry_events_at = math.inf
        self.mode, self.reason = WatchMode.POLLING, "not started yet"
        self.is_local = True
        self.last_event = 0.0

    def _resolve_prefix(self) -> str:
        return f"{os.path.realpath(self._inbox).rstrip('/')}/"

    def start(self) -> None:
        """Choose events or polling; before the first rescan, so that nothing falls between."""
        sharing = describe_sharing(self._inbox)
        self.is_local = sharing is None
        self._retry_events_at = math.inf
        if self._watching.poll is not None:
            self._use_polling("--poll asks for it")
        elif sharing is not None:
            self._use_polling(sharing)
        else:
            self._use_events()

    def stop(self) -> None:
        """End the observer."""
        if self._observer:
            self._observer.stop()
            self._observer = None

    @property
    def pid(self) -> int:
        """Process number of the observer, or 0."""
        return self._observer.pid if self._observer else 0

    @property
    def pipes(self) -> list[Connection]:
        """What becomes readable when there are events."""
        return [self._observer.pipe] if self._observer else []

    def _use_polling(self, reason: str) -> None:
        self.stop()
        if self.is_local and self._watching.poll is None:  # it may be better another time
            self._retry_events_at = time.monotonic() + _EVENTS_RETRY_DELAY
        if (self.mode, self.reason) == (WatchMode.POLLING, reason):
            return
        self.mode, self.reason = WatchMode.POLLING, reason
        self._schedule.use_polling()
        LOG.info("Looking for new files every %g s: %s.", self._schedule.interval, reason)

    def _use_events(self) -> None:
        self.stop()
        # watchdog reports paths below the one it is given: the real one, as links may change.
        self._observer = ObserverProcess(self._prefix.rstrip("/") or "/")
        first_events = self._observer.read_events(_START_TIMEOUT)
        for kind, number in first_events:
            if kind == EventKind.FAILED:
                return self._use_polling(_explain_errno(number))
        if not first_events:
            return self._use_polling("the event observer did not start")
        has_heard_probe = self._probe_events()
        if has_heard_probe is False:
            return self._use_polling("a probe file raised no event here")
        self._schedule.use_events()
        if self.mode is not WatchMode.EVENTS:
            self.mode = WatchMode.EVENTS
            self.reason = (
                "a probe file raised an event" if has_heard_probe else "no probe file could be made"
            )
            LOG.info(
                "Watching for new files; the whole inbox is checked every %g s.",
                self._schedule.interval,
            )
        return None

    def _probe_events(self) -> bool | None:
        """Find out whether a file made here raises an event; ``None`` where none can be made."""
        probe = f"{self._prefix}.batchdigits-probe-{os.getpid()}"
        try:
            os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except OSError:
            return None
        finally:
            for _ in range(2):  # a disk error may pass
                with suppress(OSError):
                    os.unlink(probe)
                    break
        assert self._observer
        deadline = time.monotonic() + _PROBE_TIMEOUT
        while (now := time.monotonic()) < deadline and self._observer.is_alive(now):
            # What else is heard meanwhile is found by the first rescan, which comes after.
            if any(path == probe for _, path in self._observer.read_events(deadline - now)):
                return True
        return False

    def collect_changes(self, now: float) -> InboxChanges:
        """Return what has happened since the last call, and see to it that events can come."""
        changes = InboxChanges()
        if self._observer:
            for kind, path in self._observer.read_events():
                self._handle_event(changes, kind, path, now)
        if self._presence.is_check_due(now):
            self._check_inbox(now)
        return changes

    def _handle_event(self, changes: InboxChanges, kind: str, path: str, now: float) -> None:
        if kind == EventKind.FAILED:
            self._use_polling(_explain_errno(path))
        if kind == EventKind.STALE_WATCHES:
            self._use_events()
        if kind in _LOSSES:
            self._schedule.request()
        if not path.startswith(self._prefix):
            return
        name = path[len(self._prefix) :]
        {
            EventKind.FILE: changes.files,
            EventKind.FOLDER: changes.folders,
            EventKind.GONE: changes.gone,
        }.get(EventKind(kind), []).append(name)
        if kind == EventKind.FOLDER_GONE:
            self._schedule.request_after_settling(now)
        self.last_event = time.time()
        self._schedule.count_event(now)

    def _check_inbox(self, now: float) -> None:
        """See that the inbox is there and is the same, and that the observer lives."""
        state = self._presence.check(now)
        if state is InboxState.LOST:
            self.stop()
            self._schedule.suspend()
        elif state is InboxState.RENEWED:
            self._prefix = self._resolve_prefix()
            self.start()  # it may lie on another disk now
            self._schedule.resume()
        elif self._observer and not self._observer.is_alive(now):
            self._restart_observer(now)
        elif now >= self._retry_events_at:
            self.start()
            self._schedule.request()

    def _restart_observer(self, now: float) -> None:
        """Replace an observer that ended or hangs."""
        self._failure_times = [
            *(failure for failure in self._failure_times if now - failure < _FAILURE_PERIOD),
            now,
        ]
        if len(self._failure_times) > _MAX_FAILURES:
            self._use_polling("the event observer keeps failing")
        else:
            LOG.warning("The event observer ended and is being restarted.")
            self._use_events()
        self._schedule.request()

    def recheck_sharing(self) -> None:
        """Go over to polling where something that tells of nothing was mounted in the inbox."""
        if self.mode is WatchMode.EVENTS and describe_sharing(self._inbox) is not None:
            self.start()
            self._schedule.request()


def _explain_errno(number: str) -> str:
    """Say why events cannot be had, given the error number of the system."""
    hint = _ERRNO_HINTS.get(int(number), os.strerror(int(number)).lower())
    return f"events are not available, {hint}"
