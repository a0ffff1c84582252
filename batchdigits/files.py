"""Files written whole and moved without ever overwriting another."""

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from batchdigits.names import shorten


@contextmanager
def whole_file(path: Path) -> Iterator[IO[str]]:
    r"""Write a text file that appears whole or not at all (temporary file, fsync, rename).

    Text is UTF-8 and newlines are written as given; start with ``"\ufeff"`` for a BOM.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def write_bytes(path: Path, data: bytes) -> None:
    """Write a small file of pictures; the folder is made when it is missing."""
    try:
        path.write_bytes(data)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def move_new(source: Path, target: Path) -> Path:
    """Move a file to ``target`` or, where that is taken, to ``target-2``, ``-3`` and so on.

    Works across file systems; nothing is ever overwritten, and the source goes only after the
    copy is whole on disk. Returns where the file lies now.
    """
    try:
        return _claim(target, lambda path: _rename_new(source, path))
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK):
            raise
    placed = copy_new(source, target)
    source.unlink()
    return placed


def copy_new(source: Path, target: Path) -> Path:
    """Copy a file to ``target`` (or ``target-2`` ...), whole, never overwriting."""
    return _claim(target, lambda path: _copy(source, path))


def write_new(target: Path, text: str) -> Path:
    """Write text to ``target`` (or ``target-2`` ...), never overwriting."""

    def write(path: Path) -> None:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)

    return _claim(target, write)


def _claim(target: Path, place: Callable[[Path], None]) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        ending = target.suffix if number == 1 else f"-{number}{target.suffix}"
        path = target.with_name(shorten(target.name.removesuffix(target.suffix), ending))
        try:
            place(path)
            return path
        except FileExistsError:
            number += 1


def _rename_new(source: Path, path: Path) -> None:
    """A rename that fails where ``path`` exists: a hard link first, as POSIX rename overwrites."""
    if source.is_symlink():
        raise OSError(errno.EXDEV, "a link is copied, not moved")
    os.link(source, path)
    source.unlink()


def _copy(source: Path, path: Path) -> None:
    with path.open("xb") as new:
        try:
            with source.open("rb") as old:
                shutil.copyfileobj(old, new, 1 << 20)
            new.flush()
            os.fsync(new.fileno())
        except BaseException:
            path.unlink()
            raise
    shutil.copystat(source, path)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
