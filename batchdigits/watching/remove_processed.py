"""Read files moved or deleted, once their rows are on record and never before."""

import os
import time
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import NamedTuple

from batchdigits.config import Processed
from batchdigits.journal.journal import PRESENT, RecordedFile
from batchdigits.pipeline.scan import is_chosen
from batchdigits.records import Status
from batchdigits.session.session import Session
from batchdigits.system.atomic_files import UNFINISHED, holds, move_to, numbered
from batchdigits.system.filenames import for_terminal, raw_name
from batchdigits.system.logs import LOG

#: Seconds until a file is tried again that could not be taken away.
_AGAIN = 300.0
#: Files taken away between two signs of life.
_FEW = 64


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
        self._stuck: dict[int, float] = {}
        # What a kill left half copied.
        for day in sorted(self._folder.glob("????-??-??"))[-2:]:
            for half in day.rglob(f"{UNFINISHED}*"):
                half.unlink(missing_ok=True)

    @property
    def wanted(self) -> bool:
        """Whether anything is taken away."""
        return self._processed is not Processed.LEAVE

    def take_recorded(self, recorded: Iterable[RecordedFile]) -> None:
        """Take away what of a chunk was read."""
        self.take(filter(None, map(self._finished, recorded)))

    def _finished(self, recorded: RecordedFile) -> Finished | None:
        """A file that may go: of a bad one the copy in quarantine comes first."""
        entry = recorded.entry
        if entry.needs_quarantine or not entry.readable:
            return None
        if self._spares_doubt and any(page.status != Status.OK for page in entry.pages):
            return None
        return Finished(recorded.file_id, recorded.pending.name, entry.file_stat.size, entry.sha256)

    @property
    def _spares_doubt(self) -> bool:
        """What somebody should look at is not deleted."""
        return self._processed is Processed.DELETE

    def take_known(self) -> bool:
        """Take away what was read before, by a run perhaps; whether anything went."""
        session, settings = self._session, self._session.settings
        known = session.journal.find_removable(session.reader_version_id, self._spares_doubt)
        self._stuck = {row[0]: self._stuck[row[0]] for row in known if row[0] in self._stuck}
        files = [
            Finished(*row) for row in known if is_chosen(row[1], settings.include, settings.exclude)
        ]
        taken = False
        for start in range(0, len(files), _FEW):
            taken |= self.take(files[start : start + _FEW])
            session.notify_listener()
        return taken

    def take(self, files: Iterable[Finished]) -> bool:
        """Take files away that still are what was read; the others stay. Whether any went.

        What is about to go is on the disk as such first. A kill in between leaves a file in the
        inbox that counts as taken away: it is read once more, its row is written anew, it goes.
        """
        journal = self._session.journal
        going = [(file, Path(self._session.path_from_name(file.name))) for file in files]
        going = [(file, path) for file, path in going if self._may_go(file, path)]
        going = [(file, path) for file, path in going if holds(path, file.size, file.sha256)]
        if not going:
            return False
        claimed: set[Path] = set()
        places = [self._place(file, path, claimed) for file, path in going]
        with journal.use_full_sync():
            journal.mark_processed(
                (file.number, place) for (file, _), place in zip(going, places, strict=True)
            )
        stayed = [
            file.number
            for (file, path), place in zip(going, places, strict=True)
            if not self._take(file, path, place)
        ]
        if stayed:
            journal.set_state(stayed, PRESENT)
            self._stuck.update(dict.fromkeys(stayed, time.monotonic() + _AGAIN))
        return len(stayed) < len(going)

    def _may_go(self, file: Finished, path: Path) -> bool:
        """Whether the folder lets it go, and it did not refuse to a moment ago."""
        if time.monotonic() < self._stuck.get(file.number, 0.0):
            return False
        self._stuck.pop(file.number, None)
        if os.access(path.parent, os.W_OK | os.X_OK):
            return True
        self._tell(file, "nothing may be removed from its folder")
        return False

    def _tell(self, file: Finished, why: str) -> None:
        if why not in self._told:
            self._told.add(why)
            LOG.warning("%s was read and stays: %s.", for_terminal(file.name), why)

    def _place(self, file: Finished, path: Path, claimed: set[Path]) -> Path | None:
        if self._processed is Processed.DELETE:
            return None
        day = time.strftime("%Y-%m-%d")
        target = self._folder.joinpath(day, *raw_name(file.name).split("/"))
        for number in count(1):
            place = numbered(target, number)
            # Where a kill came between the two halves of a move, it is there already.
            if place not in claimed and (not place.exists() or place.samefile(path)):
                claimed.add(place)
                return place
        raise AssertionError("numbers do not end")

    def _take(self, file: Finished, path: Path, place: Path | None) -> bool:
        try:
            if place is None or (place.exists() and place.samefile(path)):
                os.unlink(path)
            elif not move_to(path, place):  # it was copied, and is still there
                place.unlink()
                raise PermissionError(0, "it may not be removed from the inbox")
        except OSError as error:
            self._tell(file, error.strerror or str(error))
            return False
        return True
