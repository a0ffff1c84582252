"""Files that are held while they are taken away: whether anybody writes to them, and moved safely.

Linux grants a read lease only on a file that nobody has open for writing, and makes whoever wants
to open it for writing wait until the lease is given back (fcntl(2), ``F_SETLEASE``).

A held file gets a name of its own before it goes. Whoever found it under its former name waits for
the lease by then, or has written to it; whoever puts another file in its place does so for good.
Where the file turns out to be in use, or not to be the one that is held, it is put back, so that
the rest of it arrives in the inbox.
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
from itertools import count
from pathlib import Path

from batchdigits.system.file_moves import (
    COPY_FALLBACK_ERRNOS,
    append_number,
    copy_file,
    rename_by_link,
)
from batchdigits.system.filenames import shorten
from batchdigits.system.filesystems import find_shared_file_system

#: How names begin that held files have for the moment in which they go.
_LEAVING_PREFIX = ".batchdigits-leaving-"
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

    def is_altered(self) -> bool:
        """Tell whether it is touched, or anything of it changed, by its ctime.

        Until it gets another name: that changes its ctime, too.
        """
        now = os.fstat(self._descriptor)
        return self.is_touched() or now.st_ctime_ns != self.status.st_ctime_ns


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


def move_held_file(path: Path, target: Path, held: HeldFile) -> bool:
    """Move a held file, across file systems too, or copy it where it may not be removed.

    Args:
        path: the file.
        target: where it goes.
        held: the file.

    Returns:
        Whether it has gone from where it was.

    Raises:
        FileExistsError: there is something at ``target``.
        FileInUseError: somebody writes to it, or another file stands there now: that stays.
        OSError: it cannot be copied; it is where it was.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    is_near = target.parent.stat().st_dev == held.status.st_dev and not path.is_symlink()
    if is_near and _move_within_disk(path, target, held):
        return True
    copy_file(path, target)
    try:
        return remove_held_file(path, held)
    except FileInUseError:
        target.unlink()
        raise


def _move_within_disk(path: Path, target: Path, held: HeldFile) -> bool:
    """Move a held file by other names for it; ``False`` where that cannot be done."""
    try:
        leaving_path = _rename_to_leave(path, held)
    except FileInUseError:
        raise
    except OSError:
        return False
    try:
        rename_by_link(leaving_path, target)
    except OSError as error:
        put_back(leaving_path, path)
        if error.errno not in COPY_FALLBACK_ERRNOS:
            raise
        return False
    if held.is_touched():
        put_back(target, path)
        raise FileInUseError(path)
    return True


def remove_held_file(path: Path, held: HeldFile) -> bool:
    """Remove a held file from its folder.

    Returns:
        Whether it is gone; ``False`` where it may not be removed.

    Raises:
        FileInUseError: somebody writes to it, or another file stands there now: that stays.
    """
    try:
        leaving_path = _rename_to_leave(path, held)
    except FileInUseError:
        raise
    except OSError:
        return False
    leaving_path.unlink()
    return True


def _rename_to_leave(path: Path, held: HeldFile) -> Path:
    """Give a held file the name under which it goes.

    Raises:
        FileInUseError: it is not to go; what stands at ``path`` is what stood there.
        OSError: it may not be renamed.
    """
    if held.is_altered():
        raise FileInUseError(path)
    put_back_leftover(path)
    leaving_path = _make_leaving_path(path)
    path.rename(leaving_path)
    if held.is_touched() or not os.path.samestat(leaving_path.stat(), held.status):
        put_back(leaving_path, path)
        raise FileInUseError(path)
    return leaving_path


def put_back_leftover(path: Path) -> bool:
    """Put a file back that was about to go when the program was killed.

    Args:
        path: where it was; where that has been taken since, it gets a number.

    Returns:
        Whether there was one.
    """
    leaving_path = _make_leaving_path(path)
    if not os.path.lexists(leaving_path):
        return False
    put_back(leaving_path, path)
    return True


def put_back(path: Path, former_path: Path) -> None:
    """Give a file its former name again, with a number where that has been taken since.

    It stays the same file, never a copy, as somebody may have it open.
    """
    for number in count(1):
        target = append_number(former_path, number)
        try:
            rename_by_link(path, target)
            return
        except FileExistsError:
            continue
        except OSError as error:
            if error.errno not in COPY_FALLBACK_ERRNOS:
                raise
        if not os.path.lexists(target):  # no hard links here
            path.rename(target)
            return


def _make_leaving_path(path: Path) -> Path:
    return path.with_name(shorten(f"{_LEAVING_PREFIX}{path.name}"))
