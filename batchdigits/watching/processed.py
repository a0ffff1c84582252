"""Read files moved or deleted, once their rows are on record and never before."""

import os
import time
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import NamedTuple

from batchdigits.config import Processed
from batchdigits.console import LOG
from batchdigits.files import holds, move_to, numbered
from batchdigits.journal.journal import PRESENT, Recorded
from batchdigits.names import for_terminal, raw_name
from batchdigits.session import Session


class Finished(NamedTuple):
    """A file that was read: its number, name, size in bytes and hash."""

    number: int
    name: str
    size: int
    sha256: str


class Removal:
    """Takes read files out of the inbox, as ``--processed`` says."""

    def __init__(self, session: Session, processed: Processed) -> None:
        self._session = session
        self._processed = processed
        self._folder = session.settings.outbox / "processed"
        self._told: set[str] = set()

    @property
    def wanted(self) -> bool:
        """Whether anything is taken away."""
        return self._processed is not Processed.LEAVE

    def take(self, files: Iterable[Finished]) -> None:
        """Take files away that still are what was read; the others stay.

        What is about to go is on the disk as such first. A kill in between leaves a file in the
        inbox that counts as taken away: it is read once more, its row is written anew, it goes.
        """
        journal = self._session.journal
        going = [(file, Path(self._session.path(file.name))) for file in files]
        if self._processed is Processed.DELETE:  # what somebody should look at stays
            going = [(file, path) for file, path in going if journal.is_sure(file.number)]
        going = [(file, path) for file, path in going if holds(path, file.size, file.sha256)]
        if not going:
            return
        places = [self._place(file, path) for file, path in going]
        with journal.surviving_power_cuts():
            journal.take_away(
                (file.number, place) for (file, _), place in zip(going, places, strict=True)
            )
        stayed = [
            file.number
            for (file, path), place in zip(going, places, strict=True)
            if not self._take(file, path, place)
        ]
        if stayed:
            journal.mark(stayed, PRESENT)

    def _place(self, file: Finished, path: Path) -> Path | None:
        if self._processed is Processed.DELETE:
            return None
        day = time.strftime("%Y-%m-%d")
        target = self._folder.joinpath(day, *raw_name(file.name).split("/"))
        for number in count(1):
            place = numbered(target, number)
            # Where a kill came between the two halves of a move, it is there already.
            if not place.exists() or place.samefile(path):
                return place
        raise AssertionError("numbers do not end")

    def _take(self, file: Finished, path: Path, place: Path | None) -> bool:
        try:
            if place is None or place.exists():
                os.unlink(path)
            elif not move_to(path, place):
                raise PermissionError(0, "it may not be removed from the inbox")
        except OSError as error:
            if (why := error.strerror or str(error)) not in self._told:
                self._told.add(why)
                LOG.warning("%s was read and stays: %s.", for_terminal(file.name), why)
            return False
        return True


def finished(recorded: Recorded) -> Finished | None:
    """A file that was just recorded, if it was read; a bad one needs its copy made first."""
    entry = recorded.entry
    if entry.bad or not entry.readable:
        return None
    return Finished(recorded.number, recorded.todo.name, entry.stamp.size, entry.sha256)
