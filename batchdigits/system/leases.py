"""Whether anybody has a file open for writing, and a hold on it while it is taken away.

Linux grants a read lease only on a file that nobody has open for writing, and makes whoever wants
to open it for writing wait until the lease is given back (fcntl(2), ``F_SETLEASE``).
"""

import errno
import fcntl
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from pathlib import Path

from batchdigits.system.filesystems import find_shared_file_system

_OPEN_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC


class Writers(Enum):
    """Whether anybody has a file open for writing."""

    NONE = "none"
    SOME = "some"
    #: No leases: another system than Linux, a shared file system, or another user's file.
    UNKNOWN = "unknown"


class FileInUseError(OSError):
    """A file that may not be taken away: somebody writes to it, or did so a moment ago."""

    def __init__(self, path: str | Path) -> None:
        super().__init__(errno.EBUSY, "another program is writing to it", os.fspath(path))


@dataclass(slots=True)
class HeldFile:
    """An open file that is about to be taken away.

    Attributes:
        status: what the file system said of it when it was opened.
    """

    _descriptor: int
    _has_lease: bool
    status: os.stat_result

    def is_touched(self) -> bool:
        """Tell whether somebody wrote to it since it was opened, or waits to open it for that."""
        if self._has_lease and fcntl.fcntl(self._descriptor, fcntl.F_GETLEASE) != fcntl.F_RDLCK:
            return True
        now = os.fstat(self._descriptor)
        return (now.st_size, now.st_mtime_ns) != (self.status.st_size, self.status.st_mtime_ns)


def find_writers(path: str | Path) -> Writers:
    """Find out whether any process has a file open for writing."""
    try:
        descriptor = os.open(path, _OPEN_FLAGS)
    except OSError:
        return Writers.UNKNOWN
    try:
        return _take_lease(descriptor, path)
    finally:
        os.close(descriptor)  # gives the lease back


@contextmanager
def hold_file(path: str | Path) -> Iterator[HeldFile]:
    """Hold a file for a moment, with a lease where there are any.

    Raises:
        FileInUseError: somebody has it open for writing.
        OSError: it cannot be opened.
    """
    descriptor = os.open(path, _OPEN_FLAGS)
    try:
        writers = _take_lease(descriptor, path)
        if writers is Writers.SOME:
            raise FileInUseError(path)
        yield HeldFile(descriptor, writers is Writers.NONE, os.fstat(descriptor))
    finally:
        os.close(descriptor)  # gives the lease back


def _take_lease(descriptor: int, path: str | Path) -> Writers:
    """Take a lease on an open file, if nobody else has it open for writing."""
    folder, device = os.path.dirname(os.fspath(path)), os.fstat(descriptor).st_dev
    if not hasattr(fcntl, "F_SETLEASE") or _is_shared(folder, device):
        return Writers.UNKNOWN
    try:
        # Sent when somebody wants to open the file. The usual one, SIGIO, would end the program;
        # this one is ignored unless somebody asks for it.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return Writers.SOME
    except OSError:
        return Writers.UNKNOWN
    return Writers.NONE


@lru_cache(maxsize=256)
def _is_shared(folder: str, _device: int) -> bool:
    """Tell whether a lease says nothing: other machines write unseen, or it is refused anyway.

    NFSv4 refuses one without a delegation. The device is that of the file: it changes where
    something else is mounted there.
    """
    return find_shared_file_system(Path(folder)) is not None
