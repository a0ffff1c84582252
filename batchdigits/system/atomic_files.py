"""Files that appear whole or not at all: written under a temporary name, then renamed."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from batchdigits.system.filenames import shorten

#: What a process that was killed while it wrote may leave beside the file.
TEMPORARY_FILE_PATTERN = ".*.[0-9]*.tmp"
#: Fewer than any disk takes.
_MAX_TEMPORARY_NAME_BYTES = 64

# A link is not written through, and a fifo not waited for.
_WRITE_FLAGS = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_TRUNC
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)
#: What opening says of a link (EMLINK on FreeBSD) or of a fifo: the new file takes its place.
_OBSTACLE_ERRNOS = {errno.ELOOP, errno.EMLINK, errno.ENXIO}


def _make_temporary_path(path: Path) -> Path:
    # Not tempfile's, which is for the owner alone and cannot be opened up on FAT or SMB.
    # A name may be as long as the disk takes, and gets no longer by this.
    return path.with_name(
        shorten(f".{path.name}", f".{os.getpid()}.tmp", _MAX_TEMPORARY_NAME_BYTES)
    )


@contextmanager
def open_atomic_file(
    path: Path, before_rename: Callable[[Path], None] = lambda temporary: None
) -> Iterator[IO[str]]:
    r"""Open a text file that appears when the context ends, whole and safe on the disk.

    Text is UTF-8 and newlines are written as given; start with ``"\ufeff"`` for a BOM. Where the
    context is left by an exception, whatever was there before stays.

    Args:
        path: where the file appears; its folder is made where it is missing.
        before_rename: called with the temporary file when all is written.
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
    """Give a path to write to; what lies there when the context ends takes its place at ``path``.

    For libraries that open files themselves; :func:`open_atomic_file` gives an open text file.

    Args:
        path: where the file appears; its folder is made where it is missing.
        before_rename: called with the temporary file when all is written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _make_temporary_path(path)
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        before_rename(temporary)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_bytes_atomically(
    path: Path, data: bytes, make_folder: bool = True, mode: int = 0o666
) -> None:
    """Write a file that appears whole, without waiting for the disk as :func:`stage_atomic_file`.

    After a power cut it may be missing or empty: for what is easily made again.

    Args:
        path: where the file appears.
        data: its whole content.
        make_folder: whether its folder is made where it is missing.
        mode: who may read it at most; the umask takes more away.

    Raises:
        OSError: it cannot be written; whatever was there before stays.
    """
    temporary = _make_temporary_path(path)
    write = write_bytes if make_folder else _write
    try:
        write(temporary, data, mode)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def write_bytes(path: str | Path, data: bytes, mode: int = 0o666) -> None:
    """Write a file; its folder is made where it is missing, and no half file is left.

    A kill may leave half a file: see :func:`write_bytes_atomically` for what must not be so.

    Args:
        path: the file.
        data: its whole content.
        mode: who may read it at most; the umask takes more away.

    Raises:
        OSError: it cannot be written.
    """
    try:
        try:
            _write(path, data, mode)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            _write(path, data, mode)
    except OSError:
        with suppress(OSError):
            os.unlink(path)
        raise


def _write(path: str | Path, data: bytes, mode: int) -> None:
    if mode & 0o044 != 0o044:
        # A file that is there would stay as open as it is, and whoever has it open reads on.
        with suppress(FileNotFoundError):
            os.unlink(path)
    # File objects of Python take three times as long over a small file.
    try:
        descriptor = os.open(path, _WRITE_FLAGS, mode)
    except OSError as error:
        if error.errno not in _OBSTACLE_ERRNOS:
            raise
        os.unlink(path)
        descriptor = os.open(path, _WRITE_FLAGS, mode)
    try:
        while data:
            data = data[os.write(descriptor, data) :]
    finally:
        os.close(descriptor)


def remove_temporary_files(folder: Path, *former_patterns: str) -> None:
    """Remove what processes that were killed left half written in a folder, if it is there.

    Args:
        folder: the folder; those inside it are not looked at.
        former_patterns: names of temporary files that earlier versions left there, as
            :meth:`pathlib.Path.glob` takes them.
    """
    for pattern in (TEMPORARY_FILE_PATTERN, *former_patterns):
        for path in folder.glob(pattern):
            with suppress(OSError):
                path.unlink()
