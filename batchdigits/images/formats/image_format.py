"""What the program knows of one format of image files."""

import re
import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

from batchdigits.arrays import GrayImage
from batchdigits.config import Limits
from batchdigits.errors import ImageError
from batchdigits.reasons import Rejection
from batchdigits.records import Page

#: Raised by headers that end too early or make no sense; the last two come from Pillow.
_HEADER_ERRORS = (struct.error, IndexError, ValueError, SyntaxError, OSError)


class ImageFormat(NamedTuple):
    """One format: how its files are recognised, and what reads them.

    A format that is read has either all of ``size_reader``, ``completeness_check`` and ``decoder``,
    or ``completeness_check`` and ``page_loader``. One that is only recognised has ``advice``
    instead. None of the functions is called for bytes that the signature does not match.

    Attributes:
        name: short stable name, such as ``"png"``.
        label: what people call it.
        signature: matches the first bytes of such a file; a pattern as bytes is compiled when it is
            first asked.
        suffixes: usual endings of file names, lower case with their dot.
        advice: what to do with a file that is recognised but not read; empty where it is read.
        size_reader: reads width and height from the header, before any rotation. Raises
            :class:`ImageError` for all but the variants that are read rightly.
        completeness_check: tells whether the bytes reach to the end of the image.
        decoder: decodes the one page of a file, see :meth:`decode`.
        reduced_decoder: decodes a large page no larger than a longer side asks for, given the
            bytes, the size by the header and that side in pixels. ``None`` where a format cannot.
        mender: adds the end to a file that lacks it (or its number of rows) and holds all of its
            pixels, given the bytes; ``None`` where pixels are missing, or may be.
        page_loader: loads the pages of a file that may hold several; yields each page's number,
            from 1, and the page or why it cannot be read. Never raises.
    """

    name: str
    label: str
    signature: re.Pattern[bytes] | bytes
    suffixes: tuple[str, ...]
    advice: str = ""
    size_reader: Callable[[bytes], tuple[int, int]] | None = None
    completeness_check: Callable[[bytes], bool] | None = None
    decoder: Callable[[bytes], GrayImage | None] | None = None
    reduced_decoder: Callable[[bytes, tuple[int, int], int], Page | Rejection] | None = None
    mender: Callable[[bytes], bytes | None] | None = None
    page_loader: Callable[[bytes, Limits], Iterator[tuple[int, Page | Rejection]]] | None = None

    @property
    def is_supported(self) -> bool:
        """Whether files of this format are read."""
        return not self.advice

    def matches(self, head: bytes) -> bool:
        """Tell whether a file that begins with ``head`` (132 bytes or more) is of this format."""
        if isinstance(self.signature, bytes):
            return re.match(self.signature, head) is not None
        return self.signature.match(head) is not None

    def read_size(self, data: bytes) -> tuple[int, int] | None:
        """Read width and height from the header, before any rotation.

        Returns ``None`` where the header makes no sense.

        Raises:
            ImageError: the file is of a kind that no decoder here reads rightly.
        """
        if self.size_reader is None:
            return None
        try:
            return self.size_reader(data)
        except _HEADER_ERRORS:
            return None

    def is_complete(self, data: bytes) -> bool:
        """Tell whether ``data`` reaches to the end of its image, by the file's structure.

        Bytes after the end do no harm. It says nothing of damage in between, and costs far less
        than decoding. ``True`` for formats that are not read. Never raises.
        """
        if self.completeness_check is None:
            return True
        try:
            return self.completeness_check(data)
        except (struct.error, IndexError, ValueError):
            return False

    def mend(self, data: bytes) -> bytes | None:
        """Complete a file of which only the end is missing, or return ``None``. Never raises."""
        if self.mender is None:
            return None
        try:
            return self.mender(data)
        except (*_HEADER_ERRORS, ImageError):
            return None

    def decode(self, data: bytes) -> GrayImage | None:
        """Decode the one page of a file to ``(height, width) uint8``, upright.

        Returns ``None`` where it is damaged. May raise anything, as decoders do on damaged files:
        see :func:`batchdigits.images.decode.catch_decode_errors`.
        """
        return None if self.decoder is None else self.decoder(data)
