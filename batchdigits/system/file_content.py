"""What files hold: all their bytes at once, what kind of file they are, and their text."""

import codecs
import errno
import io
import os
import re
from pathlib import Path
from typing import IO

from batchdigits.errors import ImageError
from batchdigits.reasons import Reason
from batchdigits.system.birth_time import read_birth_time_ns
from batchdigits.system.safe_files.safe_open import open_file, safe_open

#: Most bytes asked for at first; a sparse file may pretend to any size.
_MAX_READ_BYTES = 1 << 30
#: Bytes read at a time of a file that is longer than the system said, or that comes in parts.
_PART_BYTES = 1 << 24

_REASON_BY_ERRNO = {
    errno.EACCES: Reason.PERMISSION,
    errno.EPERM: Reason.PERMISSION,
    errno.ENOENT: Reason.VANISHED,
    errno.ENOTDIR: Reason.VANISHED,
    errno.EXDEV: Reason.VANISHED,
    errno.ESTALE: Reason.VANISHED,
    errno.EBUSY: Reason.BUSY,
    errno.ETXTBSY: Reason.BUSY,
    errno.EAGAIN: Reason.BUSY,
    errno.ENOSPC: Reason.DISK_FULL,
    errno.EDQUOT: Reason.DISK_FULL,
}

#: How many bytes at the beginning of a file tell what it is.
SIGNATURE_BYTES = 512
#: What files that people take for other ones begin with.
_SIGNATURES = {
    "a PNG image": rb"\x89PNG\r\n",
    "a JPEG image": rb"\xff\xd8\xff",
    "a GIF image": rb"GIF8[79]a",
    "a TIFF image": rb"II[*+]\0|MM\0[*+]",
    "a BMP image": rb"BM.{4}\0\0\0\0",
    "a WebP image": rb"RIFF.{4}WEBP",
    "a PDF": rb"%PDF-",
    "a Parquet file": rb"PAR1",
    "an SQLite database": rb"SQLite format 3\0",
    "an HDF5 file": rb"\x89HDF\r\n",
    "a NumPy array": rb"\x93NUMPY",
    "a ZIP archive": rb"PK(\x03\x04|\x05\x06)",
    "a gzip archive": rb"\x1f\x8b\x08",
    "an HTML page": rb"(\xef\xbb\xbf)?\s*(<!--.*?-->\s*)?<(!doctype\s+html|html|head|body)\b",
    "XML": rb"(\xef\xbb\xbf)?\s*<\?xml\b",
    "JSON": rb'(\xef\xbb\xbf)?\s*(\{\s*("|\})|\[\s*(\{|\[|\]|-?\d))',
}
#: With which encoding is which, the longest mark before its own beginning.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def describe_content(start: bytes) -> str:
    """Say what a file looks like that is something else than was expected.

    Args:
        start: its first :data:`SIGNATURE_BYTES` bytes, or all where it has fewer.

    Returns:
        Such as ``"a PNG image"``; empty where nothing is known of it.
    """
    for kind, pattern in _SIGNATURES.items():
        if re.match(pattern, start, re.DOTALL | re.IGNORECASE):
            return kind
    return ""


def detect_encoding(path: Path) -> str:
    """Find out whether text is UTF-8, UTF-16 or UTF-32; anything else is taken for Windows-1252."""
    with open_file(path) as file:
        start = file.read(4)
        for mark, encoding in _BYTE_ORDER_MARKS:
            if start.startswith(mark):
                return encoding
        if start[1:2] == b"\0":
            return "utf-16-le"
        if start[:1] == b"\0":
            return "utf-16-be"
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            decoder.decode(start)
            for data in iter(lambda: file.read(1 << 20), b""):
                decoder.decode(data)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


def open_text(path: Path, encoding: str) -> IO[str]:
    """Open text with its newlines as they are; bytes that are none of the encoding are marked."""
    return io.TextIOWrapper(open_file(path), encoding, errors="replace", newline="")


def to_sqlite_integer(number: int) -> int:
    """Return a number as SQLite can hold it, with 64 bits and a sign: what goes beyond becomes 0.

    Clocks of file systems reach further than the year 2262, and some give all inodes a high bit.
    """
    return number if -(2**63) <= number < 2**63 else 0


def read_file(path: str, root: str = "") -> tuple[bytes, os.stat_result, int]:
    """Read all bytes of a regular file.

    Args:
        path: the file.
        root: the folder that it must lie in, see
            :func:`~batchdigits.system.safe_files.safe_open.safe_open`.

    Returns:
        The bytes; what :func:`os.fstat` said once the file was open; and when it was made, in
        nanoseconds since 1970, 0 where the system does not say.

    Raises:
        ImageError: ``PERMISSION``, ``VANISHED``, ``BUSY``, ``DISK_FULL`` or ``IO_ERROR`` as the
            system says; ``IO_ERROR`` for anything but a regular file, which is not waited for,
            and for what does not fit into memory.
    """
    try:
        # File objects of Python take three times as long over a small file.
        descriptor, status = safe_open(path, root)
        try:
            # With a byte more asked for than there should be, one answer shows that this is all.
            data = os.read(descriptor, min(status.st_size, _MAX_READ_BYTES) + 1)
            if len(data) != status.st_size:
                data = b"".join([data, *iter(lambda: os.read(descriptor, _PART_BYTES), b"")])
            return data, status, read_birth_time_ns(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        reason = _REASON_BY_ERRNO.get(error.errno or 0, Reason.IO_ERROR)
        raise ImageError(reason, f"{error.strerror or 'Reading failed'}.") from error
    except MemoryError as error:
        raise ImageError(Reason.IO_ERROR, "The file does not fit into memory.") from error
