"""When the whole inbox is compared with what is on record."""

import math

from batchdigits.config import Watching
from batchdigits.system.logs import LOG

#: Seconds between two rescans where files are found by rescans alone, and nothing else is said.
DEFAULT_POLL_INTERVAL = 5.0
#: The share of one core that such rescans may take.
_POLL_CPU_SHARE = 0.008
#: Events after which one more rescan is made once it is quiet: some may have been lost.
_BURST_EVENTS = 2000


class RescanSchedule:
    """The time of the next rescan. All times are those of :func:`time.monotonic`, in seconds.

    Polling is nothing but rescanning more often; it slows itself down to keep its share of the
    processor.

    Attributes:
        interval: seconds between two rescans that nothing else asked for.
    """

    def __init__(self, watching: Watching, settle: float) -> None:
        """Have the first rescan at once.

        Args:
            watching: how often there is to be one.
            settle: how long a file must be left alone, in seconds.
        """
        self._watching = watching
        self._settle = settle
        self._is_polling = False
        self.interval = watching.rescan
        self._next_rescan = 0.0
        self._event_count = 0
        self._quiet_from = 0.0
        self._is_suspended = False

    def use_events(self) -> None:
        """Rescan as rarely as is needed where events tell of files."""
        self._is_polling = False
        self.interval = self._watching.rescan

    def use_polling(self) -> None:
        """Rescan as often as is needed where nothing else finds files."""
        self._is_polling = True
        self.interval = self._watching.poll or DEFAULT_POLL_INTERVAL

    def request(self, when: float = 0.0) -> None:
        """Have a rescan at a time, or at once."""
        self._next_rescan = min(self._next_rescan, when)

    def request_after_settling(self, now: float) -> None:
        """Have a rescan once what happens now has settled."""
        self.request(now + self._settle)

    def count_event(self, now: float) -> None:
        """Take note of an event: after very many, some may have been lost."""
        self._event_count += 1
        self._quiet_from = now + max(self._settle, 1.0)

    def suspend(self) -> None:
        """Have no rescan, as there is no inbox."""
        self._is_suspended = True

    def resume(self) -> None:
        """Have rescans again, the first one at once."""
        self._is_suspended = False
        self.request()

    def is_due(self, now: float) -> bool:
        """Tell whether there is to be a rescan now."""
        return now >= self.next_due

    @property
    def next_due(self) -> float:
        """When there is to be a rescan; infinity where there is no inbox."""
        if self._is_suspended:
            return math.inf
        after_burst = self._quiet_from if self._event_count >= _BURST_EVENTS else math.inf
        return min(self._next_rescan, after_burst)

    def start_rescan(self) -> None:
        """Begin a rescan: what is requested from now on asks for another."""
        self._next_rescan = math.inf
        self._event_count = 0

    def finish_rescan(self, started: float, cpu_seconds: float, now: float, has_more: bool) -> None:
        """End a rescan, and schedule the next one.

        Args:
            started: when it began.
            cpu_seconds: the processor time it took.
            now: the time.
            has_more: whether there are more files than could be taken in.
        """
        if not self._is_polling:
            self.request(now if has_more else started + self._watching.rescan)
            return
        requested = self._watching.poll or DEFAULT_POLL_INTERVAL
        interval = max(requested, cpu_seconds / _POLL_CPU_SHARE)
        if interval > max(1.2 * self.interval, 1.1 * requested):
            LOG.info(
                "Checking the inbox takes %.2f s, so it is checked every %.1f s, not every %g s.",
                *(cpu_seconds, interval, requested),
            )
        self.interval = interval if interval > 1.1 * requested else requested
        self.request(now if has_more else now + self.interval)
