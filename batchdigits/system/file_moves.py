"""Files moved and copied without ever overwriting another, across file systems too.

What somebody might be writing to is moved by :mod:`batchdigits.system.held_files`.
"""

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path

from batchdigits.system.access.modes import find_group, make_shared_mode
from batchdigits.system.filenames import MAX_NAME_BYTES, shorten
from batchdigits.system.hashing import hash_open_file
from batchdigits.system.safe_files.places import Place, open_place
from batchdigits.system.safe_files.safe_open import safe_open

#: How names of copies begin until they are whole; the name follows that they get then.
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
    errno.ENOSYS,
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
    """Move a file or a link as it is, or copy a file where the source may not be removed.

    Works across file systems; nothing is ever overwritten, and the source goes only after the
    copy is whole on disk.

    Returns:
        Whether the source is gone.

    Raises:
        FileExistsError: there is something at ``target``.
    """
    try:
        with open_place(source) as old, open_place(target, make_folders=True) as new:
            rename_by_link(old, new, may_be_link=True)
        return True
    except OSError as error:
        if error.errno not in COPY_FALLBACK_ERRNOS:
            raise
        if source.is_symlink():
            raise
    copy_file(source, target)
    try:
        source.unlink()
    except OSError:
        return False
    return True


def rename_by_link(source: Place, target: Place, may_be_link: bool = False) -> None:
    """Rename a file, but fail where ``target`` exists: POSIX rename would overwrite it.

    A file may have no second name where its disk has no hard links, or, as Linux protects them,
    where it is another user's.
    """
    if source.is_link() and not may_be_link:
        raise OSError(errno.EXDEV, "a link is copied, not moved")
    try:
        source.link(target)
    except OSError as error:
        if error.errno in COPY_FALLBACK_ERRNOS and source.rename_to_free(target):
            return
        raise
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
    descriptor, _ = safe_open(str(source))
    try:
        with open_place(target, make_folders=True) as place:
            copy_open_file(descriptor, place)
    finally:
        os.close(descriptor)


def copy_open_file(descriptor: int, target: Place) -> None:
    """Copy an open file as :func:`copy_file` does, whatever its name means by now.

    The copy and its name are safe on the disk when this returns, so that the file may go.

    Raises:
        FileExistsError: there is something at ``target``.
    """
    if target.find_status():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target.path))
    temporary = _make_partial_copy_place(target)
    with suppress(FileNotFoundError):
        temporary.unlink()  # what a kill left behind, or somebody put in the way
    times = os.fstat(descriptor)
    copy = temporary.open(os.O_WRONLY | os.O_CREAT | os.O_EXCL, _choose_copy_mode(target, times))
    try:
        with open(copy, "wb") as new, open(descriptor, "rb", closefd=False) as old:
            old.seek(0)
            shutil.copyfileobj(old, new, 1 << 20)
            new.flush()
            with suppress(OSError):
                os.utime(copy, ns=(times.st_atime_ns, times.st_mtime_ns))
            os.fsync(copy)
        _publish_copy(temporary, target)
    except BaseException:
        with suppress(FileNotFoundError):
            temporary.unlink()
        raise
    try:
        target.sync_folder()
    except BaseException:
        target.unlink()
        raise


def remove_partial_copy(path: Path, root: str = "") -> None:
    """Remove what a kill left of a copy, beside the file that was to be, if that can be done.

    Args:
        path: the file, be it there or not.
        root: the folder that it must lie in, see
            :func:`~batchdigits.system.safe_files.safe_open.safe_open`; or empty.
    """
    with suppress(OSError), open_place(path, root) as place:
        _make_partial_copy_place(place).unlink()


def _make_partial_copy_place(target: Place) -> Place:
    path = target.path
    return target.with_path(path.with_name(shorten(f"{PARTIAL_COPY_PREFIX}{path.name}")))


def _choose_copy_mode(target: Place, source_status: os.stat_result) -> int:
    """Choose the mode of a copy: for those alone who may read its source."""
    shared_mode = make_shared_mode(
        source_status.st_mode, source_status.st_gid, find_group(target.path.parent)
    )
    return shared_mode & (source_status.st_mode | 0o600)


def _publish_copy(temporary: Place, target: Place) -> None:
    """Give a copy its final name, but fail where ``target`` exists."""
    try:
        temporary.link(target)
    except OSError as error:
        if error.errno not in COPY_FALLBACK_ERRNOS:
            raise
        # A disk without hard links (FAT, some shares): nobody else names files here.
        temporary.rename(target)
        return
    temporary.unlink()


def has_content(path: Path, size: int, sha256: str, root: str = "") -> bool:
    """Tell whether a file has so many bytes with that hash; ``False`` where it cannot be read.

    Asked before a file is taken away: only a file that is still what was read may go. ``root`` is
    the folder that it must lie in, see
    :func:`~batchdigits.system.safe_files.safe_open.safe_open`.
    """
    try:
        descriptor, status = safe_open(str(path), root)
    except OSError:
        return False
    try:
        return status.st_size == size and hash_open_file(descriptor) == sha256
    except OSError:
        return False
    finally:
        os.close(descriptor)
