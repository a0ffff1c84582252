"""How often something that costs time may be done, so that it takes no more than its share."""

#: Seconds that it is put off at the most because there is something else to do.
_MAX_DELAY = 60.0


class Throttle:
    """Lets a piece of work be done again once it has taken no more than its share of the time.

    All times are those of :func:`time.monotonic`, in seconds.
    """

    def __init__(self, share: float, min_interval: float) -> None:
        """Let the work be done at once when it is first requested.

        Args:
            share: of the time that the work may take, 0-1.
            min_interval: between two times that it is done, at the least.
        """
        self._share = share
        self._min_interval = min_interval
        self._next_allowed = 0.0
        self._last_duration = 0.0
        self._is_requested = self._is_urgent = False

    def request(self, is_urgent: bool = False) -> None:
        """Have the work done as soon as may be; or at once, where somebody waits for it."""
        self._is_requested = True
        self._is_urgent |= is_urgent

    def is_due(self, now: float, idle_seconds: float) -> bool:
        """Tell whether the work is to be done, and may be done now.

        Args:
            now: the time.
            idle_seconds: how long nothing else is to be done; work that would take longer waits.
        """
        in_time = idle_seconds > self._last_duration or now > self._next_allowed + _MAX_DELAY
        return self._is_urgent or (self._is_requested and now >= self._next_allowed and in_time)

    @property
    def is_urgent(self) -> bool:
        """Whether somebody waits for the work."""
        return self._is_urgent

    @property
    def next_due(self) -> float:
        """When the work may be done; infinity where it need not be."""
        if self._is_urgent:
            return 0.0
        return self._next_allowed if self._is_requested else float("inf")

    def record_run(self, started: float, ended: float, repeat: bool = False) -> None:
        """Take note that the work was done; ``repeat`` tells that it is still to be done."""
        self._is_requested, self._is_urgent = repeat, False
        self._last_duration = ended - started
        self._next_allowed = ended + max(self._min_interval, self._last_duration / self._share)
