"""Reports put in their place: whole, not without need, and never over what a person edited."""

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from batchdigits.journal.journal import Journal
from batchdigits.journal.report_state import ReportState
from batchdigits.records import to_sqlite_integer
from batchdigits.system.atomic_files import open_atomic_file, stage_atomic_file
from batchdigits.system.file_moves import move_to_free_path
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.hashing import hash_file
from batchdigits.system.logs import LOG

_READ_SIZE = 1 << 20
#: What a report shows that has grown since it was drawn: it is drawn again by and by.
_GROWN_FINGERPRINT = "grown"


def is_current(journal: Journal, path: Path, fingerprint: str) -> bool:
    """Whether a report is there that shows what it should, and was not edited."""
    last = journal.find_report(path.name)
    return (
        last is not None
        and last.shows == fingerprint
        and path.exists()
        and _is_as_written(path, last)
    )


def is_unedited(journal: Journal, path: Path) -> bool:
    """Whether a report is as it was last written, so that it may be taken away."""
    return path.exists() and _is_as_written(path, journal.find_report(path.name))


@contextmanager
def replace_report(journal: Journal, path: Path, fingerprint: str) -> Iterator[IO[str]]:
    """Write a report, whole or not at all, to the file that the context gives.

    A report that is not the one last written was edited: it is kept under another name.

    Args:
        journal: which knows what was last written.
        path: the report's file.
        shows: what the report will show; equal text means an equal report.
    """
    with (
        _track_replacement(journal, path, fingerprint) as ready,
        open_atomic_file(path, ready) as file,
    ):
        yield file


@contextmanager
def replace_report_at(journal: Journal, path: Path, fingerprint: str) -> Iterator[Path]:
    """The same for what a library writes: the context gives the place to write to."""
    with (
        _track_replacement(journal, path, fingerprint) as ready,
        stage_atomic_file(path, ready) as place,
    ):
        yield place


@contextmanager
def _track_replacement(
    journal: Journal, path: Path, fingerprint: str
) -> Iterator[Callable[[Path], None]]:
    written: list[os.stat_result] = []

    def expect_replacement(temporary: Path) -> None:
        # Not before it was drawn: a person may save meanwhile.
        last = journal.find_report(path.name)
        if path.exists() and not _is_as_written(path, last):
            why = "was edited since it was written" if last else "is not of this journal"
            _keep_edited(path, why)
        # On record before it takes its place, or a kill in between would make it look edited.
        written.append(temporary.stat())
        now = hash_file(path) if path.exists() else ""
        journal.expect_report(path.name, hash_file(temporary), now)

    yield expect_replacement
    size, mtime_ns = written[0].st_size, to_sqlite_integer(written[0].st_mtime_ns)
    journal.confirm_report(path.name, fingerprint, size, mtime_ns)


def _is_as_written(path: Path, state: ReportState | None) -> bool:
    if state is None:
        return False
    status = path.stat()
    if (status.st_size, status.st_mtime_ns) == (state.size, state.mtime_ns):
        return True
    if hash_file(path) in (state.sha256, state.next_sha256):
        return True
    # A kill, or a full disk, while lines were being added at its end.
    grew = state.size < status.st_size < state.next_size
    return grew and _hash_prefix(path, state.size).hexdigest() == state.sha256


def _hash_prefix(path: Path, size: int) -> "hashlib._Hash":
    """Of the first ``size`` bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while size > 0 and (data := file.read(min(size, _READ_SIZE))):
            digest.update(data)
            size -= len(data)
    return digest


class GrowingFile:
    """A report that lines are added to between the times that it is drawn whole."""

    def __init__(self, journal: Journal, path: Path) -> None:
        self._journal = journal
        self._path = path
        self._digest: hashlib._Hash | None = None
        self._sha256 = ""

    def append(self, data: bytes) -> bool:
        """Add whole lines at the end, and have them on the disk.

        Returns ``False`` where the report is not what was last written: it has to be drawn.

        Raises:
            OSError: it cannot be written now; nothing was added.
        """
        name = self._path.name
        last = self._journal.find_report(name)
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return False
        if last is None or (status.st_size, to_sqlite_integer(status.st_mtime_ns)) != (
            last.size,
            last.mtime_ns,
        ):
            return False
        if self._digest is None or self._sha256 != last.sha256:
            self._digest = _hash_prefix(self._path, last.size)
        digest = self._digest.copy()
        digest.update(data)
        # On record before it is there, or a kill in between would make it look edited.
        self._journal.expect_report(name, digest.hexdigest(), last.sha256, last.size + len(data))
        status = _append(self._path, data, last.size)
        self._digest, self._sha256 = digest, digest.hexdigest()
        self._journal.confirm_report(
            name, _GROWN_FINGERPRINT, status.st_size, to_sqlite_integer(status.st_mtime_ns)
        )
        return True


def _append(path: Path, data: bytes, size: int) -> os.stat_result:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        try:
            while data:
                data = data[os.write(descriptor, data) :]
            os.fsync(descriptor)
        except OSError:
            with suppress(OSError):
                os.ftruncate(descriptor, size)  # no half line
            raise
        return os.fstat(descriptor)
    finally:
        os.close(descriptor)


def _keep_edited(path: Path, reason: str) -> None:
    stamp = time.strftime("%Y-%m-%dT%H-%M-%S", time.localtime())
    kept, _ = move_to_free_path(path, path.with_name(f"{path.stem}.edited-{stamp}{path.suffix}"))
    LOG.warning(
        "%s %s: it is kept as %s.",
        escape_for_terminal(path.name),
        reason,
        escape_for_terminal(os.fspath(kept.name)),
    )
