"""Read files moved or deleted, once their rows are on record and never before."""

import json
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import NamedTuple

from batchdigits.config import Processed
from batchdigits.journal.files import FileState, RecordedFile
from batchdigits.journal.meta_keys import REMOVING_KEY
from batchdigits.pipeline.inbox_walk import is_chosen
from batchdigits.reasons import Status
from batchdigits.session.session import Session
from batchdigits.system.file_moves import (
    PARTIAL_COPY_PREFIX,
    append_number,
    has_content,
)
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.held_files import (
    FileInUseError,
    hold_file,
    move_held_file,
    remove_held_file,
)
from batchdigits.system.logs import LOG
from batchdigits.system.safe_files.leases import Writers, find_writers
from batchdigits.system.safe_files.places import open_place, remove_file

#: Seconds until a file that could not be taken away is tried again.
_RETRY_DELAY = 300.0
#: Files taken away between two signs of life.
_FILES_PER_TICK = 64


class ProcessedFile(NamedTuple):
    """A file that was read: its number in the journal, name, size in bytes and hash."""

    file_id: int
    name: str
    size: int
    sha256: str


class ProcessedFileRemover:
    """Takes read files out of the inbox, as ``--processed`` says."""

    def __init__(self, session: Session, processed: Processed) -> None:
        self._session = session
        self._processed = processed
        self._root = session.journal.root
        self._folder = Path(self._root, "processed")
        self._warned_reasons: set[str] = set()
        self._retry_at: dict[int, float] = {}
        # What a kill left half copied.
        for day in sorted(self._folder.glob("????-??-??"))[-2:]:
            for partial in day.rglob(f"{PARTIAL_COPY_PREFIX}*"):
                with suppress(OSError):  # a link in the place of a folder is not followed
                    remove_file(partial, self._root)

    @property
    def is_enabled(self) -> bool:
        """Whether anything is taken away."""
        return self._processed is not Processed.LEAVE

    def remove_recorded(self, recorded: Iterable[RecordedFile]) -> None:
        """Take away the files of a chunk that were read, those of which nothing is in doubt."""
        self.remove(filter(None, map(self._to_processed_file, recorded)))

    def _to_processed_file(self, recorded: RecordedFile) -> ProcessedFile | None:
        """Return a file that may go; of a bad one the copy in quarantine comes first."""
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
        """Whether files stay that somebody should look at: those are not deleted."""
        return self._processed is Processed.DELETE

    def remove_previously_read(self) -> bool:
        """Take away files that were read before, by a run perhaps; returns whether any went."""
        session, settings = self._session, self._session.settings
        rows = session.journal.find_removable(session.reader_version_id, self._keeps_doubtful)
        removable = list(map(ProcessedFile._make, rows))
        self._retry_at = {
            file.file_id: self._retry_at[file.file_id]
            for file in removable
            if file.file_id in self._retry_at
        }
        files = [
            file for file in removable if is_chosen(file.name, settings.include, settings.exclude)
        ]
        has_removed = False
        for start in range(0, len(files), _FILES_PER_TICK):
            has_removed |= self.remove(files[start : start + _FILES_PER_TICK])
            session.notify_listener()
        return has_removed

    def remove(self, files: Iterable[ProcessedFile]) -> bool:
        """Take away those files that still are what was read; returns whether any went.

        What is about to go is on record as gone first. A kill in between leaves a file in the
        inbox that counts as taken away, or the next session puts it back there: it is read once
        more, its row is written anew, it goes.
        """
        journal = self._session.journal
        going = [(file, Path(self._session.inbox.get_path(file.name))) for file in files]
        going = [(file, path) for file, path in going if self._is_removable(file, path)]
        if not going:
            return False
        claimed: set[str] = set()
        targets = [self._choose_target(file, path, claimed) for file, path in going]
        with journal.use_full_sync():
            journal.set_meta(REMOVING_KEY, json.dumps([file.name for file, _ in going]))
            journal.mark_processed(
                (file.file_id, target) for (file, _), target in zip(going, targets, strict=True)
            )
        stayed = [
            file.file_id
            for (file, path), target in zip(going, targets, strict=True)
            if not self._remove_file(file, path, target)
        ]
        if stayed:
            journal.set_state(stayed, FileState.PRESENT)
            self._retry_at.update(dict.fromkeys(stayed, time.monotonic() + _RETRY_DELAY))
        return len(stayed) < len(going)

    def _is_removable(self, file: ProcessedFile, path: Path) -> bool:
        """Check that it still is what was read, may go, and did not fail a moment ago."""
        if time.monotonic() < self._retry_at.get(file.file_id, 0.0):
            return False
        self._retry_at.pop(file.file_id, None)
        if not os.access(path.parent, os.W_OK | os.X_OK):
            self._warn_once(file, "nothing may be removed from its folder")
            return False
        root = self._session.inbox.root
        return find_writers(path, root) is not Writers.SOME and has_content(
            path, file.size, file.sha256, root
        )

    def _warn_once(self, file: ProcessedFile, reason: str) -> None:
        if reason not in self._warned_reasons:
            self._warned_reasons.add(reason)
            LOG.warning(
                "%s was read but stays in the inbox: %s.", escape_for_terminal(file.name), reason
            )

    def _choose_target(self, file: ProcessedFile, path: Path, claimed: set[str]) -> Path | None:
        """Choose where a file goes, and add that to ``claimed``; ``None`` where it is deleted."""
        if self._processed is Processed.DELETE:
            return None
        day = time.strftime("%Y-%m-%d")
        rules = self._session.name_rules
        first_choice, second_choice = rules.make_paths(self._folder / day, file.name)
        try:
            # Where there is a file or a link in the place of a folder, and for names too long.
            with open_place(first_choice, self._root, make_folders=True):
                pass
            return self._claim_target(first_choice, path, claimed)
        except OSError:
            return self._claim_target(second_choice, path, claimed)

    def _claim_target(self, first_choice: Path, path: Path, claimed: set[str]) -> Path:
        rules = self._session.name_rules
        for number in count(1):
            target = append_number(first_choice, number, rules.max_bytes)
            key = rules.make_key(target)
            # Where a kill came between the two halves of a move, it is there already.
            if key not in claimed and (
                not os.path.lexists(target) or _is_same_file(target, path.lstat())
            ):
                claimed.add(key)
                return target
        raise AssertionError("numbers do not end")

    def _remove_file(self, file: ProcessedFile, path: Path, target: Path | None) -> bool:
        try:
            with hold_file(path, self._session.inbox.root) as held:
                if not held.has_content(file.size, file.sha256):
                    raise FileInUseError(path)
                if target is None or _is_same_file(target, held.status):
                    has_left = remove_held_file(held)
                else:
                    has_left = move_held_file(held, target, self._root)
                    if not has_left:  # it was copied, and is still there
                        remove_file(target, self._root)
        except FileInUseError:
            return False
        except OSError as error:
            self._warn_once(file, error.strerror or str(error))
            return False
        if not has_left:
            self._warn_once(file, "it may not be removed from the inbox")
        return has_left


def _is_same_file(path: Path, status: os.stat_result) -> bool:
    return os.path.lexists(path) and os.path.samestat(path.lstat(), status)
