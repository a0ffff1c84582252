"""Files that appear whole or not at all: written under a temporary name, then renamed."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from batchdigits.system.filenames import shorten
from batchdigits.system.safe_files.places import open_place, remove_file
from batchdigits.system.safe_files.safe_open import make_file

#: What a process that was killed while it wrote may leave beside the file.
TEMPORARY_FILE_PATTERN = ".*.[0-9]*.tmp"
#: Fewer than any disk takes.
_MAX_TEMPORARY_NAME_BYTES = 64


def _make_temporary_path(path: Path) -> Path:
    # Not tempfile's, which is for the owner alone and cannot be opened up on FAT or SMB.
    # A name may be as long as the disk takes, and gets no longer by this.
    return path.with_name(
        shorten(f".{path.name}", f".{os.getpid()}.tmp", _MAX_TEMPORARY_NAME_BYTES)
    )


@contextmanager
def open_atomic_file(
    path: Path,
    before_rename: Callable[[Path], None] = lambda temporary: None,
    root: str = "",
) -> Iterator[IO[str]]:
    r"""Open a text file that appears when the context ends, whole and safe on the disk.

    Text is UTF-8 and newlines are written as given; start with ``"\ufeff"`` for a BOM. Where the
    context is left by an exception, whatever was there before stays.

    Args:
        path: where the file appears; its folder is made where it is missing.
        before_rename: called with the temporary file when all is written.
        root: the folder that it must lie in, through no link, see
            :func:`~batchdigits.system.safe_files.safe_open.safe_open`; or empty.
    """
    with (
        stage_atomic_file(path, before_rename, root) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as file,
    ):
        yield file


@contextmanager
def stage_atomic_file(
    path: Path,
    before_rename: Callable[[Path], None] = lambda temporary: None,
    root: str = "",
) -> Iterator[Path]:
    """Give a path to write to; what lies there when the context ends takes its place at ``path``.

    For libraries that open files themselves: they find an empty file, which no link or fifo has
    taken the place of. :func:`open_atomic_file` gives an open text file; its arguments are these.
    """
    with open_place(path, root, make_folders=True) as place:
        temporary = place.with_path(_make_temporary_path(path))
        try:
            os.close(temporary.replace())
            yield temporary.path
            with temporary.path.open("rb") as file:
                os.fsync(file.fileno())
            before_rename(temporary.path)
            temporary.rename(place)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise


def write_bytes_atomically(
    path: Path, data: bytes, make_folder: bool = True, mode: int = 0o666, root: str = ""
) -> None:
    """Write a file that appears whole, without waiting for the disk as :func:`stage_atomic_file`.

    After a power cut it may be missing or empty: for what is easily made again.

    Args:
        path: where the file appears.
        data: its whole content.
        make_folder: whether its folder is made where it is missing.
        mode: who may read it at most; the umask takes more away.
        root: see :func:`open_atomic_file`.

    Raises:
        OSError: it cannot be written; whatever was there before stays.
    """
    with open_place(path, root, make_folder) as place:
        temporary = place.with_path(_make_temporary_path(path))
        try:
            _write(temporary.replace(mode), data)
            temporary.rename(place)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise


def write_bytes(path: str | Path, data: bytes, mode: int = 0o666, root: str = "") -> None:
    """Write a file; its folder is made where it is missing, and no half file is left.

    It is a new file always: who has the former one open, or by another name, keeps that as it is.
    A kill may leave half a file: see :func:`write_bytes_atomically` for what must not be so.

    Args:
        path: the file.
        data: its whole content.
        mode: who may read it at most; the umask takes more away.
        root: see :func:`open_atomic_file`.

    Raises:
        OSError: it cannot be written.
    """
    try:
        descriptor = make_file(os.fspath(path), root, mode)
    except (FileExistsError, FileNotFoundError):
        with open_place(Path(path), root, make_folders=True) as place:
            descriptor = place.replace(mode)
    try:
        _write(descriptor, data)
    except OSError:
        with suppress(OSError):
            remove_file(Path(path), root)
        raise


def _write(descriptor: int, data: bytes) -> None:
    """Write all bytes to an open file, and close it; file objects of Python take longer."""
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
