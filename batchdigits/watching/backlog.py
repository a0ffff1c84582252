"""Files that settled and could not be put on record, because the outbox could not be written."""

import time
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager

from batchdigits.errors import OutboxBusyError
from batchdigits.system.child_process import ProcessStartError


class Backlog:
    """What waits for the outbox, and why; empty as long as all is well.

    Attributes:
        reason: what the system said last; empty where nothing waits.
        since: when that began, in seconds since 1970, or 0.
    """

    def __init__(self) -> None:
        self.reason = ""
        self.since = 0.0
        self._names: set[str] = set()
        self._is_compared = False

    def count(self, waiting: int) -> int:
        """Count what waits for the outbox: ``waiting`` files do too as long as any file does."""
        return max(len(self._names), waiting) if self.reason else 0

    @contextmanager
    def track(self, names: Iterable[str]) -> Iterator[None]:
        """Take files off the backlog that are put on record in the context; add them else.

        Raises:
            OSError: the outbox could not be written.
            OutboxBusyError: nor could the journal.
            ProcessStartError: there is no worker to read them.
        """
        names = set(names)
        try:
            yield
        except (OSError, OutboxBusyError, ProcessStartError):
            self._names |= names
            raise
        self._names -= names

    def add_failure(self, reason: str) -> bool:
        """Note that something could not be put on record; returns whether the reason is news."""
        is_news = reason != self.reason
        self.reason = reason
        self.since = self.since or time.time()
        self._is_compared = False
        return is_news

    def note_comparison(self) -> None:
        """Note that the inbox was compared: what is not on record waits for its turn again."""
        self._is_compared = True

    def end_if_recorded(self, waiting: Container[str]) -> bool:
        """Find out whether all is on record, or gone; returns whether the backlog ends by that.

        Args:
            waiting: the names of files that are to be read.
        """
        if not (self.reason and self._is_compared):
            return False
        self._names = {name for name in self._names if name in waiting}
        if self._names:
            return False
        self.reason, self.since = "", 0.0
        return True
