"""Whether the inbox is there, and is still the folder it was."""

import os
from enum import Enum, auto
from pathlib import Path

from batchdigits.system.logs import LOG

#: Seconds between two checks of an inbox that is there.
_CHECK_INTERVAL = 1.0
#: Seconds between two checks of one that is lost: doubled each time, up to the most.
_MIN_BACK_OFF, _MAX_BACK_OFF = 0.5, 30.0


class InboxState(Enum):
    """What a check of the inbox found."""

    UNCHANGED = auto()
    LOST = auto()  #: It cannot be reached.
    RENEWED = auto()  #: It is there again, or another folder: what was known of it may not hold.


class InboxPresence:
    """One inbox, which may be a share that goes away, or a mount point whose disk comes late.

    Attributes:
        lost_since: when it was found to be out of reach (:func:`time.monotonic`), or 0.
        exchanged: whether it was found to be another folder, and no files in that yet. An empty
            folder in the place of the inbox is mostly a share that is not mounted.
        was_exchanged: what ``exchanged`` was when the last rescan began.
    """

    def __init__(self, inbox: Path) -> None:
        self._inbox = inbox
        self._identity = self._identify()
        self._next_check = 0.0
        self._back_off = _MIN_BACK_OFF
        self.lost_since = 0.0
        self.exchanged = self.was_exchanged = False

    def is_check_due(self, now: float) -> bool:
        """Tell whether the inbox has not been checked for a while."""
        return now >= self._next_check

    def check(self, now: float) -> InboxState:
        """Look whether the inbox is there, and is the folder it was; logs what is new."""
        self._next_check = now + _CHECK_INTERVAL
        identity = self._identify()
        if identity is None:
            if not self.lost_since:
                LOG.warning("The inbox %s cannot be reached: waiting for it.", self._inbox)
                self.lost_since, self._back_off = now, _MIN_BACK_OFF
            self._next_check = now + self._back_off
            self._back_off = min(self._back_off * 2, _MAX_BACK_OFF)
            return InboxState.LOST
        was_lost, self.lost_since = bool(self.lost_since), 0.0
        is_other_folder = identity != self._identity
        if was_lost:
            LOG.warning("The inbox %s is back.", self._inbox)
        elif is_other_folder:
            LOG.warning("The inbox %s is another folder than before.", self._inbox)
        if not was_lost and not is_other_folder:
            return InboxState.UNCHANGED
        self.exchanged = self.exchanged or is_other_folder
        self._identity = identity
        return InboxState.RENEWED

    def is_reachable(self) -> bool:
        """Look whether the inbox is there this moment, and is the one that is watched."""
        return not self.lost_since and self._identify() == self._identity

    def _identify(self) -> tuple[int, int] | None:
        """Tell which folder the inbox is; ``None`` where it cannot be listed."""
        try:
            status = os.stat(self._inbox)
            os.scandir(self._inbox).close()
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def start_rescan(self) -> None:
        """Begin a rescan, which tells whether another folder has files in it."""
        self.was_exchanged, self.exchanged = self.exchanged, False

    def finish_rescan(self, is_empty: bool) -> None:
        """End a rescan: another folder stays in doubt while it is empty."""
        self.exchanged = self.exchanged or (self.was_exchanged and is_empty)
