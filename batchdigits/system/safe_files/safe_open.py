"""Files opened in a folder that strangers may write to, or made: whatever they swap in meanwhile.

Nothing is opened by way of a link that leads out of the folder, and opening never waits.
"""

import ctypes
import errno
import os
import stat
import sys
from collections.abc import Callable
from functools import lru_cache
from struct import Struct
from typing import BinaryIO

# Without O_NONBLOCK a fifo would hold the opening until someone writes to it.
_FILE_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_NEW_FILE_FLAGS = (
    os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
)
_LISTED_FOLDER_FLAGS = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
# A folder in which something is done by name need not be readable.
_FOLDER_FLAGS = _LISTED_FOLDER_FLAGS | getattr(os, "O_PATH", 0)
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
#: What systems say where there is a link in the way.
_LINK_ERRNOS = (errno.ELOOP, errno.ENOTDIR, errno.EMLINK)

# From linux/openat2.h and asm-generic/unistd.h: the same number on all processors but one.
_OPENAT2, _AT_FDCWD, _RESOLVE_NO_SYMLINKS = 437, -100, 0x04
_HOW = Struct("=QQQ")

#: Opens ``name`` inside ``root`` with flags, through no link; with the mode of a new file, or 0.
_Opener = Callable[[str, str, int, int], int]


def safe_open(path: str, root: str = "") -> tuple[int, os.stat_result]:
    """Open a regular file for reading, without waiting for anything.

    Args:
        path: the file.
        root: the real path of the folder that it must lie in, as :func:`os.path.realpath` gives
            it; ``path`` then begins with it. A link inside the folder is followed only to a file
            that also lies there. Empty for a path that is to be followed wherever it leads.

    Returns:
        Its descriptor, which the caller closes, and what :func:`os.fstat` says of it.

    Raises:
        OSError: it cannot be opened; with ``EXDEV`` where it does not lie in the folder, with
            ``EINVAL`` where it is no regular file.
    """
    descriptor = _open(path, root, _FILE_FLAGS)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "This is no regular file", path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor, status


def open_file(path: str | os.PathLike[str], root: str = "") -> BinaryIO:
    """Open a regular file as :func:`safe_open` does, for libraries that want a file object."""
    return open(safe_open(os.fspath(path), root)[0], "rb")


def read_start(path: str | os.PathLike[str], max_bytes: int, root: str = "") -> bytes:
    """Read a regular file, or so many bytes of it; see :func:`safe_open`."""
    descriptor, status = safe_open(os.fspath(path), root)
    try:
        # File objects of Python take three times as long over a small file.
        data = os.read(descriptor, min(status.st_size, max_bytes))
        if len(data) == status.st_size:
            return data
        with open(descriptor, "rb", closefd=False) as file:  # some disks give less than was asked
            return data + file.read(max_bytes - len(data))
    finally:
        os.close(descriptor)


def make_file(path: str, root: str = "", mode: int = 0o666) -> int:
    """Make a file that is not there yet, and open it for writing; never through a link.

    Args:
        path: the file.
        root: see :func:`safe_open`; no link on the way from there is followed.
        mode: who may read it at most; the umask takes more away.

    Returns:
        Its descriptor, which the caller closes.

    Raises:
        FileExistsError: there is something, a link perhaps.
        OSError: it cannot be made; with ``EXDEV`` where a link stands in the way.
    """
    if not root:
        return os.open(path, _NEW_FILE_FLAGS, mode)
    return _open_inside(path, root, _NEW_FILE_FLAGS, mode)


def open_folder(path: str, root: str = "") -> int:
    """Open a folder, to do something in it by name; see :func:`open_listing`.

    It need not be readable. Links are followed where ``root`` is empty.
    """
    if not root:
        return os.open(path, _FOLDER_FLAGS)
    return _open_inside(path, root, _FOLDER_FLAGS)


def open_listing(path: str, root: str) -> int:
    """Open a folder for :func:`os.scandir`; no link is followed.

    Args:
        path: the folder, ``root`` itself or one inside it.
        root: see :func:`safe_open`.

    Returns:
        Its descriptor, which the caller closes.

    Raises:
        OSError: it cannot be opened; with ``EXDEV`` where a link stands in the way.
    """
    return _open_inside(path, root, _LISTED_FOLDER_FLAGS)


def _open_inside(path: str, root: str, flags: int, mode: int = 0) -> int:
    if path != root and _leaves(path, root):
        raise _leads_out(path)
    try:
        return _open_through_no_link(root, path[len(root) + 1 :] or ".", flags, mode)
    except OSError as error:
        # A file in the place of a folder looks like a link to some systems.
        if error.errno in _LINK_ERRNOS and resolve_links(path) != path:
            raise _leads_out(path) from error
        error.filename = path  # and not a part of it
        raise


def _open(path: str, root: str, flags: int) -> int:
    if not root:
        return os.open(path, flags)
    if _leaves(path, root):
        raise _leads_out(path)
    inside = f"{root}/"
    try:
        return _open_through_no_link(root, path.removeprefix(inside), flags, 0)
    except OSError as error:
        if error.errno not in _LINK_ERRNOS:
            raise
        target = resolve_links(path)
        if target == path:
            raise
        if not target.startswith(inside):
            raise _leads_out(path) from error
    return _open_through_no_link(root, target.removeprefix(inside), flags, 0)


def resolve_links(path: str) -> str:
    """Return a path without links, as :func:`os.path.realpath` does; empty where they change."""
    try:
        return os.path.realpath(path)
    except OSError:  # what was a link a moment ago is none now
        return ""


def _leaves(path: str, root: str) -> bool:
    """Tell whether a path is not inside a folder, by its text alone."""
    if not path.startswith(f"{root}/"):
        return True
    return ".." in path and ".." in path[len(root) :].split("/")


def _leads_out(path: str) -> OSError:
    return OSError(errno.EXDEV, "A link out of its folder stands in its place", path)


def _load_openat2() -> _Opener | None:
    """Load ``openat2(2)`` (Linux 5.6), for which the C library has no function; one call a file.

    The whole path is resolved anew each time, without links: a descriptor of the folder, held as
    long as a watcher runs, would keep its disk from being taken away.
    """
    if sys.platform != "linux" or os.uname().machine == "alpha":
        return None
    syscall = ctypes.CDLL(None, use_errno=True).syscall
    syscall.restype = ctypes.c_long
    number, here, how_bytes = (
        ctypes.c_long(_OPENAT2),
        ctypes.c_int(_AT_FDCWD),
        ctypes.c_size_t(_HOW.size),
    )

    @lru_cache
    def make_how(flags: int, mode: int) -> bytes:
        return _HOW.pack(flags, mode, _RESOLVE_NO_SYMLINKS)

    is_taken_away = False

    def open_by_openat2(root: str, name: str, flags: int, mode: int) -> int:
        nonlocal is_taken_away
        if is_taken_away:
            return _open_folder_by_folder(root, name, flags, mode)
        path = os.fsencode(f"{root}/{name}")
        if b"\0" in path:
            raise ValueError("embedded null byte")
        while True:
            descriptor = syscall(number, here, path, make_how(flags, mode), how_bytes)
            if descriptor >= 0:
                return int(descriptor)
            code = ctypes.get_errno()
            if code == errno.ENOSYS and root:  # this process has gone into a sandbox
                is_taken_away = True
                return _open_folder_by_folder(root, name, flags, mode)
            if code != errno.EINTR:
                raise OSError(code, os.strerror(code), os.fsdecode(path))

    try:
        os.close(open_by_openat2("", ".", _FOLDER_FLAGS, 0))
    except OSError:  # an older kernel, or one that lets this process use only what it knows
        return None
    return open_by_openat2


def _open_folder_by_folder(root: str, name: str, flags: int, mode: int) -> int:
    folder = os.open(root, _FOLDER_FLAGS | _NO_FOLLOW)
    try:
        *folders, last = name.split("/")
        for part in folders:
            below = os.open(part, _FOLDER_FLAGS | _NO_FOLLOW, dir_fd=folder)
            os.close(folder)
            folder = below
        return os.open(last, flags | _NO_FOLLOW, mode, dir_fd=folder)
    finally:
        os.close(folder)


_open_through_no_link: _Opener = _load_openat2() or _open_folder_by_folder
