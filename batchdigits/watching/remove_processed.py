"""Read files moved or deleted, once their rows are on record and never before."""

import os
import time
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import NamedTuple

from batchdigits.config import Processed
from batchdigits.journal.journal import PRESENT, RecordedFile
from batchdigits.pipeline.inbox_walk import is_chosen
from batchdigits.reasons import Status
from batchdigits.session.session import Session
from batchdigits.system.file_moves import (
    PARTIAL_COPY_PREFIX,
    append_number,
    has_content,
    move_file,
)
from batchdigits.system.filenames import escape_for_terminal, to_raw_name
from batchdigits.system.logs import LOG

#: Seconds until a file is tried again that could not be taken away.
_RETRY_DELAY = 300.0
#: Files taken away between two signs of life.
_FILES_PER_TICK = 64


class ProcessedFile(NamedTuple):
    """A file that was read: its number, name, size in bytes and hash."""

    number: int
    name: str
    size: int
    sha256: str


class ProcessedFileRemover:
    """Takes read files out of the inbox, as ``--processed`` says."""

    def __init__(self, session: Session, processed: Processed) -> None:
        self._session = session
        self._processed = processed
        self._folder = session.settings.outbox / "processed"
        self._warned_reasons: set[str] = set()
        self._retry_at: dict[int, float] = {}
        # What a kill left half copied.
        for day in sorted(self._folder.glob("????-??-??"))[-2:]:
            for half in day.rglob(f"{PARTIAL_COPY_PREFIX}*"):
                half.unlink(missing_ok=True)

    @property
    def is_enabled(self) -> bool:
        """Whether anything is taken away."""
        return self._processed is not Processed.LEAVE

    def remove_recorded(self, recorded: Iterable[RecordedFile]) -> None:
        """Take away what of a chunk was read."""
        self.remove(filter(None, map(self._to_processed_file, recorded)))

    def _to_processed_file(self, recorded: RecordedFile) -> ProcessedFile | None:
        """A file that may go: of a bad one the copy in quarantine comes first."""
        entry = recorded.entry
        if entry.needs_quarantine or not entry.readable:
            return None
        if self._keeps_doubtful and any(page.status != Status.OK for page in entry.pages):
            return None
        return ProcessedFile(
            recorded.file_id, recorded.pending.name, entry.file_stat.size, entry.sha256
        )

    @property
    def _keeps_doubtful(self) -> bool:
        """What somebody should look at is not deleted."""
        return self._processed is Processed.DELETE

    def remove_previously_read(self) -> bool:
        """Take away what was read before, by a run perhaps; whether anything went."""
        session, settings = self._session, self._session.settings
        known = session.journal.find_removable(session.reader_version_id, self._keeps_doubtful)
        self._retry_at = {
            row[0]: self._retry_at[row[0]] for row in known if row[0] in self._retry_at
        }
        files = [
            ProcessedFile(*row)
            for row in known
            if is_chosen(row[1], settings.include, settings.exclude)
        ]
        taken = False
        for start in range(0, len(files), _FILES_PER_TICK):
            taken |= self.remove(files[start : start + _FILES_PER_TICK])
            session.notify_listener()
        return taken

    def remove(self, files: Iterable[ProcessedFile]) -> bool:
        """Take files away that still are what was read; the others stay. Whether any went.

        What is about to go is on the disk as such first. A kill in between leaves a file in the
        inbox that counts as taken away: it is read once more, its row is written anew, it goes.
        """
        journal = self._session.journal
        going = [(file, Path(self._session.inbox.get_path(file.name))) for file in files]
        going = [(file, path) for file, path in going if self._is_removable(file, path)]
        going = [(file, path) for file, path in going if has_content(path, file.size, file.sha256)]
        if not going:
            return False
        claimed: set[Path] = set()
        places = [self._choose_target(file, path, claimed) for file, path in going]
        with journal.use_full_sync():
            journal.mark_processed(
                (file.number, place) for (file, _), place in zip(going, places, strict=True)
            )
        stayed = [
            file.number
            for (file, path), place in zip(going, places, strict=True)
            if not self._remove_file(file, path, place)
        ]
        if stayed:
            journal.set_state(stayed, PRESENT)
            self._retry_at.update(dict.fromkeys(stayed, time.monotonic() + _RETRY_DELAY))
        return len(stayed) < len(going)

    def _is_removable(self, file: ProcessedFile, path: Path) -> bool:
        """Whether the folder lets it go, and it did not refuse to a moment ago."""
        if time.monotonic() < self._retry_at.get(file.number, 0.0):
            return False
        self._retry_at.pop(file.number, None)
        if os.access(path.parent, os.W_OK | os.X_OK):
            return True
        self._warn_once(file, "nothing may be removed from its folder")
        return False

    def _warn_once(self, file: ProcessedFile, reason: str) -> None:
        if reason not in self._warned_reasons:
            self._warned_reasons.add(reason)
            LOG.warning("%s was read and stays: %s.", escape_for_terminal(file.name), reason)

    def _choose_target(self, file: ProcessedFile, path: Path, claimed: set[Path]) -> Path | None:
        if self._processed is Processed.DELETE:
            return None
        day = time.strftime("%Y-%m-%d")
        target = self._folder.joinpath(day, *to_raw_name(file.name).split("/"))
        for number in count(1):
            place = append_number(target, number)
            # Where a kill came between the two halves of a move, it is there already.
            if place not in claimed and (not place.exists() or place.samefile(path)):
                claimed.add(place)
                return place
        raise AssertionError("numbers do not end")

    def _remove_file(self, file: ProcessedFile, path: Path, target: Path | None) -> bool:
        try:
            if target is None or (target.exists() and target.samefile(path)):
                os.unlink(path)
            elif not move_file(path, target):  # it was copied, and is still there
                target.unlink()
                raise PermissionError(0, "it may not be removed from the inbox")
        except OSError as error:
            self._warn_once(file, error.strerror or str(error))
            return False
        return True
