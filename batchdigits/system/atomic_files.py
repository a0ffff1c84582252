"""Files written whole and moved without ever overwriting another."""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from batchdigits.system.filenames import shorten
from batchdigits.system.hashing import hash_file

MAX_SUFFIX_BYTES = 16
#: How names of copies begin until they are whole; a number follows.
PARTIAL_COPY_PREFIX = ".batchdigits-copy-"
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


@contextmanager
def open_atomic_file(
    path: Path, before_rename: Callable[[Path], None] = lambda temporary: None
) -> Iterator[IO[str]]:
    r"""Write a text file that appears whole or not at all (temporary file, fsync, rename).

    Text is UTF-8 and newlines are written as given; start with ``"\ufeff"`` for a BOM. ``ready``
    is told of the temporary file when all is written, before it takes its place.
    """
    with (
        stage_atomic_file(path, before_rename) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as file,
    ):
        yield file


@contextmanager
def stage_atomic_file(
    path: Path, before_rename: Callable[[Path], None] = lambda temporary: None
) -> Iterator[Path]:
    """The same for a file that somebody else writes, to the path that the context gives."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not tempfile's, which is for the owner alone and cannot be opened up on FAT or SMB.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        before_rename(temporary)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write a picture; its folder is made when it is missing, and no half file is left."""
    try:
        try:
            _write(path, data)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            _write(path, data)
    except OSError:
        with suppress(OSError):
            os.unlink(path)
        raise


def _write(path: str | Path, data: bytes) -> None:
    # File objects of Python take three times as long over a small file.
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, 0o666)
    try:
        while data:
            data = data[os.write(descriptor, data) :]
    finally:
        os.close(descriptor)


def move_to_free_path(source: Path, target: Path) -> tuple[Path, bool]:
    """Move a file to ``target`` or, where that is taken, to ``target-2``, ``-3`` and so on.

    See :func:`move_file`. Returns where the file lies now, and whether the source is gone.
    """
    number = 1
    while True:
        path = append_number(target, number)
        try:
            return path, move_file(source, path)
        except FileExistsError:
            number += 1


def move_file(source: Path, target: Path) -> bool:
    """Move a file; whether the source is gone: where it may not be removed, it is copied.

    Works across file systems; nothing is ever overwritten, and the source goes only after the
    copy is whole on disk.

    Raises:
        FileExistsError: there is something at ``path``.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        _rename_by_link(source, target)
        return True
    except OSError as error:
        if error.errno not in _COPY_FALLBACK_ERRNOS:
            raise
    copy_file(source, target)
    try:
        source.unlink()
    except OSError:
        return False
    return True


def append_number(target: Path, number: int) -> Path:
    """``target`` itself for 1, else with ``-2``, ``-3`` and so on before its ending."""
    # What follows a dot is an ending only where it is short; a name may be one long "ending".
    ending = target.suffix if len(os.fsencode(target.suffix)) <= MAX_SUFFIX_BYTES else ""
    stem = target.name.removesuffix(ending)
    return target.with_name(shorten(stem, ending if number == 1 else f"-{number}{ending}"))


def _rename_by_link(source: Path, target: Path) -> None:
    """A rename that fails where ``path`` exists: a hard link first, as POSIX rename overwrites."""
    if source.is_symlink():
        raise OSError(errno.EXDEV, "a link is copied, not moved")
    os.link(source, target)
    try:
        source.unlink()
    except OSError:
        target.unlink()
        raise


def copy_file(source: Path, target: Path) -> None:
    """Copy a file; a half copy never stands under the final name.

    Raises:
        FileExistsError: there is something at ``path``.
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
        _publish_temporary(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _publish_temporary(temporary: Path, target: Path) -> None:
    """A rename that fails where ``path`` exists."""
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
    """Whether a file has a content of so many bytes with that hash; ``False`` if it cannot be read.

    Asked before a file is taken away: only what was judged may be.
    """
    try:
        if path.stat().st_size != size:
            return False
        return hash_file(path) == sha256
    except OSError:
        return False
