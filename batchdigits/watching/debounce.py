"""Files that have been noticed, until nobody writes to them any more.

A file is taken when no event told of it for the settle time, and its size and mtime are the same
in two looks that far apart. Close-after-write alone does not mean complete: scanners close and
open a file again between pages (paperless-ngx's ``FileStabilityTracker`` tells the same story).
"""

import heapq
import os
import stat
import time
from dataclasses import dataclass
from typing import NamedTuple

from batchdigits.pipeline.inbox_walk import InboxWalk
from batchdigits.records import ListedFile
from batchdigits.system.file_content import to_sqlite_integer
from batchdigits.system.filenames import join_display_name, to_raw_name
from batchdigits.system.safe_files.leases import Writers, find_writers

#: Seconds before a file that could not be read is tried again, and the most that doubling
#: them each time may come to.
_RETRY_DELAY, _MAX_RETRY_DELAY = 5.0, 300.0
#: Size in bytes and mtime in nanoseconds.
FileSignature = tuple[int, int]


class OldestFile(NamedTuple):
    """The file that has been waiting the longest, and for how many seconds."""

    name: str
    seconds: float


@dataclass(slots=True)
class _SettlingFile:
    """A file that is waited for.

    Attributes:
        signature: size and mtime when it was last looked at; ``None`` where it was not there.
        due: when to look again.
        noticed_at: when it was first noticed.
        queue_time: for when it stands in the queue, never later than ``due``.
        grace_until: until when an empty or open file is waited for; 0 where it is neither.
    """

    signature: FileSignature | None
    due: float
    noticed_at: float
    queue_time: float = 0.0
    grace_until: float = 0.0


class Debouncer:
    """Files by name (see :class:`~batchdigits.records.Source`), each with its own short clock.

    All times are those of :func:`time.monotonic`, in seconds.

    Attributes:
        dropped_count: how many files were waiting and are no more, though nobody took them.
    """

    def __init__(
        self,
        walk: InboxWalk,
        settle: float,
        grace: float,
    ) -> None:
        """Begin without files.

        Args:
            walk: tells which files are to be read at all.
            settle: how long a file must be left alone.
            grace: how much longer one is waited for that is empty or open for writing.
        """
        self._walk = walk
        self._inbox = os.fspath(walk.inbox)
        self._settle = settle
        self._grace = grace
        self._settling: dict[str, _SettlingFile] = {}
        # A file that comes up too early goes back with the time that holds now.
        self._queue: list[tuple[float, str]] = []
        self._retries: dict[str, tuple[int, str]] = {}
        self._grace_given: set[str] = set()
        self.dropped_count = 0

    def __len__(self) -> int:
        return len(self._settling)

    def __contains__(self, name: object) -> bool:
        return name in self._settling

    def note_change(self, name: str, now: float) -> None:
        """Begin a file's clock anew, as something happened to it."""
        signature = self._read_signature(name)
        if signature is None:
            self.forget(name)
            return
        self._retries.pop(name, None)
        self._grace_given.discard(name)
        self._schedule(name, signature, now + self._settle, now).grace_until = 0.0

    def add(self, listed_file: ListedFile, now: float) -> None:
        """Wait for a file that a walk through the inbox met and that is not on record.

        Where it is waited for already and is as it was, its clock goes on.
        """
        name, signature = listed_file.name, (listed_file.size, listed_file.mtime_ns)
        file = self._settling.get(name)
        if file is None:
            self._schedule(name, signature, now + self._settle, now)
        elif signature != file.signature:
            self.note_change(name, now)  # it changed without an event

    def schedule_retry(self, name: str, reason: str, now: float) -> bool:
        """Have a file tried again that could not be read, each time after twice as long.

        Returns:
            Whether that is news: the last time it was not for the same reason.
        """
        tries, last_reason = self._retries.get(name, (0, ""))
        self._retries[name] = tries + 1, reason
        self._schedule(
            name,
            self._read_signature(name),
            now + min(_RETRY_DELAY * 2**tries, _MAX_RETRY_DELAY),
            now,
        )
        return reason != last_reason

    def forget_retry_reasons(self) -> None:
        """Let every reason be news once more, as the last ones may not be on record."""
        self._retries = {name: (tries, "") for name, (tries, _) in self._retries.items()}

    def grant_grace(self, name: str, mtime_ns: int, now: float) -> bool:
        """Wait for the rest of a file that was read and is no good, if there may be a rest.

        One that was written just now may be half of what is coming, with a pause that is longer
        than the settle time; it is given the grace once.

        Returns:
            Whether it is waited for.
        """
        is_young = abs(time.time() - mtime_ns / 1e9) < self._grace
        if not is_young or name in self._grace_given:
            return False
        self._grace_given.add(name)
        self._schedule(name, self._read_signature(name), now + self._grace, now)
        return True

    def mark_done(self, name: str) -> None:
        """Forget what earlier tries of a file came to, as it was read."""
        self._retries.pop(name, None)
        self._grace_given.discard(name)

    def forget(self, name: str) -> None:
        """Wait no longer for a file, as it is gone."""
        self.dropped_count += self._settling.pop(name, None) is not None
        self._retries.pop(name, None)
        self._grace_given.discard(name)

    def clear(self) -> None:
        """Forget all files, as the inbox was lost."""
        self.dropped_count += len(self._settling)
        self._settling.clear()
        self._queue.clear()
        self._retries.clear()
        self._grace_given.clear()

    def get_next_due(self) -> float:
        """Return when there is a file to look at; infinity where none is waiting."""
        return self._queue[0][0] if self._queue else float("inf")

    def find_oldest(self, now: float) -> OldestFile | None:
        """Find the file noticed first of those still waiting."""
        # They stand in the order in which they were noticed.
        for name, file in self._settling.items():
            return OldestFile(name, now - file.noticed_at)
        return None

    def take_settled(self, now: float, limit: int) -> list[ListedFile]:
        """Take files that have settled, at most so many."""
        settled: list[ListedFile] = []
        while self._queue and self._queue[0][0] <= now and len(settled) < limit:
            queue_time, name = heapq.heappop(self._queue)
            file = self._settling.get(name)
            if file is None or file.queue_time != queue_time:
                continue
            if file.due <= now and (listed_file := self._take_if_settled(name, file, now)):
                settled.append(listed_file)
            if name in self._settling:
                self._enqueue(name, file)
        return settled

    def _enqueue(self, name: str, file: _SettlingFile) -> None:
        file.queue_time = file.due
        heapq.heappush(self._queue, (file.due, name))

    def _take_if_settled(self, name: str, file: _SettlingFile, now: float) -> ListedFile | None:
        """Take a file if it has settled; forget one that is gone or is none to be read."""
        listed_file = self._walk.find_file(to_raw_name(name))
        if listed_file is None:
            self.forget(name)
            return None
        size, mtime_ns = listed_file.size, listed_file.mtime_ns
        if (size, mtime_ns) != file.signature:
            file.signature, file.due, file.grace_until = (size, mtime_ns), now + self._settle, 0.0
            return None
        if size == 0 or self._is_open(name):
            file.grace_until = file.grace_until or now + self._grace
            if now < file.grace_until:
                file.due = min(now + self._settle, file.grace_until)
                return None
        del self._settling[name]
        return listed_file

    def _is_open(self, name: str) -> bool:
        root = os.path.realpath(self._inbox)
        return find_writers(join_display_name(root, name), root) is Writers.SOME

    @property
    def new_file_count(self) -> int:
        """How many files are waiting for the first time."""
        return len(self._settling) - len(self._retries)

    def _read_signature(self, name: str) -> FileSignature | None:
        """Look at a regular file; zeros where it is there, but may not be looked at."""
        path = join_display_name(self._inbox, name)
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
        file = self._settling.get(name)
        if file is None:
            file = self._settling[name] = _SettlingFile(signature, due, now)
            self._enqueue(name, file)
        else:
            file.signature, file.due = signature, due
            if due < file.queue_time:
                self._enqueue(name, file)
        return file
