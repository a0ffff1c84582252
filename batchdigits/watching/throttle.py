"""How often something may be done that costs time, so that it takes no more than its share."""

#: Seconds that it is put off at the most because there is something else to do.
_MAX_DELAY = 60.0


class Throttle:
    """Lets a thing be done again once so much time has passed that it took its share at most.

    Args:
        share: of the time, 0-1.
        least: seconds between two times at the least.
    """

    def __init__(self, share: float, min_interval: float) -> None:
        self._share = share
        self._min_interval = min_interval
        self._next_allowed = 0.0
        self._last_duration = 0.0
        self._is_requested = False

    def request(self) -> None:
        """It is to be done, as soon as may be."""
        self._is_requested = True

    def is_due(self, now: float, idle_seconds: float) -> bool:
        """Whether it is to be done, and may, and fits into the ``free`` seconds."""
        in_time = idle_seconds > self._last_duration or now > self._next_allowed + _MAX_DELAY
        return self._is_requested and now >= self._next_allowed and in_time

    @property
    def next_due(self) -> float:
        """When it may be done; infinity where it need not be."""
        return self._next_allowed if self._is_requested else float("inf")

    def record_run(self, started: float, ended: float, repeat: bool = False) -> None:
        """It took from ``begun`` to ``ended``; ``again`` tells that it is still to be done."""
        self._is_requested = repeat
        self._last_duration = ended - started
        self._next_allowed = ended + max(self._min_interval, self._last_duration / self._share)
