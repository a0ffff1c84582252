"""Files that have been noticed, until nobody writes to them any more.

A file is taken when nothing was heard of it for the settle time, and its size and mtime are the
same in two looks that far apart. Close-after-write alone does not mean complete: scanners close
and open a file again between pages (paperless-ngx's ``FileStabilityTracker`` tells the same story).
"""

import fcntl
import heapq
import os
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from batchdigits.pipeline.scan import InboxWalk
from batchdigits.records import to_sqlite_integer
from batchdigits.system.filenames import raw_name

#: Seconds before a file that could not be got at is tried again, and the most that doubling
#: them each time may come to.
_AGAIN, _SELDOM = 5.0, 300.0
Look = tuple[int, int]
Found = tuple[str, int, int]


class Oldest(NamedTuple):
    """The file that has been waiting the longest, and for how many seconds."""

    name: str
    seconds: float


@dataclass(slots=True)
class _Waiting:
    """``look``: size and mtime when last heard of; ``due``: when to look again.

    ``since``: when it was first noticed; ``queued``: for when it stands in the queue, never later
    than it is due; ``patience``: until when an empty or open file is given, or 0 where it is
    neither.
    """

    look: Look | None
    due: float
    since: float
    queued: float = 0.0
    patience: float = 0.0


class Settling:
    """Files by name (see :class:`~batchdigits.records.Source`), each with its own short clock.

    All times are those of :func:`time.monotonic`.

    Attributes:
        dropped: how many files were waiting and are no more, though nobody took them.
    """

    def __init__(
        self,
        scan: InboxWalk,
        settle: float,
        grace: float,
        is_local: Callable[[], bool] = lambda: True,
    ) -> None:
        """``is_local`` tells whether the inbox lies on a disk of this machine."""
        self._scan = scan
        self._inbox = os.fspath(scan.inbox)
        self._settle = settle
        self._grace = grace
        self._is_local = is_local
        self._waiting: dict[str, _Waiting] = {}
        # A file that comes up too early goes back with the time that holds now.
        self._due: list[tuple[float, str]] = []
        self._tries: dict[str, tuple[int, str]] = {}
        self._doubted: set[str] = set()
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def heard(self, name: str, now: float) -> None:
        """Something happened to a file: its clock begins anew."""
        look = self._look(name)
        if look is None:
            self.forget(name)
            return
        self._tries.pop(name, None)
        self._doubted.discard(name)
        self._put(name, look, now + self._settle, now).patience = 0.0

    def found(self, name: str, size: int, mtime_ns: int, now: float) -> None:
        """A look through the inbox found a file that is not on record.

        Where it is as it was, its clock goes on.
        """
        waiting = self._waiting.get(name)
        if waiting is None:
            self._put(name, (size, mtime_ns), now + self._settle, now)
        elif (size, mtime_ns) != waiting.look:
            self.heard(name, now)  # it changed, and nobody told

    def again(self, name: str, why: str, now: float) -> bool:
        """A file could not be got at: it is tried again, each time after twice as long.

        Returns whether that is news: the last time it was not for the same reason.
        """
        tries, before = self._tries.get(name, (0, ""))
        self._tries[name] = tries + 1, why
        self._put(name, self._look(name), now + min(_AGAIN * 2**tries, _SELDOM), now)
        return why != before

    def unsaid(self) -> None:
        """What was news may not have been put on record: it is news once more."""
        self._tries = {name: (tries, "") for name, (tries, _) in self._tries.items()}

    def doubt(self, name: str, mtime_ns: int, now: float) -> bool:
        """Whether to wait for the rest of a file that was read and is no good.

        One that was written just now may be half of what is coming, with a pause that is longer
        than the settle time; it is given the grace once.
        """
        young = abs(time.time() - mtime_ns / 1e9) < self._grace
        if not young or name in self._doubted:
            return False
        self._doubted.add(name)
        self._put(name, self._look(name), now + self._grace, now)
        return True

    def read(self, name: str) -> None:
        """A file is done with."""
        self._tries.pop(name, None)
        self._doubted.discard(name)

    def forget(self, name: str) -> None:
        """A file is gone."""
        self.dropped += self._waiting.pop(name, None) is not None
        self._tries.pop(name, None)
        self._doubted.discard(name)

    def clear(self) -> None:
        """Nothing is known any more: the inbox was lost."""
        self.dropped += len(self._waiting)
        for each in (self._waiting, self._due, self._tries, self._doubted):
            each.clear()

    def next_due(self) -> float:
        """When there is a file to look at; infinity where none is waiting."""
        return self._due[0][0] if self._due else float("inf")

    def oldest(self, now: float) -> Oldest | None:
        """The file noticed first of those still waiting."""
        # They stand in the order in which they were noticed.
        for name, waiting in self._waiting.items():
            return Oldest(name, now - waiting.since)
        return None

    def take(self, now: float, most: int) -> list[Found]:
        """Files that have settled, at most so many, with their sizes and mtimes."""
        settled: list[Found] = []
        while self._due and self._due[0][0] <= now and len(settled) < most:
            queued, name = heapq.heappop(self._due)
            waiting = self._waiting.get(name)
            if waiting is None or waiting.queued != queued:
                continue
            if waiting.due <= now and (found := self._judged(name, waiting, now)):
                settled.append(found)
            if name in self._waiting:
                self._queue(name, waiting)
        return settled

    def _queue(self, name: str, waiting: _Waiting) -> None:
        waiting.queued = waiting.due
        heapq.heappush(self._due, (waiting.due, name))

    def _judged(self, name: str, waiting: _Waiting, now: float) -> Found | None:
        """The file if it has settled; forgets one that is gone or is none to be read."""
        found = self._scan.find_file(raw_name(name))
        if found is None:
            self.forget(name)
            return None
        look = found[1:]
        if look != waiting.look:
            waiting.look, waiting.due, waiting.patience = look, now + self._settle, 0.0
            return None
        if found[1] == 0 or self._is_open(name):
            waiting.patience = waiting.patience or now + self._grace
            if now < waiting.patience:
                waiting.due = min(now + self._settle, waiting.patience)
                return None
        del self._waiting[name]
        return found

    def _is_open(self, name: str) -> bool:
        # On a share, a lease is refused for other reasons too (NFSv4: without a delegation).
        return self._is_local() and _is_being_written(f"{self._inbox}/{raw_name(name)}")

    @property
    def fresh(self) -> int:
        """How many files are waiting for the first time."""
        return len(self._waiting) - len(self._tries)

    def _look(self, name: str) -> Look | None:
        """Size and mtime of a regular file; zeros where it is there, but may not be looked at."""
        path = f"{self._inbox}/{raw_name(name)}"
        try:
            status = os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return (0, 0) if os.path.islink(path) else None
        except OSError:
            return 0, 0
        if not stat.S_ISREG(status.st_mode):
            return None
        return status.st_size, to_sqlite_integer(status.st_mtime_ns)

    def _put(self, name: str, look: Look | None, due: float, now: float) -> _Waiting:
        waiting = self._waiting.get(name)
        if waiting is None:
            waiting = self._waiting[name] = _Waiting(look, due, now)
            self._queue(name, waiting)
        else:
            waiting.look, waiting.due = look, due
            if due < waiting.queued:
                self._queue(name, waiting)
        return waiting


def _is_being_written(path: str) -> bool:
    """Whether any process has a file open for writing.

    Linux grants a read lease only on a file that nobody has open for writing (fcntl(2),
    ``F_SETLEASE``); it is given back at once. ``False`` where the system or the file system has
    no leases, or the file is another user's.
    """
    setlease = getattr(fcntl, "F_SETLEASE", None)
    if setlease is None:
        return False
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.fcntl(descriptor, setlease, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, setlease, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False
