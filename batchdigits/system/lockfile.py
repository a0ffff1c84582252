"""One batchdigits at a time for one outbox."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from batchdigits.errors import OutboxError

#: The lock file's name in the outbox's folder of state.
LOCK_FILE = "lock"
#: Seconds in which a process that was just killed has surely let go.
_ACQUIRE_TIMEOUT = 1.0


@contextmanager
def hold_lock(path: Path, outbox: Path) -> Iterator[None]:
    """Hold the lock file at ``path`` for as long as the context lasts.

    A POSIX record lock (fcntl(2)): it ends with this process however that ends, is not
    inherited by forked workers, and holds on network file systems too.

    Args:
        path: the lock file, which is made where it is missing.
        outbox: what it stands for, named in the error.

    Raises:
        OutboxError: another process holds it.
    """
    import fcntl

    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        deadline = time.monotonic() + _ACQUIRE_TIMEOUT
        while True:
            try:
                fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except (BlockingIOError, PermissionError):
                if time.monotonic() > deadline:
                    raise OutboxError(_describe_holder(descriptor, outbox)) from None
                time.sleep(0.05)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
        yield
    finally:
        os.close(descriptor)


def _describe_holder(descriptor: int, outbox: Path) -> str:
    holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
    who = f" (process {holder})" if holder else ""
    return (
        f"The outbox {outbox} is in use by another batchdigits{who}: stop it first, or choose "
        "another outbox."
    )


def is_locked(path: Path) -> bool:
    """Tell whether a process holds the lock file at ``path``."""
    import fcntl

    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False
