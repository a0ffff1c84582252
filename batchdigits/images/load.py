"""Bytes to pages: read once, judged by content, refused with a reason where they are no good.

    data, stamp = read_bytes(source)                # ImageError where that fails
    for number, page in pages(data, source.name, Limits()):
        ...                                         # a Page, or a Rejected that says why not

Size is judged by the header before anything is decoded, and the end by the file's structure,
because decoders return half a picture for half a file.
"""

import errno
import os
import stat
from collections.abc import Iterator
from functools import partial

from batchdigits.config import Limits
from batchdigits.errors import ImageError
from batchdigits.images.decode import DAMAGED, catch_decode_errors, decode, read_image_size
from batchdigits.images.formats import (
    HEAD_BYTES,
    JPEG,
    TIFF,
    ImageFormat,
    format_from_name,
    identify_format,
    is_complete,
)
from batchdigits.images.limits import check_size
from batchdigits.images.reduced import choose_scale, decode_reduced
from batchdigits.images.tiff import load_tiff_pages
from batchdigits.reasons import Reason, Rejection
from batchdigits.records import FileStat, Page, Source
from batchdigits.system.birth_time import read_birth_time_ns

__all__ = ["Limits", "load_pages", "read_bytes"]

# Without O_NONBLOCK a fifo would hold the opening until someone writes to it.
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
#: Bytes read at a time of a file that is longer than the system said, or that comes in parts.
#: Bytes asked for at once; a sparse file may pretend to any size.
_MAX_READ_BYTES = 1 << 30
_CHUNK_BYTES = 1 << 24

_REASON_BY_ERRNO = {
    errno.EACCES: Reason.PERMISSION,
    errno.EPERM: Reason.PERMISSION,
    errno.ENOENT: Reason.VANISHED,
    errno.ENOTDIR: Reason.VANISHED,
    errno.ESTALE: Reason.VANISHED,
    errno.EBUSY: Reason.BUSY,
    errno.ETXTBSY: Reason.BUSY,
    errno.EAGAIN: Reason.BUSY,
    errno.ENOSPC: Reason.DISK_FULL,
    errno.EDQUOT: Reason.DISK_FULL,
}


def read_bytes(source: Source) -> tuple[bytes, FileStat]:
    """Read all bytes of a source's file, and what the file system said of it at that moment.

    Raises:
        ImageError: ``PERMISSION``, ``VANISHED``, ``BUSY``, ``DISK_FULL`` or ``IO_ERROR`` as the
            system says; ``IO_ERROR`` for anything but a regular file, which is not waited for.
    """
    if source.content is not None:
        return source.content, FileStat(len(source.content))
    try:
        return _read_regular_file(source.path)
    except OSError as error:
        reason = _REASON_BY_ERRNO.get(error.errno or 0, Reason.IO_ERROR)
        raise ImageError(reason, f"{error.strerror or 'Reading failed'}.") from error
    except MemoryError as error:
        raise ImageError(Reason.IO_ERROR, "The file does not fit into memory.") from error


def _read_regular_file(path: str) -> tuple[bytes, FileStat]:
    # File objects of Python take three times as long over a small file.
    descriptor = os.open(path, _OPEN_FLAGS)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise ImageError(Reason.IO_ERROR, "This is no regular file.")
        # With a byte more asked for than there should be, one answer shows that this is all.
        data = os.read(descriptor, min(found.st_size, _MAX_READ_BYTES) + 1)
        if len(data) != found.st_size:
            data = b"".join([data, *iter(lambda: os.read(descriptor, _CHUNK_BYTES), b"")])
        born = read_birth_time_ns(descriptor)
        return data, FileStat(found.st_size, found.st_mtime_ns, found.st_ino, born)
    finally:
        os.close(descriptor)


def load_pages(
    data: bytes, name: str, limits: Limits, min_side: int = 0
) -> Iterator[tuple[int, Page | Rejection]]:
    """Yield ``(number, page or why not)`` for each page of a file, from 1; never raises.

    Args:
        data: the whole file.
        name: its name; only the ending matters, and only to tell camera raw files from TIFF.
        limits: pixels and pages beyond which nothing is decoded.
        enough: pixels of the longer side that will do; where that is quicker, a larger page
            comes as a :class:`ReducedPage` of at least that side. 0 asks for all pixels.
    """
    if not data:
        yield 1, Rejection(Reason.EMPTY, "The file holds no bytes.")
        return
    kind = identify_format(data[:HEAD_BYTES], name)
    if kind is None:
        yield 1, _reject_non_image(data, name)
    elif not kind.is_supported:
        yield 1, Rejection(Reason.UNSUPPORTED, kind.advice)
    elif kind is TIFF:
        yield from load_tiff_pages(data, limits)
    else:
        yield 1, catch_decode_errors(partial(_load_single_page, kind, data, limits, min_side))


def _load_single_page(
    image_format: ImageFormat, data: bytes, limits: Limits, min_side: int
) -> Page | Rejection:
    size = read_image_size(image_format, data)
    if size and (refused := check_size(*size, limits)):
        return refused
    if not is_complete(image_format, data):
        return Rejection(
            Reason.TRUNCATED, f"The {image_format.label} data ends before the image does."
        )
    if not size:
        return Rejection(Reason.CORRUPT, f"The {image_format.label} header makes no sense.")
    if min_side and image_format is JPEG and (scale := choose_scale(*size, min_side)) > 1:
        return decode_reduced(data, size, scale)
    gray = decode(image_format, data)
    return DAMAGED if gray is None else Page(1, gray)


def _reject_non_image(data: bytes, name: str) -> Rejection:
    promised = format_from_name(name)
    if promised is None:
        return Rejection(Reason.NOT_AN_IMAGE, "The content is no image of a known kind.")
    if not promised.is_supported:
        return Rejection(Reason.UNSUPPORTED, promised.advice)
    found = "text" if _is_text(data[:HEAD_BYTES]) else "something else"
    return Rejection(
        Reason.NOT_AN_IMAGE, f"The name promises {promised.label}, but the content is {found}."
    )


def _is_text(head: bytes) -> bool:
    """Whether the beginning reads as text: no control characters but white space."""
    return not any(byte < 32 and byte not in b"\t\n\r\f" for byte in head)
