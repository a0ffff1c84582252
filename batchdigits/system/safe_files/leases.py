"""Read leases: whether anybody has a file open for writing.

Linux grants a read lease only on a file that nobody has open for writing, and makes whoever wants
to open it for writing wait until the lease is given back (fcntl(2), ``F_SETLEASE``).
"""

import fcntl
import os
import signal
from enum import Enum
from functools import lru_cache
from pathlib import Path

from batchdigits.system.filesystems import find_shared_file_system
from batchdigits.system.safe_files.safe_open import safe_open


class Writers(Enum):
    """Whether anybody has a file open for writing."""

    NONE = "none"
    SOME = "some"
    #: No leases: another system than Linux, a shared file system, or another user's file.
    UNKNOWN = "unknown"


def find_writers(path: str | Path, root: str = "") -> Writers:
    """Find out whether any process has a file open for writing.

    Args:
        path: the file.
        root: the folder that it must lie in, see
            :func:`~batchdigits.system.safe_files.safe_open.safe_open`; or empty.
    """
    try:
        descriptor, _ = safe_open(os.fspath(path), root)
    except OSError:
        return Writers.UNKNOWN
    try:
        return take_lease(descriptor, path)
    finally:
        os.close(descriptor)  # gives the lease back


def take_lease(descriptor: int, path: str | Path) -> Writers:
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
