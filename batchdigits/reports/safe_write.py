"""Reports put in their place: whole, not without need, and never over what a person edited."""

import hashlib
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from batchdigits.journal.access import read_journal_mode
from batchdigits.journal.journal import Journal
from batchdigits.journal.report_state import ReportState
from batchdigits.reports.edited_tables import is_taken_in
from batchdigits.reports.kept_tables import format_correct_command, has_new_corrections
from batchdigits.system.atomic_files import stage_atomic_file
from batchdigits.system.file_content import to_sqlite_integer
from batchdigits.system.file_moves import move_to_free_path
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.hashing import hash_file
from batchdigits.system.logs import LOG
from batchdigits.system.safe_files.places import open_place
from batchdigits.system.safe_files.safe_open import open_file

_READ_SIZE = 1 << 20
#: The fingerprint of a report that has grown since it was rendered: no rows have it, so that it is
#: rendered again by and by.
_GROWN_FINGERPRINT = "grown"


def is_current(journal: Journal, path: Path, fingerprint: str) -> bool:
    """Check whether a report is there that shows what it should, and was not edited."""
    state = journal.find_report(path.name)
    return state is not None and state.shows == fingerprint and _is_as_written(path, state)


def is_unedited(journal: Journal, path: Path) -> bool:
    """Check whether a report is as it was last written, so that it may be removed."""
    return _is_as_written(path, journal.find_report(path.name))


@contextmanager
def replace_report(journal: Journal, path: Path, fingerprint: str) -> Iterator[Path]:
    """Give a path to write a report to; the report takes its place when the context ends.

    A report that is not the one last written was edited by a person: it is kept under another
    name, unless all that it says is in the new one, as corrections are once they are on record.

    Args:
        journal: which knows what was last written.
        path: the report's place.
        fingerprint: what the report shows; equal text means an equal report.

    Raises:
        OSError: it cannot be written; what was there before stays.
    """
    written: list[os.stat_result] = []

    def expect_replacement(temporary: Path) -> None:
        # Not before it was rendered, and as often as a person saves while it is looked at.
        written.append(temporary.stat())
        sha256 = hash_file(temporary)
        while True:
            state = journal.find_report(path.name)
            seen = _identify_file(path)
            if (
                seen
                and not _is_as_written(path, state)
                and not (state and is_taken_in(path, temporary))
            ):
                _keep_edited(
                    journal,
                    path,
                    "was changed since it was last written"
                    if state
                    else "was not written by this outbox",
                )
                seen = None
            current_sha256 = hash_file(path) if seen else ""
            if _identify_file(path) != seen:
                continue
            # On record before it takes its place, or a kill in between would make it look edited.
            journal.expect_report(path.name, sha256, current_sha256)
            if _identify_file(path) == seen:
                return

    with stage_atomic_file(path, expect_replacement) as temporary:
        yield temporary
    (status,) = written
    journal.confirm_report(
        path.name, fingerprint, status.st_size, to_sqlite_integer(status.st_mtime_ns)
    )


def _identify_file(path: Path) -> tuple[int, int, int] | None:
    """Return what changes when a file or link is saved; ``None`` where there is none."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _is_as_written(path: Path, state: ReportState | None) -> bool:
    """Tell whether a report is there as it was last written; a link is not."""
    if state is None or not path.is_file() or path.is_symlink():
        return False
    status = path.stat()
    if (status.st_size, status.st_mtime_ns) == (state.size, state.mtime_ns):
        return True
    if hash_file(path) in (state.sha256, state.next_sha256):
        return True
    # A kill, or a full disk, while rows were being added at its end.
    has_grown = state.size < status.st_size < state.next_size
    return has_grown and _hash_prefix(path, state.size).hexdigest() == state.sha256


def _hash_prefix(path: Path, size: int) -> "hashlib._Hash":
    """Hash the first ``size`` bytes of a file."""
    digest = hashlib.sha256()
    with open_file(path) as file:
        while size > 0 and (data := file.read(min(size, _READ_SIZE))):
            digest.update(data)
            size -= len(data)
    return digest


def _keep_edited(journal: Journal, path: Path, reason: str) -> None:
    timestamp = time.strftime("%Y-%m-%dT%H-%M-%S", time.localtime())
    copy = path.with_name(f"{path.stem}.edited-{timestamp}{path.suffix}")
    new_path, _ = move_to_free_path(path, copy)
    hint = ""
    if has_new_corrections(journal, new_path):
        command = format_correct_command(new_path)
        hint = f" It holds corrections that are not on record; to apply them, run {command}"
    LOG.warning(
        "%s %s: it is kept as %s.%s",
        escape_for_terminal(path.name),
        reason,
        escape_for_terminal(new_path.name),
        hint,
    )


class GrowingFile:
    """A report that rows are added to between the times that it is rendered whole."""

    def __init__(self, journal: Journal, path: Path) -> None:
        self._journal = journal
        self._path = path
        #: Of the file as it is, so that it is not read again for each row; with its hexadecimal.
        self._digest: hashlib._Hash | None = None
        self._sha256 = ""

    def append(self, data: bytes) -> bool:
        """Add whole rows at the end, and have them on the disk.

        Returns:
            ``False`` where the report is not what was last written, or was saved by somebody
            meanwhile: it has to be rendered.

        Raises:
            OSError: it cannot be written now; nothing was added.
        """
        name = self._path.name
        state = self._journal.find_report(name)
        try:
            status = self._path.lstat()
        except FileNotFoundError:
            return False
        if not stat.S_ISREG(status.st_mode):
            return False
        if state is None or (status.st_size, to_sqlite_integer(status.st_mtime_ns)) != (
            state.size,
            state.mtime_ns,
        ):
            return False
        if status.st_mode & 0o044 & ~read_journal_mode(self._path.parent):
            return False  # others may not read what is to be added
        if self._digest is None or self._sha256 != state.sha256:
            self._digest = _hash_prefix(self._path, state.size)
        digest = self._digest.copy()
        digest.update(data)
        # On record before it is there, or a kill in between would make it look edited.
        self._journal.expect_report(name, digest.hexdigest(), state.sha256, state.size + len(data))
        status = _append(self._path, data, state.size)
        if status.st_size != state.size + len(data):
            return False
        self._digest, self._sha256 = digest, digest.hexdigest()
        self._journal.confirm_report(
            name, _GROWN_FINGERPRINT, status.st_size, to_sqlite_integer(status.st_mtime_ns)
        )
        return True


def _append(path: Path, data: bytes, size: int) -> os.stat_result:
    """Add bytes to a file of ``size`` bytes, all of them or none."""
    with open_place(path) as place:
        descriptor = place.open(os.O_WRONLY | os.O_APPEND)
    try:
        try:
            while data:
                data = data[os.write(descriptor, data) :]
            os.fsync(descriptor)
        except OSError:
            with suppress(OSError):
                os.ftruncate(descriptor, size)
            raise
        return os.fstat(descriptor)
    finally:
        os.close(descriptor)
