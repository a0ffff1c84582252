"""Files moved and copied without ever overwriting another, across file systems too.

What somebody might be writing to is moved by :mod:`batchdigits.system.held_files`.
"""

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import IO

from batchdigits.system.access.modes import find_group, make_shared_mode
from batchdigits.system.filenames import MAX_NAME_BYTES, shorten
from batchdigits.system.hashing import hash_file

#: How names of copies begin until they are whole; a number follows.
PARTIAL_COPY_PREFIX = ".batchdigits-copy-"
_MAX_SUFFIX_BYTES = 16
#: Errors of a link or an unlink after which a copy may still work.
COPY_FALLBACK_ERRNOS = {
    errno.EXDEV,
    errno.EPERM,
    errno.EACCES,
    errno.EROFS,
    errno.EOPNOTSUPP,
    errno.EMLINK,
    errno.EBUSY,
}


def move_to_free_path(source: Path, target: Path) -> tuple[Path, bool]:
    """Move a file to ``target`` or, where that is taken, to ``target-2``, ``-3`` and so on.

    Returns:
        Where the file lies now, and whether the source is gone; see :func:`move_file`.
    """
    number = 1
    while True:
        path = append_number(target, number)
        try:
            return path, move_file(source, path)
        except FileExistsError:
            number += 1


def append_number(target: Path, number: int, max_bytes: int = MAX_NAME_BYTES) -> Path:
    """Put ``-2``, ``-3`` and so on before the ending of a path; for 1 it stays as it is.

    Its last part has ``max_bytes`` bytes at the most, and is cut where it has more.
    """
    # What follows a dot is an ending only where it is short; a name may be one long "ending".
    ending = target.suffix if len(os.fsencode(target.suffix)) <= _MAX_SUFFIX_BYTES else ""
    stem = target.name.removesuffix(ending)
    numbered_ending = ending if number == 1 else f"-{number}{ending}"
    return target.with_name(shorten(stem, numbered_ending, max_bytes))


def move_file(source: Path, target: Path) -> bool:
    """Move a file, or copy it where the source may not be removed.

    Works across file systems; nothing is ever overwritten, and the source goes only after the
    copy is whole on disk.

    Returns:
        Whether the source is gone.

    Raises:
        FileExistsError: there is something at ``target``.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        rename_by_link(source, target)
        return True
    except OSError as error:
        if error.errno not in COPY_FALLBACK_ERRNOS:
            raise
    copy_file(source, target)
    try:
        source.unlink()
    except OSError:
        return False
    return True


def rename_by_link(source: Path, target: Path) -> None:
    """Rename a file, but fail where ``target`` exists: POSIX rename would overwrite it."""
    if source.is_symlink():
        raise OSError(errno.EXDEV, "a link is copied, not moved")
    os.link(source, target)
    try:
        source.unlink()
    except OSError:
        target.unlink()
        raise


def copy_file(source: Path, target: Path) -> None:
    """Copy a file with its times; a half copy never stands under the final name.

    Whoever may not read the source may not read the copy either, at no moment.

    Raises:
        FileExistsError: there is something at ``target``.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    temporary = target.with_name(f"{PARTIAL_COPY_PREFIX}{os.getpid()}")
    temporary.unlink(missing_ok=True)  # of a process of that number that was killed
    try:
        with source.open("rb") as old, _create_copy(temporary, os.fstat(old.fileno())) as new:
            shutil.copyfileobj(old, new, 1 << 20)
            new.flush()
            os.fsync(new.fileno())
        times = source.stat()
        with suppress(OSError):
            os.utime(temporary, ns=(times.st_atime_ns, times.st_mtime_ns))
        _publish_copy(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _create_copy(path: Path, source_status: os.stat_result) -> IO[bytes]:
    """Make the file of a copy, for those alone who may read its source."""
    shared_mode = make_shared_mode(
        source_status.st_mode, source_status.st_gid, find_group(path.parent)
    )
    mode = shared_mode & (source_status.st_mode | 0o600)
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode), "wb")


def _publish_copy(temporary: Path, target: Path) -> None:
    """Give a copy its final name, but fail where ``target`` exists."""
    try:
        os.link(temporary, target)
    except OSError as error:
        if error.errno not in COPY_FALLBACK_ERRNOS:
            raise
        # A disk without hard links (FAT, some shares): nobody else names files here.
        os.rename(temporary, target)
        return
    temporary.unlink()


def has_content(path: Path, size: int, sha256: str) -> bool:
    """Tell whether a file has so many bytes with that hash; ``False`` where it cannot be read.

    Asked before a file is taken away: only a file that is still what was read may go.
    """
    try:
        if path.stat().st_size != size:
            return False
        return hash_file(path) == sha256
    except OSError:
        return False
