"""How often something may be done that costs time, so that it takes no more than its share."""

#: Seconds that it is put off at the most because there is something else to do.
_PATIENCE = 60.0


class Pace:
    """Lets a thing be done again once so much time has passed that it took its share at most.

    Args:
        share: of the time, 0-1.
        least: seconds between two times at the least.
    """

    def __init__(self, share: float, least: float) -> None:
        self._share = share
        self._least = least
        self._next = 0.0
        self._cost = 0.0
        self._wanted = False

    def ask(self) -> None:
        """It is to be done, as soon as may be."""
        self._wanted = True

    def due(self, now: float, free: float) -> bool:
        """Whether it is to be done, and may, and fits into the ``free`` seconds."""
        in_time = free > self._cost or now > self._next + _PATIENCE
        return self._wanted and now >= self._next and in_time

    @property
    def wait(self) -> float:
        """When it may be done; infinity where it need not be."""
        return self._next if self._wanted else float("inf")

    def done(self, begun: float, ended: float, again: bool = False) -> None:
        """It took from ``begun`` to ``ended``; ``again`` tells that it is still to be done."""
        self._wanted = again
        self._cost = ended - begun
        self._next = ended + max(self._least, self._cost / self._share)
