"""One batchdigits at a time for one outbox."""

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from batchdigits.errors import OutboxError

#: The lock file's name in the outbox's folder of state.
LOCK_FILE = "lock"
#: Seconds in which a process that was just killed has surely let go.
_ACQUIRE_TIMEOUT = 1.0
_RETRY_DELAY = 0.05
#: What a file system says that cannot lock folders, such as NFS.
_NO_FOLDER_LOCK_ERRNOS = {errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}
#: Open folders whose locks a forked worker must not prolong.
_folder_descriptors: set[int] = set()


@contextmanager
def hold_lock(path: Path, outbox: Path) -> Iterator[None]:
    """Hold the lock file at ``path``, and the folder it lies in, for as long as the context lasts.

    The file has a POSIX record lock (fcntl(2)): it ends with this process however that ends, is
    not inherited by forked workers, and holds on network file systems too. Whoever deletes the
    file lets nobody in: its folder is locked as well (flock(2)), where the file system can do so.

    Args:
        path: the lock file, which is made where it is missing.
        outbox: what it stands for, named in the error.

    Raises:
        OutboxError: another process holds it.
        OSError: it cannot be opened.
    """
    deadline = time.monotonic() + _ACQUIRE_TIMEOUT
    folder_descriptor = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    _folder_descriptors.add(folder_descriptor)
    try:
        while not _lock_folder(folder_descriptor, fcntl.LOCK_EX):
            _wait_for_holder(deadline, path, outbox)
        while (descriptor := _lock_file(path)) is None:
            _wait_for_holder(deadline, path, outbox)
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
            yield
        finally:
            os.close(descriptor)
    finally:
        _folder_descriptors.discard(folder_descriptor)
        os.close(folder_descriptor)


def _lock_folder(descriptor: int, kind: int) -> bool:
    """Lock an open folder, where that can be done; ``False`` where another process holds it."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_FOLDER_LOCK_ERRNOS:
            raise
    return True


def _lock_file(path: Path) -> int | None:
    """Open the lock file and lock it; ``None`` where another process holds it, or replaced it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Deleted between the two, it would keep nobody out.
        if os.path.samestat(os.fstat(descriptor), os.stat(path)):
            return descriptor
    except (BlockingIOError, PermissionError, FileNotFoundError):
        pass
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _wait_for_holder(deadline: float, path: Path, outbox: Path) -> None:
    if time.monotonic() > deadline:
        raise OutboxError(_describe_holder(path, outbox))
    time.sleep(_RETRY_DELAY)


def _describe_holder(path: Path, outbox: Path) -> str:
    holder = ""
    with suppress(OSError), path.open("rb") as file:
        holder = file.read(20).decode("ascii", "replace").strip()
    who = f" (process {holder})" if holder else ""
    return (
        f"The outbox {outbox} is in use by another batchdigits{who}: stop it first, or choose "
        "another outbox."
    )


def is_locked(path: Path) -> bool:
    """Tell whether a process holds the lock file at ``path``, or held it when it was deleted.

    Raises:
        OSError: that cannot be found out.
    """
    return _is_folder_locked(path.parent) or _is_file_locked(path)


def _is_folder_locked(folder: Path) -> bool:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
    except OSError:
        return False
    try:
        return not _lock_folder(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _is_file_locked(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return True
    finally:
        os.close(descriptor)
    return False


def _close_inherited_folders() -> None:
    for descriptor in _folder_descriptors:
        with suppress(OSError):
            os.close(descriptor)
    _folder_descriptors.clear()


os.register_at_fork(after_in_child=_close_inherited_folders)
