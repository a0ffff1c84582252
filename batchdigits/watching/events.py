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
from batchdigits.system.filesystems import shared_by
from batchdigits.system.logs import LOG
from batchdigits.watching.observer import Ears, Kind

#: Seconds between two looks where nothing else is said, and the share of one core they may take.
POLL, _POLL_SHARE = 5.0, 0.008
#: Seconds that the first word, and the event of a probe file, are waited for.
_FIRST_WORD, _PROBE_WAIT = 10.0, 2.0
#: Events after which one more look is taken once it is quiet: some may have been lost.
_MANY = 2000
#: Seconds between looks for an inbox that is lost: doubled each time, up to the most.
_BACK_OFF, _MOST_BACK_OFF = 0.5, 30.0
#: Seconds until events are tried again where they could not be had.
_CHOOSE_AGAIN = 600.0
#: Times that ears may fail within a minute before they are given up.
_FAILURES = 5
_SYSCTL = {
    errno.ENOSPC: "the limit of watches is reached: raise fs.inotify.max_user_watches",
    errno.EMFILE: "the limit of watchers is reached: raise fs.inotify.max_user_instances",
}


class Mode(StrEnum):
    """How it is known what happens in the inbox."""

    EVENTS = "events"
    POLLING = "polling"


@dataclass(slots=True)
class News:
    """What happened: names in the inbox as :func:`os.fsdecode` gives them, each once."""

    files: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)


class Lookout:
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
        self._ears: Ears | None = None
        self._identity = self._look()
        self._due = 0.0
        self._events = 0
        self._quiet_from = 0.0
        self._check_at = 0.0
        self._back_off = _BACK_OFF
        self._failures: list[float] = []
        self.mode, self.reason = Mode.POLLING, "not started yet"
        self.interval = watching.rescan
        self.lost = 0.0
        self.is_local = True
        self.exchanged = self.doubtful = False
        self._choose_at = math.inf
        self.last_event = 0.0

    def start(self) -> None:
        """Choose events or polling; before the first look, so that nothing falls between."""
        shared = shared_by(self._inbox)
        self.is_local = shared is None
        self._choose_at = math.inf
        if self._watching.poll is not None:
            self._poll("--poll asks for it")
        elif shared is not None:
            self._poll(shared)
        else:
            self._listen()

    def end(self) -> None:
        """Stop listening."""
        if self._ears:
            self._ears.end()
            self._ears = None

    @property
    def pid(self) -> int:
        """The process that listens, or 0."""
        return self._ears.pid if self._ears else 0

    @property
    def pipes(self) -> list[Connection]:
        """What becomes readable when there is news."""
        return [self._ears.pipe] if self._ears else []

    def _poll(self, why: str) -> None:
        self.end()
        if self.is_local and self._watching.poll is None:  # it may be better another time
            self._choose_at = time.monotonic() + _CHOOSE_AGAIN
        if (self.mode, self.reason) == (Mode.POLLING, why):
            return
        self.mode, self.reason = Mode.POLLING, why
        self.interval = self._watching.poll or POLL
        LOG.info("Looking for new files every %g s: %s.", self.interval, why)

    def _listen(self) -> None:
        self.end()
        # watchdog reports paths below the one it is given: the real one, as links may change.
        ears = self._ears = Ears(self._prefix.rstrip("/") or "/")
        first = ears.heard(_FIRST_WORD)
        for kind, number in first:
            if kind == Kind.CANNOT:
                return self._poll(_refused(number))
        if not first:
            return self._poll("the observer of events did not start")
        heard = self._probe()
        if heard is False:
            return self._poll("a probe file raised no event here")
        self.interval = self._watching.rescan
        if self.mode is not Mode.EVENTS:
            self.mode = Mode.EVENTS
            self.reason = "a probe file raised one" if heard else "no probe file could be made"
            LOG.info("Watching for new files; all is compared again every %g s.", self.interval)
        return None

    def _probe(self) -> bool | None:
        """Whether a file made here raises an event; ``None`` where none can be made."""
        probe = f"{self._prefix}.batchdigits-probe-{os.getpid()}"
        try:
            os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except OSError:
            return None
        finally:
            with suppress(OSError):
                os.unlink(probe)
        assert self._ears
        until = time.monotonic() + _PROBE_WAIT
        while self._ears.alive(time.monotonic()) and (left := until - time.monotonic()) > 0:
            # What else is heard meanwhile is found by the first look, which comes after.
            if any(path == probe for _, path in self._ears.heard(left)):
                return True
        return False

    def news(self, now: float) -> News:
        """What has happened since the last call; also sees to it that news can come."""
        news = News()
        if self._ears:
            for kind, path in self._ears.heard():
                self._sort(news, kind, path, now)
        if now >= self._check_at:
            self._check(now)
        return news

    def _sort(self, news: News, kind: str, path: str, now: float) -> None:
        if kind == Kind.CANNOT:
            self._poll(_refused(path))
        if kind == Kind.STALE:
            self._listen()
        if kind in (Kind.LOST, Kind.CANNOT, Kind.STALE):
            self.rescan_soon()
        if not path.startswith(self._prefix):
            return
        name = path[len(self._prefix) :]
        {Kind.FILE: news.files, Kind.FOLDER: news.folders, Kind.GONE: news.gone}.get(
            Kind(kind), []
        ).append(name)
        if kind == Kind.FOLDER_GONE:
            self.rescan_soon(now + self._watching.settle)
        self.last_event = time.time()
        self._events += 1
        self._quiet_from = now + max(self._watching.settle, 1.0)

    def _check(self, now: float) -> None:
        """See that the inbox is there and is the same, and that ears hear."""
        self._check_at = now + 1.0
        found = self._look()
        if found is None:
            if not self.lost:
                LOG.warning("The inbox %s cannot be reached: waiting for it.", self._inbox)
                self.lost, self._back_off = now, _BACK_OFF
                self.end()
            self._check_at = now + self._back_off
            self._back_off = min(self._back_off * 2, _MOST_BACK_OFF)
            return
        returned, self.lost = bool(self.lost), 0.0
        if returned:
            LOG.warning("The inbox %s is there again.", self._inbox)
        elif found != self._identity:
            LOG.warning("The inbox %s is another folder than before.", self._inbox)
        if returned or found != self._identity:
            self.exchanged = self.exchanged or found != self._identity
            self._identity = found
            self._prefix = f"{os.path.realpath(self._inbox).rstrip('/')}/"
            self.start()  # it may lie on another disk now
            self.rescan_soon()
        elif self._ears and not self._ears.alive(now):
            self._recover(now)
        elif now >= self._choose_at:
            self.start()
            self.rescan_soon()

    def _recover(self, now: float) -> None:
        """The observer ended or hangs."""
        self._failures = [each for each in self._failures if now - each < 60] + [now]
        if len(self._failures) > _FAILURES:
            self._poll("the observer of events keeps failing")
        else:
            LOG.warning("The observer of events ended and is started again.")
            self._listen()
        self.rescan_soon()

    def reachable(self) -> bool:
        """Whether the inbox is there this moment, and is the one that is watched."""
        return not self.lost and self._look() == self._identity

    def _look(self) -> tuple[int, int] | None:
        """Which folder the inbox is; ``None`` where it cannot be listed."""
        try:
            status = os.stat(self._path)
            os.scandir(self._path).close()
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def rescan_soon(self, when: float = 0.0) -> None:
        """Have the whole inbox compared, not before ``when``."""
        self._due = min(self._due, when)

    def rescan_due(self, now: float) -> bool:
        """Whether the whole inbox is to be compared with what is on record."""
        if self.lost:
            return False
        return now >= self._due or (self._events >= _MANY and now >= self._quiet_from)

    @property
    def next_rescan(self) -> float:
        """When it is due; never while there is no inbox."""
        if self.lost:
            return math.inf
        many = self._quiet_from if self._events >= _MANY else math.inf
        return min(self._due, many)

    def rescanning(self) -> None:
        """A look begins: what comes up from now on asks for another."""
        self._due = math.inf
        self._events = 0
        self.doubtful, self.exchanged = self.exchanged, False

    def rescanned(self, begun: float, cost: float, now: float, more: bool, empty: bool) -> None:
        """A look was taken that cost so many seconds of processor time; ``more`` is left to do.

        Polling slows itself down to keep its share of the processor.
        """
        self.exchanged = self.exchanged or (self.doubtful and empty)
        if self.mode is Mode.EVENTS:
            self.rescan_soon(now if more else begun + self._watching.rescan)
            if shared_by(self._inbox) is not None:
                self.start()
            return
        wanted = self._watching.poll or POLL
        interval = max(wanted, cost / _POLL_SHARE)
        if interval > max(1.2 * self.interval, 1.1 * wanted):
            LOG.info(
                "A look through the inbox takes %.2f s: one is taken every %.1f s, not every %g s.",
                *(cost, interval, wanted),
            )
        self.interval = interval if interval > 1.1 * wanted else wanted
        self.rescan_soon(now if more else now + self.interval)


def _refused(number: str) -> str:
    """Why events cannot be had, from the error number that the system gave."""
    words = _SYSCTL.get(int(number), os.strerror(int(number)).lower())
    return f"events cannot be had, {words}"
