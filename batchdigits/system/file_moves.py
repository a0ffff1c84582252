"""Files moved and copied without ever overwriting another, across file systems too.

Who takes a scan away holds it meanwhile (see :mod:`batchdigits.system.leases`). Where somebody
turns out to write to it nevertheless, it is put back, so that the rest arrives in the inbox.
"""

import errno
import os
import shutil
from contextlib import suppress
from itertools import count
from pathlib import Path

from batchdigits.system.filenames import MAX_NAME_BYTES, shorten
from batchdigits.system.hashing import hash_file
from batchdigits.system.leases import FileInUseError, HeldFile

#: How names of copies begin until they are whole; a number follows.
PARTIAL_COPY_PREFIX = ".batchdigits-copy-"
#: How names begin that held files have while they are removed.
_LEAVING_PREFIX = ".batchdigits-leaving-"
_MAX_SUFFIX_BYTES = 16
#: Errors of a link or an unlink after which a copy may still work.
_COPY_FALLBACK_ERRNOS = {
    errno.EXDEV,
    errno.EPERM,
    errno.EACCES,
    errno.EROFS,
    errno.EOPNOTSUPP,
    errno.EMLINK,
    errno.EBUSY,
}


def move_to_free_path(
    source: Path, target: Path, held: HeldFile | None = None
) -> tuple[Path, bool]:
    """Move a file to ``target`` or, where that is taken, to ``target-2``, ``-3`` and so on.

    Returns:
        Where the file lies now, and whether the source is gone; see :func:`move_file`.
    """
    number = 1
    while True:
        path = append_number(target, number)
        try:
            return path, move_file(source, path, held)
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


def move_file(source: Path, target: Path, held: HeldFile | None = None) -> bool:
    """Move a file, or copy it where the source may not be removed.

    Works across file systems; nothing is ever overwritten, and the source goes only after the
    copy is whole on disk.

    Args:
        source: the file.
        target: where it goes.
        held: the file, where it may go only if nobody writes to it.

    Returns:
        Whether the source is gone.

    Raises:
        FileExistsError: there is something at ``target``.
        FileInUseError: somebody writes to the file that is held: it stays.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        _rename_by_link(source, target)
    except OSError as error:
        if error.errno not in _COPY_FALLBACK_ERRNOS:
            raise
    else:
        if held and held.is_touched():
            put_back(target, source)
            raise FileInUseError(source)
        return True
    copy_file(source, target)
    try:
        return remove_file(source, held)
    except FileInUseError:
        target.unlink()
        raise


def remove_file(path: Path, held: HeldFile | None = None) -> bool:
    """Remove a file from its folder.

    One that is held gets another name first. Whoever found it under its own name waits for the
    lease by then, or has written to it, and is noticed before anything is lost.

    Returns:
        Whether it is gone; ``False`` where it may not be removed.

    Raises:
        FileInUseError: somebody writes to the file that is held, or it is no longer the one that
            stands there: that stays.
    """
    try:
        if held is None:
            path.unlink()
            return True
        if held.is_touched() or not os.path.samestat(path.stat(), held.status):
            raise FileInUseError(path)
        leaving_path = make_leaving_path(path)
        path.rename(leaving_path)
    except FileInUseError:
        raise
    except OSError:
        return False
    if held.is_touched():
        put_back(leaving_path, path)
        raise FileInUseError(path)
    leaving_path.unlink()
    return True


def put_back(path: Path, former_path: Path) -> None:
    """Give a file its former name again, with a number where that has been taken since.

    It stays the same file, never a copy, as somebody may have it open.
    """
    for number in count(1):
        target = append_number(former_path, number)
        try:
            _rename_by_link(path, target)
            return
        except FileExistsError:
            continue
        except OSError as error:
            if error.errno not in _COPY_FALLBACK_ERRNOS:
                raise
        if not os.path.lexists(target):  # no hard links here
            path.rename(target)
            return


def make_leaving_path(path: Path) -> Path:
    """Make the path that a held file has for the moment in which it is removed."""
    return path.with_name(shorten(f"{_LEAVING_PREFIX}{path.name}"))


def _rename_by_link(source: Path, target: Path) -> None:
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

    Raises:
        FileExistsError: there is something at ``target``.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    temporary = target.with_name(f"{PARTIAL_COPY_PREFIX}{os.getpid()}")
    try:
        with temporary.open("wb") as new, source.open("rb") as old:
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


def _publish_copy(temporary: Path, target: Path) -> None:
    """Give a copy its final name, but fail where ``target`` exists."""
    try:
        os.link(temporary, target)
    except OSError as error:
        if error.errno not in _COPY_FALLBACK_ERRNOS:
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
