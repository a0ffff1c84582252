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

from batchdigits.pipeline.inbox_walk import InboxWalk
from batchdigits.records import to_sqlite_integer
from batchdigits.system.filenames import to_raw_name

#: Seconds before a file that could not be got at is tried again, and the most that doubling
#: them each time may come to.
_RETRY_DELAY, _MAX_RETRY_DELAY = 5.0, 300.0
FileSignature = tuple[int, int]
InboxFile = tuple[str, int, int]


class OldestFile(NamedTuple):
    """The file that has been waiting the longest, and for how many seconds."""

    name: str
    seconds: float


@dataclass(slots=True)
class _SettlingFile:
    """``look``: size and mtime when last heard of; ``due``: when to look again.

    ``since``: when it was first noticed; ``queued``: for when it stands in the queue, never later
    than it is due; ``patience``: until when an empty or open file is given, or 0 where it is
    neither.
    """

    signature: FileSignature | None
    due: float
    noticed_at: float
    queue_time: float = 0.0
    grace_until: float = 0.0


class Debouncer:
    """Files by name (see :class:`~batchdigits.records.Source`), each with its own short clock.

    All times are those of :func:`time.monotonic`.

    Attributes:
        dropped: how many files were waiting and are no more, though nobody took them.
    """

    def __init__(
        self,
        walk: InboxWalk,
        settle: float,
        grace: float,
        is_local: Callable[[], bool] = lambda: True,
    ) -> None:
        """``is_local`` tells whether the inbox lies on a disk of this machine."""
        self._walk = walk
        self._inbox = os.fspath(walk.inbox)
        self._settle = settle
        self._grace = grace
        self._is_local = is_local
        self._settling: dict[str, _SettlingFile] = {}
        # A file that comes up too early goes back with the time that holds now.
        self._queue: list[tuple[float, str]] = []
        self._retries: dict[str, tuple[int, str]] = {}
        self._grace_given: set[str] = set()
        self.dropped_count = 0

    def __len__(self) -> int:
        return len(self._settling)

    def note_change(self, name: str, now: float) -> None:
        """Something happened to a file: its clock begins anew."""
        look = self._read_signature(name)
        if look is None:
            self.forget(name)
            return
        self._retries.pop(name, None)
        self._grace_given.discard(name)
        self._schedule(name, look, now + self._settle, now).grace_until = 0.0

    def add(self, name: str, size: int, mtime_ns: int, now: float) -> None:
        """A look through the inbox found a file that is not on record.

        Where it is as it was, its clock goes on.
        """
        waiting = self._settling.get(name)
        if waiting is None:
            self._schedule(name, (size, mtime_ns), now + self._settle, now)
        elif (size, mtime_ns) != waiting.signature:
            self.note_change(name, now)  # it changed, and nobody told

    def schedule_retry(self, name: str, reason: str, now: float) -> bool:
        """A file could not be got at: it is tried again, each time after twice as long.

        Returns whether that is news: the last time it was not for the same reason.
        """
        tries, before = self._retries.get(name, (0, ""))
        self._retries[name] = tries + 1, reason
        self._schedule(
            name,
            self._read_signature(name),
            now + min(_RETRY_DELAY * 2**tries, _MAX_RETRY_DELAY),
            now,
        )
        return reason != before

    def forget_retry_reasons(self) -> None:
        """What was news may not have been put on record: it is news once more."""
        self._retries = {name: (tries, "") for name, (tries, _) in self._retries.items()}

    def grant_grace(self, name: str, mtime_ns: int, now: float) -> bool:
        """Whether to wait for the rest of a file that was read and is no good.

        One that was written just now may be half of what is coming, with a pause that is longer
        than the settle time; it is given the grace once.
        """
        young = abs(time.time() - mtime_ns / 1e9) < self._grace
        if not young or name in self._grace_given:
            return False
        self._grace_given.add(name)
        self._schedule(name, self._read_signature(name), now + self._grace, now)
        return True

    def mark_done(self, name: str) -> None:
        """A file is done with."""
        self._retries.pop(name, None)
        self._grace_given.discard(name)

    def forget(self, name: str) -> None:
        """A file is gone."""
        self.dropped_count += self._settling.pop(name, None) is not None
        self._retries.pop(name, None)
        self._grace_given.discard(name)

    def clear(self) -> None:
        """Nothing is known any more: the inbox was lost."""
        self.dropped_count += len(self._settling)
        for each in (self._settling, self._queue, self._retries, self._grace_given):
            each.clear()

    def get_next_due(self) -> float:
        """When there is a file to look at; infinity where none is waiting."""
        return self._queue[0][0] if self._queue else float("inf")

    def find_oldest(self, now: float) -> OldestFile | None:
        """The file noticed first of those still waiting."""
        # They stand in the order in which they were noticed.
        for name, waiting in self._settling.items():
            return OldestFile(name, now - waiting.noticed_at)
        return None

    def take_settled(self, now: float, limit: int) -> list[InboxFile]:
        """Files that have settled, at most so many, with their sizes and mtimes."""
        settled: list[InboxFile] = []
        while self._queue and self._queue[0][0] <= now and len(settled) < limit:
            queued, name = heapq.heappop(self._queue)
            waiting = self._settling.get(name)
            if waiting is None or waiting.queue_time != queued:
                continue
            if waiting.due <= now and (found := self._take_if_settled(name, waiting, now)):
                settled.append(found)
            if name in self._settling:
                self._enqueue(name, waiting)
        return settled

    def _enqueue(self, name: str, file: _SettlingFile) -> None:
        file.queue_time = file.due
        heapq.heappush(self._queue, (file.due, name))

    def _take_if_settled(self, name: str, file: _SettlingFile, now: float) -> InboxFile | None:
        """The file if it has settled; forgets one that is gone or is none to be read."""
        found = self._walk.find_file(to_raw_name(name))
        if found is None:
            self.forget(name)
            return None
        look = found[1:]
        if look != file.signature:
            file.signature, file.due, file.grace_until = look, now + self._settle, 0.0
            return None
        if found[1] == 0 or self._is_open(name):
            file.grace_until = file.grace_until or now + self._grace
            if now < file.grace_until:
                file.due = min(now + self._settle, file.grace_until)
                return None
        del self._settling[name]
        return found

    def _is_open(self, name: str) -> bool:
        # On a share, a lease is refused for other reasons too (NFSv4: without a delegation).
        return self._is_local() and _is_being_written(f"{self._inbox}/{to_raw_name(name)}")

    @property
    def new_file_count(self) -> int:
        """How many files are waiting for the first time."""
        return len(self._settling) - len(self._retries)

    def _read_signature(self, name: str) -> FileSignature | None:
        """Size and mtime of a regular file; zeros where it is there, but may not be looked at."""
        path = f"{self._inbox}/{to_raw_name(name)}"
        try:
            status = os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return (0, 0) if os.path.islink(path) else None
        except OSError:
            return 0, 0
        if not stat.S_ISREG(status.st_mode):
            return None
        return status.st_size, to_sqlite_integer(status.st_mtime_ns)

    def _schedule(
        self, name: str, signature: FileSignature | None, due: float, now: float
    ) -> _SettlingFile:
        waiting = self._settling.get(name)
        if waiting is None:
            waiting = self._settling[name] = _SettlingFile(signature, due, now)
            self._enqueue(name, waiting)
        else:
            waiting.signature, waiting.due = signature, due
            if due < waiting.queue_time:
                self._enqueue(name, waiting)
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
